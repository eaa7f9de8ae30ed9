package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/padwarden/padwarden/server/console"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/kiosk"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/live"
	"github.com/padwarden/padwarden/server/mdm"
	"github.com/padwarden/padwarden/server/mdm/apns"
	"github.com/padwarden/padwarden/server/mdm/ca"
	"github.com/padwarden/padwarden/server/mdm/onetime"
	"github.com/padwarden/padwarden/server/steward"
)

// build opens the stores and joins the parts, from the bottom of the house up.
func (a *App) build(ctx context.Context) error {
	master, err := a.openStores(ctx)
	if err != nil {
		return err
	}
	if err := a.buildSteward(ctx); err != nil {
		return err
	}
	if err := a.buildADE(); err != nil {
		return err
	}
	if a.Identity, err = identity.New(identity.Config{
		Ledger: a.Ledger, Staff: a.Ledger, Live: a.Live, Key: derive(master, "identity"), Now: time.Now, Rand: rand.Reader, Log: a.config.Logger,
	}); err != nil {
		return err
	}
	if err := a.buildProvider(); err != nil {
		return err
	}
	a.Revoker = a.revoker()
	if err := a.buildPasskeys(derive(master, "passkeys")); err != nil {
		return err
	}
	return a.buildPages(derive(master, "kiosk"))
}

func (a *App) openStores(ctx context.Context) (master [32]byte, err error) {
	if a.Ledger, master, err = openLedger(ctx, a.config); err != nil {
		return master, err
	}
	a.closers = append(a.closers, a.Ledger.Close)
	if a.Live, err = openLive(ctx, a.config); err != nil {
		return master, err
	}
	a.closers = append(a.closers, a.Live.Close)
	return master, nil
}

func openLive(ctx context.Context, c Config) (*live.Live, error) {
	redis.SetLogger(redisLog{c.Logger})
	l, err := live.Open(ctx, live.Options{URL: c.Redis, Logger: c.Logger, Poll: c.Poll, Trial: c.RedisIsTrial})
	if err != nil {
		return nil, fmt.Errorf("opening live: %w", err)
	}
	return l, nil
}

// redisLog brings what the Redis client says of its connections into our log.
type redisLog struct{ *slog.Logger }

func (l redisLog) Printf(ctx context.Context, format string, a ...any) {
	l.DebugContext(ctx, "redis client", "says", fmt.Sprintf(format, a...))
}

// buildSteward joins the steward and the engine, which need each other: the
// steward nudges through the engine, the engine brings it what devices say.
func (a *App) buildSteward(ctx context.Context) error {
	a.Steward = steward.New(steward.Options{
		Ledger: a.Ledger, Live: a.Live, Logger: a.config.Logger, Count: a.meters.event,
		NewID: uuid.NewString, SweepEvery: a.config.Sweep, BeatEvery: a.config.Beat,
	})
	authority, err := ca.Open(ctx, a.Ledger, ca.Options{Organisation: a.config.Organisation})
	if err != nil {
		return fmt.Errorf("opening the certificate authority: %w", err)
	}
	keys, err := onetime.Open(ctx, a.Ledger)
	if err != nil {
		return fmt.Errorf("opening the keys of one-time secrets: %w", err)
	}
	a.authority = authority
	pusher, topic, expires, err := a.pusher()
	if err != nil {
		return err
	}
	other, err := a.config.NanoMDM.open(a.config.PushCertificate == nil)
	if err != nil {
		return err
	}
	a.Engine, err = mdm.New(mdm.Options{
		Store: a.Ledger, Steward: a.Steward, CA: authority, Keys: keys, Pusher: pusher, Live: a.Live, Remote: other,
		Devices: a.config.ADE.devices(), BaseURL: a.hosts.MDM, KioskURL: a.hosts.Kiosk, Topic: topic, PushExpires: expires, Organisation: a.config.Organisation, WiFi: a.config.WiFi,
		Logger: a.config.Logger, Count: a.meters.refusal, Now: a.config.Now, Rand: rand.Reader,
	})
	if err != nil {
		return err
	}
	a.Steward.Driver = a.Engine
	a.measurePush()
	a.keys = keys
	return a.buildErrands()
}

// trialTopic stands in until a push certificate is given.
const trialTopic = "com.apple.mgmt.External.padwarden"

// pusher returns what pushes, the topic that enrolment profiles name, and when
// the push certificate expires (zero: there is none).
func (a *App) pusher() (mdm.Pusher, string, time.Time, error) {
	if a.config.PushCertificate == nil {
		return noPush{}, cmp.Or(a.config.NanoMDM.Topic, trialTopic), time.Time{}, nil
	}
	p, err := apns.New(apns.Options{Host: a.config.APNsHost, Certificate: *a.config.PushCertificate, Roots: a.config.APNsRoots, Now: a.config.Now})
	if err != nil {
		return nil, "", time.Time{}, fmt.Errorf("setting up APNs: %w", err)
	}
	a.push = p
	a.closers = append(a.closers, func() error { p.Close(); return nil })
	return p, p.Topic(), p.Expires(), nil
}

type noPush struct{}

var errNoPush = errors.New("there is no push certificate")

func (noPush) Push(context.Context, ledger.Push) error { return errNoPush }

func (a *App) buildPages(key []byte) error {
	k, err := kiosk.New(kiosk.Config{
		Base: a.streams, Steward: a.Steward, Live: a.Live, Ledger: a.Ledger, Secrets: a.keys, Identity: a.Identity,
		Key: key, Now: time.Now, Rand: rand.Reader, Secure: a.Secure(), Log: a.config.Logger,
		DoubleTap: a.config.DoubleTap, Count: a.meters.event, Passkeys: a.kioskPasskeys(),
	})
	if err != nil {
		return err
	}
	trials, err := a.trials()
	if err != nil {
		return err
	}
	importer := a.importer()
	c, err := console.New(console.Config{
		Base: a.streams, Steward: a.Steward, Live: a.Live, Ledger: a.Ledger, Identity: a.Identity,
		EnrolmentLink: a.Engine.EnrolmentLink, Troubles: a.troubles, DeviceTroubles: a.deviceTroubles, Drift: a.drift,
		Importer: importer, Imports: a.importsInBackground(importer), Administration: a.administration(), People: a.office(), Hospital: a.hospitalAccounts(), Passkeys: a.consolePasskeys(), NoPasskeys: a.noPasskeys,
		Errands: a.Errands, Trials: trials, Now: time.Now, Queued: a.config.NanoMDM.URL != "", Secure: a.Secure(), Log: a.config.Logger,
		Zone: a.config.Zone, Reach: reach(a.config.Housekeeping.schedule()),
	})
	if err != nil {
		return err
	}
	people, err := a.buildSCIM()
	if err != nil {
		return err
	}
	a.serve(k, c)
	people.Mount(a.http)
	return nil
}
