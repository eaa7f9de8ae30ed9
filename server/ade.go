package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/padwarden/padwarden/server/app"
	"github.com/padwarden/padwarden/server/mdm/ade"
	"github.com/padwarden/padwarden/server/mdm/machineinfo"
)

// adeFlags name what automated device enrolment needs.
type adeFlags struct {
	Token   string `help:"Server token of Apple School Manager or Apple Business Manager, as downloaded (.p7m) or decrypted (JSON)." name:"ade-token" type:"existingfile" env:"PADWARDEN_ADE_TOKEN"`
	Key     string `help:"PEM file of the key that the .p7m token was made for, from 'padwarden ade key'." name:"ade-key" type:"existingfile" env:"PADWARDEN_ADE_KEY"`
	Devices string `help:"PEM file with authorities of devices that are believed beside Apple's own." name:"ade-devices" type:"existingfile" env:"PADWARDEN_ADE_DEVICES"`
	Host    string `help:"Apple's device assignment service." name:"ade-host" default:"https://mdmenrollment.apple.com" env:"PADWARDEN_ADE_HOST"`
}

// read returns what the flags name; zero without a token.
func (f adeFlags) read() (c app.ADE, err error) {
	if f.Token == "" {
		return c, nil
	}
	var key []byte
	if f.Key != "" {
		if key, err = os.ReadFile(f.Key); err != nil {
			return c, fmt.Errorf("reading the key of the server token: %w", err)
		}
	}
	file, err := readBounded(f.Token, ade.MaxToken)
	if err != nil {
		return c, fmt.Errorf("reading the server token: %w", err)
	}
	if c.Token, err = ade.ReadToken(file, key); err != nil {
		return c, err
	}
	c.Apple = f.Host
	if f.Devices != "" {
		text, err := os.ReadFile(f.Devices)
		if err != nil {
			return c, fmt.Errorf("reading the authorities of devices: %w", err)
		}
		if c.Devices, err = machineinfo.Parse(text); err != nil {
			return c, err
		}
	}
	return c, nil
}

func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	return b, errors.Join(err, f.Close())
}

// adeCmd is automated device enrolment by hand: what a server does by itself
// once it has a token.
type adeCmd struct {
	Key  adeKey  `cmd:"" help:"Make the key that Apple encrypts the server token to."`
	Sync adeSync `cmd:"" help:"Look at Apple once: list, define, assign, and print the organisation's devices."`
}

type adeKey struct {
	Out string `help:"File of the private key; the certificate to upload is beside it, with .pem." default:"ade-key" type:"path"`
}

// Run never replaces a key: a token that was made for it would be lost.
func (k *adeKey) Run() error {
	key, certificate, err := ade.NewKey()
	if err != nil {
		return err
	}
	if err := writeNew(k.Out, key, 0o600); err != nil {
		return fmt.Errorf("writing the key: %w", err)
	}
	if err := writeNew(k.Out+".pem", certificate, 0o644); err != nil {
		return fmt.Errorf("writing the certificate: %w", err)
	}
	fmt.Printf("Upload %s.pem to Apple School Manager or Apple Business Manager as the public key of this server, download its server token, and serve with --ade-token TOKEN.p7m --ade-key %s\n", k.Out, k.Out)
	return nil
}

func writeNew(path string, b []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

type adeSync struct {
	stores
	adeFlags
	BaseURL      string `help:"Address that iPads reach the server by, https://…." name:"base-url" required:"" env:"PADWARDEN_BASE_URL"`
	Organisation string `help:"The hospital's name, as Setup Assistant shows it." default:"Hospital" env:"PADWARDEN_ORGANISATION"`
}

// Run may run beside servers on PostgreSQL; on SQLite, stop the server first.
func (s *adeSync) Run(ctx context.Context, logger *slog.Logger) error {
	c := app.Config{Data: s.Data, Database: s.Database, BaseURL: s.BaseURL, Organisation: s.Organisation, Logger: logger}
	var err error
	if c.ADE, err = s.read(); err != nil {
		return err
	}
	report, list, err := app.SyncADE(ctx, c)
	if err != nil {
		return err
	}
	for _, d := range list {
		ward, why := d.Ward, ""
		if ward == "" {
			ward = "(not in the inventory: cannot enrol)"
		}
		if f := report.Failed[d.Serial]; f != "" {
			why = "  no profile: " + f
		}
		fmt.Printf("%-16s %-8s %-36s %s%s\n", d.Serial, d.Status, ward, d.Model, why)
	}
	fmt.Printf("%d listed, %d assigned now, %d not in the inventory, %d without a profile\n",
		report.Listed, len(report.Assigned), len(report.Strangers), len(report.Failed))
	return nil
}
