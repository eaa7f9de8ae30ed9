package main

import (
	"context"
	"crypto/tls"
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
	Listen       string `help:"Address to listen on." default:"127.0.0.1:8080" env:"PADWARDEN_LISTEN"`
	BaseURL      string `help:"Address that iPads and people reach the server by, https://…; without it http:// and --listen." name:"base-url" env:"PADWARDEN_BASE_URL"`
	Redis        string `help:"Redis address, redis://…; without it one inside this process, for trials." env:"PADWARDEN_REDIS"`
	Organisation string `help:"The hospital's name, as iPads show it." default:"Hospital" env:"PADWARDEN_ORGANISATION"`
	APNsHost     string `help:"Push service." name:"apns-host" default:"https://api.push.apple.com" env:"PADWARDEN_APNS_HOST"`
	PushCert     string `help:"PEM file with the MDM push certificate and its key." name:"push-cert" type:"existingfile" env:"PADWARDEN_PUSH_CERT"`
	WiFi         string `help:"Wi-Fi profile (.mobileconfig) that an erased iPad comes back by." name:"wifi-profile" type:"existingfile" env:"PADWARDEN_WIFI_PROFILE"`
}

func (s *serve) Run(ctx context.Context, logger *slog.Logger) error {
	c := app.Config{
		Listen: s.Listen, BaseURL: s.BaseURL, Data: s.Data, Redis: s.Redis, Database: s.Database,
		Organisation: s.Organisation, APNsHost: s.APNsHost, Logger: logger,
	}
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
	a, err := app.Open(ctx, c)
	if err != nil {
		return err
	}
	if !a.Secure() {
		logger.Warn("Served over plain http: iPads accept https only. Put TLS in front and give its address with --base-url.")
	}
	logger.Info("serving", "console", a.URL+"/console")
	go printSignIn(ctx, a)
	return a.Run(ctx)
}

// printSignIn prints a one-time sign-in, as soon as Redis can keep one. The
// address is a secret: it goes to the terminal, never to the log. It ends with ctx.
func printSignIn(ctx context.Context, a *app.App) {
	for ctx.Err() == nil {
		token, err := a.Identity.MintStaffToken(ctx, "administrator", identity.Administrator)
		if err == nil {
			fmt.Fprintf(os.Stdout, "Sign in once, within %s: %s/console/start/%s\n", short(identity.StaffTokenTTL.String()), a.URL, token)
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
