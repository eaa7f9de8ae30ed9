// Package kiosk is what the iPad's page and the badge readers talk to.
//
// A badge is tapped, the page asks for the PIN, and what happens then is
// decided by custody. Three rules hold throughout:
//
//   - A tap is answered alike for a known and an unknown badge, and alone signs
//     nobody in. Within the PIN grace it may give its owner's own session back.
//   - Everything asked of a person is under a nonce that is good once.
//   - Live may be stricter than custody, never looser: a session that live has
//     closed, or cannot tell of, is shown as locked, and a locked page names nobody.
package kiosk

import (
	"context"
	"errors"
	"html/template"
	"io"
	"log/slog"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/badge"
	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/problem"
	"github.com/padwarden/padwarden/server/words"
	"github.com/padwarden/padwarden/web"
)

// Steward changes custody, and nobody else does.
type Steward interface {
	Apply(ctx context.Context, id custody.DeviceID, e custody.Event) (custody.Custody, error)
}

// Live is what the page reads and keeps in Redis.
type Live interface {
	Session(ctx context.Context, id custody.DeviceID) (custody.Session, error)
	Sessions(ctx context.Context, ids ...custody.DeviceID) (map[custody.DeviceID]custody.Session, error)
	Touch(ctx context.Context, id custody.DeviceID, epoch int64) (custody.Session, error)
	// TouchAt is Touch where the row has that version, and custody.ErrStale otherwise.
	TouchAt(ctx context.Context, id custody.DeviceID, epoch, version int64) (custody.Session, error)
	SubscribeDevice(id custody.DeviceID) (<-chan []custody.DeviceID, func())
	Say(ctx context.Context, id custody.DeviceID, ward, kind string) error

	Put(ctx context.Context, key string, value []byte, ttl time.Duration) error
	// PutIfAbsent answers custody.ErrConflict to all callers but the first.
	PutIfAbsent(ctx context.Context, key string, value []byte, ttl time.Duration) error
	Get(ctx context.Context, key string) ([]byte, error)
	Delete(ctx context.Context, key string) error
	Count(ctx context.Context, key string, window time.Duration) (int64, error)
}

// Ledger is what the page reads of devices and people.
type Ledger interface {
	Custody(ctx context.Context, id custody.DeviceID) (custody.Custody, error)
	Device(ctx context.Context, id custody.DeviceID) (ledger.Device, error)
	Devices(ctx context.Context, ward string) ([]ledger.Device, error)
	Policy(ctx context.Context, ward string) (custody.Policy, error)
	Ward(ctx context.Context, id string) (ledger.Ward, error)
	Clinician(ctx context.Context, id string) (ledger.Clinician, error)
	// HeldBy returns the rows whose holder a clinician is.
	HeldBy(ctx context.Context, clinician string) ([]custody.Custody, error)
	// Badge returns a card's record, revoked or not; custody.ErrNotFound for one that was never anybody's.
	Badge(ctx context.Context, hash []byte) (ledger.Badge, error)
	ChangePerson(ctx context.Context, c ledger.PersonChange) error
	emergencies
	// Pace is how long the ward's wipes have taken.
	Pace(ctx context.Context, ward string) (custody.Pace, error)
	Reader(ctx context.Context, id string) (ledger.Reader, error)
	// Spend uses up a one-time secret; custody.ErrConflict if it was used before.
	Spend(ctx context.Context, key string) error
}

// Secrets tells what a start address stands for, or an error for one that is not ours.
type Secrets interface {
	VerifyKioskSecret(secret string) (device custody.DeviceID, epoch, run int64, err error)
}

// Identity says who is at the iPad.
type Identity interface {
	BadgeAs(f badge.Format, raw string) ([]byte, error)
	Owner(ctx context.Context, badge []byte) (ledger.Clinician, error)
	Verify(ctx context.Context, a identity.Attempt) (ledger.Clinician, error)
	StartGrace(ctx context.Context, clinician, ward string, d time.Duration) error
	GraceValid(ctx context.Context, clinician, ward string) bool
	SpendEmergencyCode(ctx context.Context, a identity.Attempt) (ledger.Clinician, error)
	MarkStrong(ctx context.Context, clinician string, d time.Duration) error
	StrongValid(ctx context.Context, clinician string) bool
	ChoosePIN(ctx context.Context, who ledger.Clinician, pin string, least int) error
	Again(ctx context.Context, who ledger.Clinician, a identity.Attempt) error
}

