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

// Import brings a file's rows into the ledger and reports on each; a dry run
// writes nothing. With SQLite the server must be stopped.
func Import(ctx context.Context, c Config, f provision.File, dry bool) (report provision.Report, err error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	l, master, err := openLedger(ctx, c)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	who, err := identity.New(identity.Config{Ledger: l, Live: noStore{}, Key: derive(master, "identity"), Now: time.Now, Rand: rand.Reader})
	if err != nil {
		return report, err
	}
	i := provision.Importer{Ledger: l, Identity: who, Now: time.Now}
	if dry {
		return i.DryRun(ctx, f)
	}
	return i.Import(ctx, f, provision.Asked{By: "import at the command line"})
}

// noStore: an import signs nobody in.
type noStore struct{ identity.Store }
