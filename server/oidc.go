package main

import (
	"errors"
	"os"

	"github.com/padwarden/padwarden/server/app"
)

// oidcFlags name the hospital's OpenID Connect provider. Its secret comes by
// PADWARDEN_OIDC_CLIENT_SECRET alone: a command line is shown to everybody on
// the host.
type oidcFlags struct {
	Issuer         string   `help:"The hospital's OpenID Connect provider, https://…, exactly as it calls itself: people sign in with their hospital account. Its secret for us, if it gave one, is in PADWARDEN_OIDC_CLIENT_SECRET." name:"oidc-issuer" env:"PADWARDEN_OIDC_ISSUER"`
	ClientID       string   `help:"What the provider calls this server." name:"oidc-client-id" env:"PADWARDEN_OIDC_CLIENT_ID"`
	GroupsClaim    string   `help:"The claim that names somebody's groups." name:"oidc-groups-claim" default:"groups" env:"PADWARDEN_OIDC_GROUPS_CLAIM"`
	Roles          []string `help:"What a group's members may do at the console, as group=administrator, group=auditor or group=manager:ward,ward. May be given again; in one text, semicolons part them." name:"oidc-role" sep:";" env:"PADWARDEN_OIDC_ROLE"`
	ClinicianClaim string   `help:"The claim that is compared with a clinician's account or id." name:"oidc-clinician-claim" default:"preferred_username" env:"PADWARDEN_OIDC_CLINICIAN_CLAIM"`
}

func (f oidcFlags) config() (app.OIDC, error) {
	switch {
	case f.Issuer == "" && (f.ClientID != "" || len(f.Roles) > 0):
		return app.OIDC{}, errors.New("--oidc-issuer is missing: whose are the client id and the roles?")
	case f.Issuer == "":
		return app.OIDC{}, nil
	case f.ClientID == "":
		return app.OIDC{}, errors.New("--oidc-client-id is missing: what the provider calls this server")
	}
	return app.OIDC{Issuer: f.Issuer, ClientID: f.ClientID, Secret: os.Getenv("PADWARDEN_OIDC_CLIENT_SECRET"),
		GroupsClaim: f.GroupsClaim, AccountClaim: f.ClinicianClaim, Roles: f.Roles}, nil
}
