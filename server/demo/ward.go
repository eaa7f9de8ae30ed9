// Package demo is a hospital in one process: a padwarden server with everything
// embedded, simulated iPads in five wards that speak Apple's protocols to it
// over real HTTP and a real HTTP/2 push, and people who use them.
//
// Nothing in it reaches into the server: devices and people go through its
// HTTP surfaces, and the observer of the promises judges by what they saw. A
// faster demo divides durations at this edge, the devices' included.
package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/padwarden/padwarden/server/app"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/sim"
)

// Options of a demo.
type Options struct {
	Listen string
	Data   string // a folder; its database must be new
	Speed  int    // durations are divided by it
	Out    io.Writer
	Logger *slog.Logger

	// NanoMDM is the program of a stock NanoMDM server, which the iPads connect to
	// instead of padwarden; empty: none.
	NanoMDM string

	perWard int              // iPads in most wards; 0: eight
	prepare func(*app.App)   // between building and serving, for this package's tests
	now     func() time.Time // what certificates are held against; nil: the wall's
}

// Hospital is a running demo.
type Hospital struct {
	App      *app.App
	Fleet    *sim.Fleet
	Observer *sim.Observer

	o       Options
	apns    *sim.APNs
	redis   *miniredis.Miniredis
	keys    *sim.KeyPool
	people  []person
	readers map[string]sim.Reader // by the docked iPad's serial
	started time.Time

	looking sync.Mutex
	look    string // the API token that the scenarios look by; empty: none is made yet

	config     app.Config
	serve      func()
	stopServer context.CancelFunc
	stopped    <-chan struct{}

	stop    context.CancelFunc
	running sync.WaitGroup
	served  error
}

// topic is the simulated push certificate's.
const topic = "com.apple.mgmt.External.6f1d0c2e-demo"

// pageLag is how far a page may be behind the server: the feed is read every
// tenth of a second, and the machine may be busy.
const pageLag = time.Second

// Open starts a hospital: the server serves, the iPads are switched on and
// enrol by themselves.
func Open(ctx context.Context, o Options) (_ *Hospital, err error) {
	if o.Speed < 1 {
		o.Speed = 1
	}
	if o.perWard == 0 {
		o.perWard = 8
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	h := &Hospital{o: o, readers: map[string]sim.Reader{}, started: time.Now()}
	ctx, h.stop = context.WithCancel(ctx)
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close())
		}
	}()
	if err := h.openWorld(ctx); err != nil {
		return nil, err
	}
	if err := h.seed(ctx); err != nil {
		return nil, err
	}
	if o.prepare != nil {
		o.prepare(h.App)
	}
	h.serve = func() { h.serving(ctx) }
	h.serve()
	h.running.Go(func() { h.Observer.Run(ctx) })
	h.Fleet.Start(ctx)
	return h, nil
}

// serving starts the server; stopServer stops it alone, and stopped says when
// it has. The devices are left to find it again.
func (h *Hospital) serving(ctx context.Context) {
	ctx, h.stopServer = context.WithCancel(ctx)
	stopped, a := make(chan struct{}), h.App
	h.stopped = stopped
	h.running.Go(func() {
		defer close(stopped)
		h.served = a.Run(ctx)
	})
}

// openWorld makes what the server needs around it, and the server.
func (h *Hospital) openWorld(ctx context.Context) (err error) {
	h.keys = sim.NewKeyPool(1 + len(wards)*h.o.perWard/2) // making one takes long: not more than are soon needed
	if h.apns, err = sim.NewAPNs(sim.Wall{}); err != nil {
		return fmt.Errorf("starting the simulated APNs: %w", err)
	}
	certificate, err := h.apns.PushCertificate(topic)
	if err != nil {
		return fmt.Errorf("making a push certificate: %w", err)
	}
	password := rand.Text()
	if err := h.startRedis(ctx, password); err != nil {
		return err
	}
	other, err := h.nanomdm()
	if err != nil {
		return err
	}
	h.config = app.Config{
		NanoMDM: other,
		Listen:  h.o.Listen, Data: h.o.Data, Organisation: "St. Elsewhere Hospital",
		RedisIsTrial: true, Redis: "redis://default:" + password + "@" + h.redis.Addr(),
		PushCertificate: &certificate, APNsHost: h.apns.URL(), APNsRoots: h.apns.CAs(), Logger: h.o.Logger,
		Sweep: 150 * time.Millisecond, Beat: 250 * time.Millisecond, DoubleTap: 3 * time.Second / time.Duration(h.o.Speed), Now: h.o.now,
	}
	if h.App, err = app.Open(ctx, h.config); err != nil {
		return err
	}
	if err := h.startNanoMDM(ctx, other); err != nil {
		return err
	}
	h.Observer = sim.NewObserver(sim.Wall{}, pageLag)
	h.Fleet, err = sim.NewFleet(sim.Env{
		APNs: h.apns, Keys: h.keys, HTTP: http.DefaultTransport.(*http.Transport).Clone(),
		Timing: sim.DefaultTiming().Faster(h.o.Speed), Watch: h.Observer, Log: h.o.Logger,
	})
	return err
}

// startRedis starts the hospital's own Redis in memory, so that the demo can
// empty it. Its keys expire only when they are told that time passes.
func (h *Hospital) startRedis(ctx context.Context, password string) error {
	h.redis = miniredis.NewMiniRedis()
	h.redis.RequireAuth(password)
	if err := h.redis.Start(); err != nil {
		return fmt.Errorf("starting Redis in memory: %w", err)
	}
	h.running.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				h.redis.FastForward(100 * time.Millisecond)
			}
		}
	})
	return nil
}

// Close stops everything and returns when it has stopped.
func (h *Hospital) Close() error {
	h.stop()
	if h.Fleet != nil {
		h.Fleet.Stop()
	}
	h.running.Wait()
	errs := []error{h.served}
	if h.App != nil {
		errs = append(errs, h.App.Close())
	}
	if h.apns != nil {
		errs = append(errs, h.apns.Close())
	}
	if h.redis != nil {
		h.redis.Close()
	}
	if h.keys != nil {
		h.keys.Close()
	}
	return errors.Join(errs...)
}

// SignIn returns a one-time address that signs an administrator in at the console.
func (h *Hospital) SignIn(ctx context.Context) (string, error) {
	token, err := h.App.Identity.MintStaffToken(ctx, "demo administrator", identity.Administrator)
	if err != nil {
		return "", err
	}
	return h.App.URL + "/console/start/" + token, nil
}

// Ready waits until the server is ready and every iPad is clean.
func (h *Hospital) Ready(ctx context.Context) error {
	for {
		n, err := h.clean(ctx)
		if err == nil && n == len(h.Fleet.Devices()) && h.App.Steward.Ready() == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the wards: %d of %d iPads are clean: %w", n, len(h.Fleet.Devices()), ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (h *Hospital) clean(ctx context.Context) (n int, err error) {
	err = h.App.Ledger.Rows(ctx, 0, func(c custody.Custody) error {
		if c.State == custody.Clean {
			n++
		}
		return nil
	})
	return n, err
}
