package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/padwarden/padwarden/server/demo"
)

type ipadCmd struct {
	Link   string `arg:"" help:"Enrolment link from the iPad's page at the console."`
	Serial string `help:"Serial number, as the inventory has it." required:""`
	Shared bool   `help:"It is Apple's Shared iPad."`
}

// Run plays one iPad for whoever tries a server out without one.
func (i *ipadCmd) Run(ctx context.Context, logger *slog.Logger) error {
	quiet := slog.New(slog.DiscardHandler)
	if logger.Enabled(ctx, slog.LevelDebug) {
		quiet = logger
	}
	return demo.IPad(ctx, demo.IPadOptions{Serial: i.Serial, Link: i.Link, Shared: i.Shared, Out: os.Stdout, Logger: quiet})
}
