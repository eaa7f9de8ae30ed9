package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/padwarden/padwarden/server/app"
	"github.com/padwarden/padwarden/server/provision"
)

type importCmd struct {
	stores
	File string `arg:"" help:"JSON file; see docs/operations.md." type:"existingfile"`
}

func (i *importCmd) Run(ctx context.Context, logger *slog.Logger) error {
	text, err := os.ReadFile(i.File)
	if err != nil {
		return err
	}
	hospital, err := read(text)
	if err != nil {
		return fmt.Errorf("reading %s: %w", i.File, err)
	}
	report, err := app.Import(ctx, app.Config{Data: i.Data, Database: i.Database, Logger: logger}, hospital)
	for _, line := range report {
		fmt.Println(line)
	}
	if err != nil {
		return fmt.Errorf("not everything could be imported:\n%w", err)
	}
	return nil
}

// read decodes one hospital and nothing else, and names the line of a mistake.
func read(text []byte) (h provision.Hospital, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&h); err != nil {
		line := 1 + bytes.Count(text[:min(int(d.InputOffset()), len(text))], []byte("\n"))
		return h, fmt.Errorf("line %d or just after: %w", line, err)
	}
	if d.More() {
		return h, errors.New("there is more after the hospital's closing brace")
	}
	if len(h.Wards) == 0 && len(h.Clinicians) == 0 {
		return h, errors.New("it names no wards and no clinicians; docs/operations.md has an example")
	}
	return h, nil
}
