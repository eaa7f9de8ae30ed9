// Command padwarden keeps a hospital's shared ward iPads: clinicians badge in,
// idle iPads lock, and none is handed on before the last one's data is proven
// gone.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands is the command line. Every flag is doubled as a PADWARDEN_… variable.
type commands struct {
	Version kong.VersionFlag `help:"Print the version and stop."`
	Log     string           `help:"Log level: debug, info, warn or error." enum:"debug,info,warn,error" default:"info" env:"PADWARDEN_LOG"`

	Serve     serve     `cmd:"" help:"Run a server."`
	Demo      demoCmd   `cmd:"" help:"Run a server with everything embedded and a simulated hospital around it."`
	SignIn    signIn    `cmd:"" help:"Make a one-time sign-in for the console, or a token for the API."`
	IPad      ipadCmd   `cmd:"" name:"ipad" help:"Play one simulated iPad against a server that is running, to try it without one."`
	Import    importCmd `cmd:"" help:"Add and change people and iPads from a CSV file, or a hospital from a JSON file."`
	WiFi      wifiCmd   `cmd:"" name:"wifi" help:"Write a Wi-Fi profile, and say whether an erased iPad comes back by it."`
	ADE       adeCmd    `cmd:"" name:"ade" help:"Automated device enrolment: Apple's device assignment."`
	Catalogue catalogue `cmd:"" help:"Write every command and profile that can be sent to an iPad."`
	Trial     trialCmd  `cmd:"" help:"Walk one iPad through open, lock, wipe and mishaps, and have the server sign how it went."`
}

func main() {
	var c commands
	k := kong.Parse(&c, kong.Name("padwarden"), kong.Vars{"version": version()}, kong.ShortUsageOnError(),
		kong.Description("Keeps a hospital's shared ward iPads: a wipe counts only when it is proven."))
	var level slog.Level
	k.FatalIfErrorf(level.UnmarshalText([]byte(c.Log)))
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	k.BindTo(ctx, (*context.Context)(nil))
	k.Bind(logger)
	if err := k.Run(); err != nil && !errors.Is(err, context.Canceled) {
		stop()
		fmt.Fprintln(os.Stderr, "padwarden:", err)
		os.Exit(1)
	}
}

// version is the module's, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return info.Main.Version + " " + s.Value
		}
	}
	return info.Main.Version
}
