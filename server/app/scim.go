package app

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/scim"
)

// buildSCIM lets a directory keep people in step with it, by tokens of its own.
func (a *App) buildSCIM() (*scim.Server, error) {
	return scim.New(scim.Options{
		Ledger: a.Ledger, Authenticate: a.provisions, Count: a.Live.Count, Ended: a.office().Ended,
		URL: a.URL, Now: time.Now, NewID: uuid.NewString, Base: a.streams, Log: a.config.Logger,
	})
}

// provisions returns what the program is called whose token may provision people.
func (a *App) provisions(ctx context.Context, token string) (string, error) {
	who, err := a.Identity.StaffByToken(ctx, token)
	if err != nil {
		return "", err
	}
	return who.Name, identity.Allow(who, identity.SCIM, "")
}
