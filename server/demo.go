package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/padwarden/padwarden/server/demo"
)

type demoCmd struct {
	Once    bool   `help:"Play the flows once on a fast clock, print the timeline and the verdict on P1-P5, and fail if one is broken."`
	Listen  string `help:"Address to listen on; the demo is for this machine only." env:"PADWARDEN_LISTEN"`
	Data    string `help:"Folder for the demo's database; without it a temporary one." type:"path"`
	NanoMDM string `help:"Program of a stock NanoMDM server: it is started, and the iPads connect to it." name:"nanomdm" type:"existingfile"`
	Speed   int    `help:"Durations are divided by it." name:"demo-speed" env:"PADWARDEN_DEMO_SPEED"`
}

// Speeds: a person can follow the one, and the other plays a day in a minute.
const (
	watchSpeed = 6
	onceSpeed  = 40
)

func (d *demoCmd) Run(ctx context.Context, logger *slog.Logger) error {
	if d.Speed == 0 {
		d.Speed = watchSpeed
		if d.Once {
			d.Speed = onceSpeed
		}
	}
	if d.Speed < 1 || d.Speed > 200 {
		return fmt.Errorf("demo speed %d is outside 1 to 200", d.Speed)
	}
	if d.Data == "" {
		dir, err := os.MkdirTemp("", "padwarden-demo-")
		if err != nil {
			return fmt.Errorf("making a folder for the demo: %w", err)
		}
		defer os.RemoveAll(dir)
		d.Data = dir
	}
	if d.Listen == "" {
		d.Listen = "127.0.0.1:0"
		if !d.Once {
			d.Listen = "127.0.0.1:8080"
		}
	}
	// Timed-out pushes and refused certificates are the demo's daily bread.
	quiet := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	if logger.Enabled(ctx, slog.LevelDebug) {
		quiet = logger
	}
	if d.Once {
		return d.once(ctx, quiet)
	}
	return d.watch(ctx, quiet)
}

func (d *demoCmd) options(logger *slog.Logger) demo.Options {
	return demo.Options{Listen: d.Listen, Data: d.Data, Speed: d.Speed, Out: os.Stdout, Logger: logger, NanoMDM: d.NanoMDM}
}

func (d *demoCmd) once(ctx context.Context, logger *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	h, err := demo.Open(ctx, d.options(logger))
	if err != nil {
		return err
	}
	defer h.Close()
	return demo.Once(ctx, h)
}

// watch runs until ctx ends, and then judges with the server still there.
func (d *demoCmd) watch(ctx context.Context, logger *slog.Logger) error {
	whole := context.WithoutCancel(ctx)
	h, err := demo.Open(whole, d.options(logger))
	if err != nil {
		return err
	}
	defer h.Close()
	link, err := h.SignIn(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("St. Elsewhere Hospital, %d simulated iPads in 5 wards, durations divided by %d.\n", len(h.Fleet.Devices()), d.Speed)
	fmt.Printf("The console: sign in once at %s\n", link)
	fmt.Println("Setting up the iPads … (Ctrl-C ends the demo)")
	if err := h.Ready(ctx); err != nil {
		return err
	}
	fmt.Println("All iPads are proven clean. People come and go.")
	h.Play(ctx)
	verdict, err := h.Judge(whole)
	if err != nil {
		return err
	}
	fmt.Printf("\n%s", verdict)
	if verdict.Broken() {
		return demo.ErrBroken
	}
	return nil
}
