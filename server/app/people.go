package app

import (
	"time"

	"github.com/padwarden/padwarden/server/provision"
	"github.com/padwarden/padwarden/server/revoke"
)

// revoker ends the sessions of who may no longer sign in.
func (a *App) revoker() *revoke.Revoker {
	return &revoke.Revoker{Ledger: a.Ledger, Steward: a.Steward, Now: time.Now, Log: a.config.Logger, Count: a.meters.event}
}

// office changes people, one at a time.
func (a *App) office() *provision.Office {
	return &provision.Office{People: a.Ledger, Cards: a.Identity, Revoker: a.Revoker, Now: time.Now, Log: a.config.Logger}
}
