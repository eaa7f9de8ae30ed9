package app

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/padwarden/padwarden/server/identity"
)

type noLedger struct{ identity.Ledger }

// MintToken makes a one-time sign-in for a member of staff, or with api above 0
// a bearer token for the API that lasts so long. It works beside running
// servers: tokens live in their Redis.
func MintToken(ctx context.Context, c Config, who identity.Staff, api time.Duration) (token string, err error) {
	if c.Redis == "" {
		return "", errors.New("a sign-in is kept in Redis: name the servers' with --redis")
	}
	l, err := openLive(ctx, c)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	// A token is random and kept by its digest, so neither people nor keys matter here.
	i, err := identity.New(identity.Config{Ledger: noLedger{}, Live: l, Key: make([]byte, 32), Now: time.Now, Rand: rand.Reader, Log: c.Logger})
	if err != nil {
		return "", err
	}
	if api > 0 {
		return i.MintAPIToken(ctx, who.Name, who.Role, api, who.Wards...)
	}
	return i.MintStaffToken(ctx, who.Name, who.Role, who.Wards...)
}
