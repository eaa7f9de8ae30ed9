package app

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/padwarden/padwarden/server/console"
	"github.com/padwarden/padwarden/server/provision"
	"github.com/padwarden/padwarden/server/rules"
)

// administration is what the console's pages of administration read and change.
func (a *App) administration() *console.Administration {
	return &console.Administration{
		Kept: a.Ledger, System: a.system,
		Estate: &provision.Estate{Things: a.Ledger, Steward: a.Steward, Now: time.Now},
	}
}

// importsInBackground does one import at a time; it ends before the stores close.
func (a *App) importsInBackground(i *provision.Importer) *provision.Jobs {
	a.imports = &provision.Jobs{Base: a.streams, Importer: i, Kept: a.Ledger, Now: time.Now, NewID: uuid.NewString, Log: a.config.Logger}
	return a.imports
}

// tellRules brings changed policies to iPads in use until ctx ends.
func (a *App) tellRules(ctx context.Context) {
	(&rules.Teller{Ledger: a.Ledger, Steward: a.Steward, Log: a.config.Logger}).Run(ctx)
}
