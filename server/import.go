package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/padwarden/padwarden/server/app"
)

type importCmd struct {
	stores
	File string `arg:"" help:"JSON file; see docs/operations.md." type:"existingfile"`
}

func (i *importCmd) Run(ctx context.Context, logger *slog.Logger) error {
	f, err := os.Open(i.File)
	if err != nil {
		return err
	}
	defer f.Close()
	var hospital app.Hospital
	d := json.NewDecoder(f)
	d.DisallowUnknownFields()
	if err := d.Decode(&hospital); err != nil {
		return fmt.Errorf("reading %s: %w", i.File, err)
	}
	report, err := app.Import(ctx, app.Config{Data: i.Data, Database: i.Database, Logger: logger}, hospital)
	for _, line := range report {
		fmt.Println(line)
	}
	if err != nil {
		return errors.Join(errors.New("not everything was imported; what the lines above name was"), err)
	}
	return nil
}
