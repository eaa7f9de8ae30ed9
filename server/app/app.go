package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/errand"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/identity/oidc"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/live"
	"github.com/padwarden/padwarden/server/mdm"
	"github.com/padwarden/padwarden/server/mdm/ade"
	"github.com/padwarden/padwarden/server/mdm/apns"
	"github.com/padwarden/padwarden/server/mdm/ca"
	"github.com/padwarden/padwarden/server/mdm/onetime"
	"github.com/padwarden/padwarden/server/provision"
	"github.com/padwarden/padwarden/server/revoke"
	"github.com/padwarden/padwarden/server/steward"
)

// App is a padwarden server: built, then running, then stopped.
type App struct {
	Ledger   *ledger.Ledger
	Live     *live.Live
	Identity *identity.Identity
	Steward  *steward.Steward
	Engine   *mdm.Engine
	Errands  *errand.Desk
	Provider *oidc.Provider // the hospital's; nil: nobody signs in by a hospital account
	Revoker  *revoke.Revoker
	Passkeys *identity.Passkeys // the console's; nil: there are none
	URL      string             // where it answers, once built

	config     Config
	http       *fiber.App
	socket     net.Listener
	meters     *meters
	push       *apns.Provider  // nil: there is no push certificate
	streams    context.Context // ends the event streams before the server stops
	hangUp     context.CancelFunc
	keys       *onetime.Keys
	grants     []identity.Grant
	kioskKeys  *identity.Passkeys // the iPads' pages'
	noPasskeys string             // why there are none
	hosts      Hosts              // all three
	ade        *ade.Service       // nil: no automated device enrolment
	authority  *ca.CA
	imports    *provision.Jobs
	heard      *heard
	closers    []func() error // in the order of opening
}

// grace is how long requests under way may take to end when the server stops.
const grace = 10 * time.Second

// Open builds a server: its stores are open and its socket is bound, but
// nothing is served yet. Close it if Run is never called.
func Open(ctx context.Context, c Config) (_ *App, err error) {
	if c, err = c.filled(); err != nil {
		return nil, err
	}
	a := &App{config: c, meters: newMeters()}
	a.streams, a.hangUp = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if a.socket, err = net.Listen("tcp", c.Listen); err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	a.closers = append(a.closers, closeOnce(a.socket))
	if a.URL = cmp.Or(c.BaseURL, c.Hosts.Console); a.URL == "" {
		a.URL = "http://" + reachable(a.socket.Addr().(*net.TCPAddr))
	}
	a.hosts = c.Hosts.or(a.URL)
	if err := a.build(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

// reachable is an address that a browser on this machine can open.
func reachable(a *net.TCPAddr) string {
	if a.IP.IsUnspecified() {
		return fmt.Sprintf("localhost:%d", a.Port)
	}
	return a.String()
}

// closeOnce closes a socket that serving may have closed already.
func closeOnce(l net.Listener) func() error {
	return func() error {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	}
}

// Run serves until ctx ends, then stops in order: event streams first, then
// requests under way, then the background work, then the stores.
func (a *App) Run(ctx context.Context) error {
	work, rest := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() { a.Steward.Run(work) })
	wg.Go(func() { a.watchPush(work) })
	wg.Go(func() { a.Errands.Run(work) })
	wg.Go(func() { a.Revoker.Run(work) })
	wg.Go(func() { a.tellRules(work) })
	wg.Go(func() { a.heard.keep(work) })
	wg.Go(func() {
		if err := a.Live.Follow(work); err != nil && work.Err() == nil {
			a.config.Logger.Error("following the feed", "err", err)
		}
	})
	wg.Go(func() { a.Engine.KeepRenewing(work) })
	if a.ade != nil {
		wg.Go(func() { a.ade.Run(work) })
	}
	served := make(chan error, 1)
	go func() { served <- a.http.Listener(a.socket) }()

	var err error
	select {
	case <-ctx.Done():
		a.hangUp()
		if e := a.http.ShutdownWithTimeout(grace); e != nil {
			err = fmt.Errorf("stopping: %w", e)
		}
		_ = a.socket.Close() // a server that was stopped before it had begun would go on to serve
		<-served
	case err = <-served:
		err = fmt.Errorf("serving: %w", err)
	}
	rest()
	wg.Wait()
	return errors.Join(err, a.Close())
}

// Close frees what Open opened, in the opposite order. It may be called twice.
func (a *App) Close() error {
	a.hangUp()
	if a.imports != nil {
		a.imports.Wait()
	}
	var errs []error
	for i := len(a.closers) - 1; i >= 0; i-- {
		errs = append(errs, a.closers[i]())
	}
	a.closers = nil
	return errors.Join(errs...)
}

// ConsoleURL is where people reach the console, without its path.
func (a *App) ConsoleURL() string { return a.hosts.Console }

// Secure reports whether people and devices reach the server over https.
func (a *App) Secure() bool { return strings.HasPrefix(cmp.Or(a.hosts.Console, a.URL), "https://") }
