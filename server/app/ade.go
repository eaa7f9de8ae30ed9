package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/micromdm/nanodep/client"

	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/mdm"
	"github.com/padwarden/padwarden/server/mdm/ade"
	"github.com/padwarden/padwarden/server/mdm/machineinfo"
)

// ADE is what automated device enrolment needs: without a token there is none.
type ADE struct {
	Token *client.OAuth1Tokens
	// Apple is the address of Apple's service; empty: Apple's own.
	Apple string
	// Devices are believed beside Apple's own device authority.
	Devices machineinfo.Issuers
}

// devices are the authorities whose devices may ask for a profile at Setup
// Assistant: none where nothing sends them here.
func (a ADE) devices() machineinfo.Issuers {
	if a.Token == nil {
		return nil
	}
	return append(machineinfo.Apple(), a.Devices...)
}

// service speaks to Apple for a ledger; url is this server's address.
func (a ADE) service(c Config, l *ledger.Ledger, url string, count func(string)) (*ade.Service, error) {
	return ade.New(ade.Options{
		Store: l, Token: a.Token, Apple: a.Apple, BaseURL: url, Path: mdm.AutomatedPath, Organisation: c.Organisation,
		Logger: c.Logger, Count: count,
	})
}

// buildADE sets up what keeps Apple's side in step, if there is a token.
func (a *App) buildADE() (err error) {
	if a.config.ADE.Token == nil {
		return nil
	}
	a.ade, err = a.config.ADE.service(a.config, a.Ledger, a.hosts.MDM, func(reason string) { a.meters.refusal("ade", reason) })
	return err
}

// SyncADE looks at Apple once, and returns what came of it and the list of the
// organisation's devices. On SQLite no server may run beside it; on PostgreSQL
// they may.
func SyncADE(ctx context.Context, c Config) (_ ade.Report, list []ledger.Assigned, err error) {
	switch {
	case c.ADE.Token == nil:
		return ade.Report{}, nil, errors.New("automated enrolment needs a server token (--ade-token)")
	case c.BaseURL == "":
		return ade.Report{}, nil, errors.New("devices are sent to this server's address: give it with --base-url")
	}
	l, _, err := openLedger(ctx, c)
	if err != nil {
		return ade.Report{}, nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	s, err := c.ADE.service(c, l, strings.TrimSuffix(c.BaseURL, "/"), nil)
	if err != nil {
		return ade.Report{}, nil, err
	}
	report, err := s.Once(ctx)
	if err != nil {
		return report, nil, fmt.Errorf("looking at Apple: %w", err)
	}
	list, err = l.AssignedDevices(ctx, "", 100_000)
	return report, list, err
}
