package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
)

type noLedger struct{ identity.Ledger }

// MintToken makes a one-time sign-in for a member of staff, or with api above 0
// a bearer token for the API that lasts so long. A sign-in is kept in Redis
// until it is spent, so this works beside running servers. A token is kept in
// the database, which servers on PostgreSQL share, and one on SQLite does not.
func MintToken(ctx context.Context, c Config, who identity.Staff, api time.Duration) (token string, err error) {
	if api > 0 {
		return mintAPIToken(ctx, c, who, api)
	}
	if c.Redis == "" {
		return "", errors.New("a sign-in is kept in Redis: name the servers' with --redis")
	}
	l, err := openLive(ctx, c)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	// A link is random and kept by its digest, so neither people nor keys matter here.
	i, err := identity.New(identity.Config{Ledger: noLedger{}, Live: l, Key: make([]byte, 32), Now: time.Now, Rand: rand.Reader, Log: c.Logger})
	if err != nil {
		return "", err
	}
	return i.MintStaffToken(ctx, who.Name, who.Role, who.Wards...)
}

func mintAPIToken(ctx context.Context, c Config, who identity.Staff, lasts time.Duration) (token string, err error) {
	l, _, err := openLedger(ctx, c)
	if errors.Is(err, custody.ErrConflict) {
		return "", fmt.Errorf("%w: a server has the database to itself; make the token at its console, under API tokens, or stop it", err)
	}
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	i, err := identity.New(identity.Config{Ledger: l, Staff: l, Live: noStore{}, Key: make([]byte, 32), Now: time.Now, Rand: rand.Reader, Log: c.Logger})
	if err != nil {
		return "", err
	}
	return i.MintAPIToken(ctx, who.Name, who.Role, lasts, who.Wards...)
}
