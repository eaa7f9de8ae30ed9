package app

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"time"

	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/provision"
)

// Import adds a hospital to the ledger and reports a line for each thing
// added; a reader's credential is shown there and nowhere else. What exists
// already is left alone and reported, and is an error where it differs from
// what was to be added. With SQLite the server must be stopped.
func Import(ctx context.Context, c Config, h provision.Hospital) (report []string, err error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	l, master, err := openLedger(ctx, c)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	who, err := identity.New(identity.Config{Ledger: l, Live: noStore{}, Key: derive(master, "identity"), Now: time.Now, Rand: rand.Reader})
	if err != nil {
		return nil, err
	}
	return provision.Add(ctx, l, who, h)
}

// noStore: an import signs nobody in.
type noStore struct{ identity.Store }
