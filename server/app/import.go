package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/provision"
)

// ImportHow says how a file is brought in.
type ImportHow struct {
	DryRun   bool   // nothing is written
	BadgesOf string // the ward whose readers' setting badge numbers are read by; empty: as they are printed
}

// Import brings a file's rows into the ledger and reports on each. With SQLite
// the server must be stopped.
func Import(ctx context.Context, c Config, f provision.File, how ImportHow) (report provision.Report, err error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	l, master, err := openLedger(ctx, c)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if how.BadgesOf != "" {
		ward, err := l.Ward(ctx, how.BadgesOf)
		if err != nil {
			return report, fmt.Errorf("reading how badges are written: %w", err)
		}
		f.Badges = ward.Badges
	}
	who, err := identity.New(identity.Config{Ledger: l, Live: noStore{}, Key: derive(master, "identity"), Now: time.Now, Rand: rand.Reader})
	if err != nil {
		return report, err
	}
	i := provision.Importer{Ledger: l, Identity: who, Now: time.Now}
	if how.DryRun {
		return i.DryRun(ctx, f)
	}
	return i.Import(ctx, f, provision.Asked{By: "import at the command line"})
}

// noStore: an import signs nobody in.
type noStore struct{ identity.Store }
