package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/padwarden/padwarden/server/app"
	"github.com/padwarden/padwarden/server/identity"
)

// stores are the flags that name a server's stores.
type stores struct {
	Data     string `help:"Folder for the key and, without --database, the SQLite file." default:"data" env:"PADWARDEN_DATA" type:"path"`
	Database string `help:"PostgreSQL address, postgres://…; without it SQLite in --data." env:"PADWARDEN_DATABASE"`
}

type serve struct {
	stores
	adeFlags
	oidcFlags
	passkeyFlags
	hostFlags
	Listen       string `help:"Address to listen on." default:"127.0.0.1:8080" env:"PADWARDEN_LISTEN"`
	BaseURL      string `help:"Address that iPads and people reach the server by, https://…; without it http:// and --listen." name:"base-url" env:"PADWARDEN_BASE_URL"`
	Redis        string `help:"Redis address, redis://…; without it one inside this process, for trials." env:"PADWARDEN_REDIS"`
	Organisation string `help:"The hospital's name, as iPads show it." default:"Hospital" env:"PADWARDEN_ORGANISATION"`
	APNsHost     string `help:"Push service." name:"apns-host" default:"https://api.push.apple.com" env:"PADWARDEN_APNS_HOST"`
	PushCert     string `help:"PEM file with the MDM push certificate and its key." name:"push-cert" type:"existingfile" env:"PADWARDEN_PUSH_CERT"`
	MDM          string `help:"Where iPads connect: embedded (here), or nanomdm=https://host, a NanoMDM server that is there already. Its keys are in PADWARDEN_NANOMDM_API_KEY and PADWARDEN_NANOMDM_WEBHOOK_KEY." default:"embedded" env:"PADWARDEN_MDM"`
	PushTopic    string `help:"Topic of the NanoMDM server's push certificate, where that server wakes the iPads (--mdm nanomdm=… without --push-cert)." name:"push-topic" env:"PADWARDEN_PUSH_TOPIC"`
	SignInLink   bool   `help:"Print a one-time sign-in for an administrator, also where one has a passkey or a hospital account." name:"sign-in-link"`
	WiFi         string `help:"Wi-Fi profile (.mobileconfig) that an erased iPad comes back by." name:"wifi-profile" type:"existingfile" env:"PADWARDEN_WIFI_PROFILE"`
	housekeeping
	zoneFlag
}

func (s *serve) Run(ctx context.Context, logger *slog.Logger) error {
	c := app.Config{
		Listen: s.Listen, BaseURL: s.BaseURL, Hosts: s.hosts(), Data: s.Data, Redis: s.Redis, Database: s.Database,
		Organisation: s.Organisation, APNsHost: s.APNsHost, Version: version(), Logger: logger, Housekeeping: s.housekeeping.config(), Passkeys: s.passkeyFlags.config(),
	}
	other, err := nanomdm(s.MDM, os.Getenv)
	if err != nil {
		return err
	}
	c.NanoMDM, c.NanoMDM.Topic = other, s.PushTopic
	if s.PushCert != "" {
		cert, err := tls.LoadX509KeyPair(s.PushCert, s.PushCert)
		if err != nil {
			return fmt.Errorf("reading the push certificate: %w", err)
		}
		c.PushCertificate = &cert
	}
	if s.WiFi != "" {
		var err error
		if c.WiFi, err = os.ReadFile(s.WiFi); err != nil {
			return fmt.Errorf("reading the Wi-Fi profile: %w", err)
		}
	}
	if c.Zone, err = s.zone(); err != nil {
		return err
	}
	if c.ADE, err = s.read(); err != nil {
		return err
	}
	if c.OIDC, err = s.oidcFlags.config(); err != nil {
		return err
	}
	a, err := app.Open(ctx, c)
	if err != nil {
		return err
	}
	if !a.Secure() {
		logger.Warn("Served over plain http: iPads accept https only. Put TLS in front and give its address with --base-url.")
	}
	logger.Info("serving", "console", a.ConsoleURL()+"/console")
	if !s.SignInLink {
		if s.SignInLink, err = a.NeedsLink(ctx); err != nil {
			return errors.Join(err, a.Close())
		}
	}
	if s.SignInLink {
		go printSignIn(ctx, a)
	} else {
		fmt.Fprintf(os.Stdout, "Sign in at %s/console/start (--sign-in-link prints a one-time link)\n", a.SignInURL())
	}
	return a.Run(ctx)
}

// nanomdm reads --mdm. The keys come by environment: a command line is shown to
// everybody on the host.
func nanomdm(flag string, env func(string) string) (app.NanoMDM, error) {
	address, ok := strings.CutPrefix(flag, "nanomdm=")
	switch {
	case flag == "" || flag == "embedded":
		return app.NanoMDM{}, nil
	case !ok || address == "":
		return app.NanoMDM{}, fmt.Errorf("--mdm %q: want embedded, or nanomdm=https://host", flag)
	}
	n := app.NanoMDM{URL: address, APIKey: env("PADWARDEN_NANOMDM_API_KEY"), WebhookKey: env("PADWARDEN_NANOMDM_WEBHOOK_KEY")}
	if n.APIKey == "" || n.WebhookKey == "" {
		return app.NanoMDM{}, errors.New("--mdm nanomdm: PADWARDEN_NANOMDM_API_KEY and PADWARDEN_NANOMDM_WEBHOOK_KEY are needed: what the server has as -api and -webhook-hmac-key")
	}
	return n, nil
}

// printSignIn prints a one-time sign-in, as soon as Redis can keep one. The
// address is a secret: it goes to the terminal, never to the log. It ends with ctx.
func printSignIn(ctx context.Context, a *app.App) {
	for ctx.Err() == nil {
		token, err := a.Identity.MintStaffToken(ctx, "administrator", identity.Administrator)
		if err == nil {
			fmt.Fprintf(os.Stdout, "Sign in once, within %s: %s/console/start/%s\n", short(identity.StaffTokenTTL.String()), a.SignInURL(), token)
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Second):
		}
	}
}

// short drops the zero seconds of a duration's text.
func short(d string) string { return strings.TrimSuffix(d, "0s") }
