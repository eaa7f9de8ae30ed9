package demo

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/padwarden/padwarden/server/sim"
)

// IPadOptions are one simulated iPad that comes to a server which is there
// already, for whoever tries a server out before they have an iPad at hand.
type IPadOptions struct {
	Serial string // as the inventory has it
	Link   string // an enrolment link of the console's
	Shared bool   // Apple's Shared iPad
	Out    io.Writer
	Logger *slog.Logger
	Every  time.Duration // between two connections: nothing is pushed; zero: 1 s
}

// IPad plays one until ctx ends. It sets up as from its box, and whoever has its
// page in a browser is the person at it. It connects by itself every second,
// because a server without a push certificate wakes nobody.
func IPad(ctx context.Context, o IPadOptions) error {
	if o.Every <= 0 {
		o.Every = time.Second
	}
	apns, err := sim.NewAPNs(sim.Wall{})
	if err != nil {
		return fmt.Errorf("starting a simulated iPad: %w", err)
	}
	defer apns.Close()
	keys := sim.NewKeyPool(1)
	defer keys.Close()
	fleet, err := sim.NewFleet(sim.Env{APNs: apns, Keys: keys, HTTP: http.DefaultTransport.(*http.Transport).Clone(),
		Timing: sim.DefaultTiming().Faster(watchSpeed), Watch: teller{o.Out}, Log: o.Logger})
	if err != nil {
		return fmt.Errorf("starting a simulated iPad: %w", err)
	}
	options := sim.Options{Serial: o.Serial, Ethernet: true, Lent: true, OSVersion: "26.0"}
	if o.Shared {
		options.Kind = sim.Shared
	}
	device := fleet.Add(options)
	fleet.Start(ctx)
	defer fleet.Stop()
	device.Assign(o.Link)
	fmt.Fprintf(o.Out, "%s is switched on and sets up.\n", o.Serial)

	told, tick := "", time.NewTicker(o.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			device.Poll()
			if address := device.PageAddress(); address != "" && address != told {
				told = address
				fmt.Fprintf(o.Out, "Its page, to be opened in a browser, once: %s\n", address)
			}
		}
	}
}

// watchSpeed is how much faster than a real one it erases and installs.
const watchSpeed = 6

// teller tells of the commands that an iPad takes.
type teller struct{ out io.Writer }

func (t teller) Executed(device string, e sim.Executed) {
	fmt.Fprintf(t.out, "%s took %s.\n", device, e.Request)
}
func (teller) Shown(string, string, sim.PageState, sim.Truth) {}
func (teller) Hidden(string, string)                          {}
func (teller) Answered(string, sim.PageState)                 {}
func (teller) Touched(string, time.Time)                      {}
