package app

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/console"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/identity/oidc"
)

// OIDC is the hospital's own OpenID Connect provider. No Issuer: there is none.
type OIDC struct {
	Issuer   string
	ClientID string
	Secret   string
	// GroupsClaim and AccountClaim name the claims that hold somebody's groups, and
	// what a clinician's account or id here is compared with; empty: groups,
	// preferred_username.
	GroupsClaim  string
	AccountClaim string
	Roles        []string // "group=role[:ward,ward]"
}

// buildProvider sets a.Provider and a.grants, if a provider is configured.
// It is not asked anything yet: it may be down.
func (a *App) buildProvider() (err error) {
	c := a.config.OIDC
	if c.Issuer == "" {
		return nil
	}
	for _, text := range c.Roles {
		g, err := identity.ParseGrant(text)
		if err != nil {
			return fmt.Errorf("the roles of the hospital's groups: %w", err)
		}
		a.grants = append(a.grants, g)
	}
	a.Provider, err = oidc.New(oidc.Config{
		Issuer: c.Issuer, ClientID: c.ClientID, Secret: c.Secret, GroupsClaim: c.GroupsClaim, AccountClaim: c.AccountClaim,
		Live: a.Live, Now: time.Now, Rand: rand.Reader, Log: a.config.Logger,
	})
	return err
}

// hospitalAccounts is what the console signs people in with, or nil.
func (a *App) hospitalAccounts() *console.HospitalAccounts {
	if a.Provider == nil {
		return nil
	}
	return &console.HospitalAccounts{Provider: a.Provider, Grants: a.grants, URL: a.hosts.Console}
}
