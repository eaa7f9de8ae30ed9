package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/padwarden/padwarden/server/trial/walk"
)

type trialCmd struct {
	Server    string   `help:"Address of the running server, https://…." default:"http://127.0.0.1:8080" env:"PADWARDEN_BASE_URL"`
	TokenFile string   `help:"File with an administrator's API token; see padwarden sign-in --api." name:"token-file" type:"existingfile" env:"PADWARDEN_TOKEN_FILE"`
	Device    string   `help:"Serial number of the iPad." xor:"what"`
	Steps     []string `help:"Only these steps: open, lock, resume, wipe, wifi, restart, battery." placeholder:"open,lock"`
	Again     bool     `help:"Walk steps again that were passed before."`
	Out       string   `help:"File that keeps what was done; a rerun goes on from it. Without it trial-SERIAL.json." type:"path"`
	Verify    string   `help:"Verify a signed table instead, by --key or by the key of --server." xor:"what" type:"existingfile"`
	Key       string   `help:"The server's public key, as a table names it, to verify by."`
}

func (t *trialCmd) Run(ctx context.Context) error {
	switch {
	case t.Verify != "":
		return t.verify(ctx)
	case t.Device == "":
		return errors.New("name the iPad with --device, or a table with --verify")
	}
	api, err := t.api()
	if err != nil {
		return err
	}
	if t.Out == "" {
		t.Out = "trial-" + safe(t.Device) + ".json"
	}
	return walk.Run(ctx, walk.Options{API: api, Device: t.Device, Only: t.Steps, Again: t.Again, File: t.Out, In: os.Stdin, Out: os.Stdout})
}

// safe is a serial number that can be in a file's name.
func safe(serial string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, serial)
}

func (t *trialCmd) api() (*walk.API, error) {
	if t.TokenFile == "" {
		return nil, errors.New("give an administrator's API token with --token-file: padwarden sign-in --role administrator --api 24h prints one")
	}
	token, err := os.ReadFile(t.TokenFile)
	if err != nil {
		return nil, err
	}
	return walk.NewAPI(t.Server, strings.TrimSpace(string(token)))
}

func (t *trialCmd) verify(ctx context.Context) error {
	public, err := t.publicKey(ctx)
	if err != nil {
		return err
	}
	text, err := walk.Verify(t.Verify, public)
	if err != nil {
		return err
	}
	fmt.Printf("%s\nThe signature holds.\n", text)
	return nil
}

func (t *trialCmd) publicKey(ctx context.Context) ([]byte, error) {
	if t.Key != "" {
		key, err := base64.StdEncoding.DecodeString(t.Key)
		if err != nil {
			return nil, fmt.Errorf("reading --key: %w", err)
		}
		return key, nil
	}
	api, err := t.api()
	if err != nil {
		return nil, err
	}
	return api.Key(ctx)
}