// Config is what a [Kiosk] is made of. All but the last six are needed.
type Config struct {
	Base     context.Context // ends the event streams; the requests' parent
	Steward  Steward
	Live     Live
	Ledger   Ledger
	Secrets  Secrets
	Identity Identity
	Key      []byte // at least 32 random bytes, the same on every server: signs cookies and nonces
	Now      func() time.Time
	Rand     io.Reader

	Passkeys  Passkeys      // nil: nobody signs in by one here
	Secure    bool          // served over https: cookies are bound to the host
	DoubleTap time.Duration // the same badge again within it is one tap; zero: 3 s
	Beat      time.Duration // of the event streams; zero: 3 s
	Log       *slog.Logger
	// Count is told of things worth counting, by a name of a few words in snake case.
	Count func(name string)
}

// Kiosk answers the iPads' pages and the readers.
type Kiosk struct {
	Config
	streams browser.Streams
	words   *words.Catalogue
	known   knownPages
	pages   map[*words.Speech]*template.Template
}

// Bounds of what the page may ask for.
const (
	maxBody     = 1 << 10 // bytes of a JSON body
	maxTaps     = 60      // a minute and device
	maxStreams  = 1000
	maxPerIPad  = 4
	answerIn    = 10 * time.Second
	openingLong = 10 * time.Second // then another iPad is named
)

// New checks the configuration and parses the pages.
func New(c Config) (*Kiosk, error) {
	if c.Base == nil || c.Steward == nil || c.Live == nil || c.Ledger == nil || c.Secrets == nil || c.Identity == nil || c.Now == nil || c.Rand == nil {
		return nil, errors.New("kiosk: a part is missing")
	}
	if len(c.Key) < 32 {
		return nil, errors.New("kiosk: the key has fewer than 32 bytes")
	}
	if c.DoubleTap <= 0 {
		c.DoubleTap = 3 * time.Second
	}
	if c.Beat <= 0 {
		c.Beat = 3 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Count == nil {
		c.Count = func(string) {}
	}
	k := &Kiosk{Config: c, streams: browser.Streams{Total: maxStreams, Each: maxPerIPad}}
	var err error
	if k.words, k.pages, err = browser.Pages(web.FS, "kiosk", nil); err != nil {
		return nil, err
	}
	return k, nil
}

// Register adds the page's and the readers' routes.
func (k *Kiosk) Register(r fiber.Router) {
	headers, errs := browser.Headers(k.Secure), problem.HandlerIn(k.Log, browser.Say(k.words))
	r.Get("/kiosk/start/:secret", headers, errs, k.start)
	r.Get("/kiosk", headers, errs, k.showPage)

	own := r.Group("/kiosk", headers, errs)
	own.Get("/state", k.device(k.showState))
	own.Get("/events", k.events)
	own.Post("/tap", k.change(k.tapPage))
	own.Post("/pin", k.change(k.pin))
	own.Post("/takeover", k.change(k.takeOver))
	own.Post("/touch", k.touch)
	own.Post("/return", k.change(k.giveBack))
	k.registerPasskeys(own)
	own.Post("/newpin", k.change(k.newPIN))
	own.Post("/changepin", k.change(k.changePIN))
	own.Post("/newcard", k.change(k.newCard))
	k.registerEmergency(own)

	r.Post("/api/v1/readers/:id/tap", headers, problem.Handler(k.Log), k.tapReader)
}

// device wraps a handler of a request that must come from an iPad's own page.
func (k *Kiosk) device(next func(ctx context.Context, c *fiber.Ctx, row custody.Custody) error) fiber.Handler {
	return func(c *fiber.Ctx) error {
		ctx, cancel := context.WithTimeout(k.Base, answerIn)
		defer cancel()
		row, err := k.authenticate(ctx, k.cookie(c))
		if err != nil {
			return err
		}
		return next(ctx, c, row)
	}
}

// change is device for what changes something: the page itself must have asked.
func (k *Kiosk) change(next func(ctx context.Context, c *fiber.Ctx, row custody.Custody) error) fiber.Handler {
	own := k.device(next)
	return func(c *fiber.Ctx) error {
		if err := browser.SameOrigin(c, k.Secure); err != nil {
			return err
		}
		if err := browser.IsJSON(c); err != nil {
			return err
		}
		return own(c)
	}
}
