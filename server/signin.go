package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/padwarden/padwarden/server/app"
	"github.com/padwarden/padwarden/server/identity"
)

type signIn struct {
	stores
	Redis   string        `help:"Redis address of the servers, redis://…; needed for a sign-in, not for a token." env:"PADWARDEN_REDIS"`
	BaseURL string        `help:"Address that people reach the server by." name:"base-url" default:"http://127.0.0.1:8080" env:"PADWARDEN_BASE_URL"`
	Name    string        `help:"Who it is for, as the history names them." required:""`
	Role    string        `help:"administrator, manager or auditor." enum:"administrator,manager,auditor" default:"manager"`
	Ward    []string      `help:"A manager's wards, by id."`
	API     time.Duration `help:"Print a bearer token for the API instead, good for so long. It needs the database: with SQLite the server must be stopped, or make the token at its console." placeholder:"24h"`
}

// Run prints a one-time sign-in for the console, or a token for the API. The
// first needs the Redis that the servers use, the second their database.
func (s *signIn) Run(ctx context.Context, logger *slog.Logger) error {
	c := app.Config{Redis: s.Redis, Data: s.Data, Database: s.Database, Logger: logger}
	staff := identity.Staff{Name: s.Name, Role: identity.Role(s.Role), Wards: s.Ward}
	token, err := app.MintToken(ctx, c, staff, s.API)
	if err != nil {
		return err
	}
	if s.API > 0 {
		fmt.Println(token)
		return nil
	}
	fmt.Printf("%s/console/start/%s\n", s.BaseURL, token)
	return nil
}
