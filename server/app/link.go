package app

import (
	"context"

	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
)

// NeedsLink reports whether no administrator could sign in without a one-time
// link: there are no hospital accounts, and none of them has a passkey that works.
func (a *App) NeedsLink(ctx context.Context) (bool, error) {
	if a.Provider != nil {
		return false, nil
	}
	if a.Passkeys == nil {
		return true, nil
	}
	all, err := a.Ledger.Staffs(ctx)
	if err != nil {
		return false, err
	}
	for _, s := range all {
		if !s.Active || s.Role != string(identity.Administrator) {
			continue
		}
		keys, err := a.Ledger.Passkeys(ctx, ledger.StaffOwner(s.ID))
		if err != nil {
			return false, err
		}
		for _, k := range keys {
			if k.Suspended.IsZero() {
				return false, nil
			}
		}
	}
	return true, nil
}
