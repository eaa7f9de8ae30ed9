// Package mdm is the driver of devices. Embedded, it speaks Apple's MDM protocol to the
// devices, with NanoMDM's protocol, dispatch and certificate packages.
//
// A message goes one way:
//
//	fiber → detach → slots → guard → Mdm-Signature or TLS → our CA →
//	NanoMDM's dispatch → gate (whose certificate is it?) → service → steward
//
// Nearly all are an Idle or a command done, which take the same way without
// net/http and NanoMDM's dispatch (plain.go).
//
// Nothing is decoded before the guard has seen it, nothing outlives the request
// that fiber might overwrite, and nothing is believed before the gate has
// matched certificate, serial and UDID (hand-over rule 6). Check-ins are one
// store transaction each, then the steward is told. A connect on the device
// channel is the steward's Exchange and then an errand; the user channel only
// ever gets errands (hand-over rule 4).
//
// With [Options.Remote] the devices speak to a NanoMDM server that is there
// already. Then only the two ends differ: messages come by its webhook and what
// devices are told goes into its queue (see remote.go).
//
// Refusals are answered 400, 403, 410, 413 or 503 and never 401: Apple's
// clients may take a 401 for the end of their enrolment.
package mdm

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/mdm/ca"
	"github.com/padwarden/padwarden/server/mdm/machineinfo"
	"github.com/padwarden/padwarden/server/mdm/onetime"
	"github.com/padwarden/padwarden/server/mdm/plistguard"
	"github.com/padwarden/padwarden/server/mdm/signature"
)

// Options are what an engine is made of. Zero counts, durations and functions
// get defaults; the others are needed, but for Live, Remote, WiFi and PushExpires.
type Options struct {
	Store   Store
	Steward Steward
	CA      *ca.CA
	Keys    *onetime.Keys
	Pusher  Pusher
	Live    PushMirror // nil: no pushes while the store cannot be reached
	Remote  *Remote    // nil: devices connect here

	BaseURL      string    // https://host, without a trailing slash
	KioskURL     string    // where the iPads' page is, if elsewhere; as BaseURL
	Topic        string    // of the push certificate, com.apple.mgmt.…
	PushExpires  time.Time // when that certificate does; zero: there is none
	Organisation string
	WiFi         []byte // the profile that an erased device finds its network by; may be empty
	// Devices are the authorities whose devices may ask for a profile at Setup
	// Assistant; nil: automated enrolment is not served.
	Devices machineinfo.Issuers

	Logger *slog.Logger
	// Count is told of every refusal and failure: a name of ours and a reason of
	// one word, both from fixed sets.
	Count func(name, reason string)
	Now   func() time.Time
	Rand  io.Reader // nonces of enrolment links

	Limits   plistguard.Limits // of a body on /mdm
	InFlight int               // messages worked on at once; 256
	Wait     time.Duration     // for a free place, then 503; 5 s
	Timeout  time.Duration     // of one message, from the guard to the answer; 20 s
	Lookup   time.Duration     // a store that is silent for longer counts as out of reach; 2 s
}

// Names that Count is called with.
const (
	CountRefused = "mdm_refused"  // a message was not answered with success
	CountSCEP    = "scep_refused" // a certificate was not issued
	CountEnroll  = "enroll_refused"
	CountPush    = "push_failed"
	CountErrand  = "errand_failed"
	CountMirror  = "push_mirror_failed"
	CountQueue   = "enqueue_failed" // a NanoMDM server did not take a command
)

// Engine is the driver. It is safe for concurrent use and holds no state that
// a restart may not lose.
type Engine struct {
	Options
	scep       *ca.SCEP
	gate       *gate
	signatures signature.Verifier
	long       fiber.Handler // every message of a device, or every call of the webhook
	slots      chan struct{} // messages in work
	queued     queued        // with Remote
	refused    refusals
	issue      chan struct{} // SCEP messages in work: each costs two RSA operations
}

// issuing is how many SCEP messages are worked on at once. Anybody can send
// one, and it costs milliseconds of CPU before we know who asks.
const issuing = 8

// New returns an engine, or says which option is missing.
func New(o Options) (*Engine, error) {
	if o.Store == nil || o.Steward == nil || o.CA == nil || o.Keys == nil || o.Pusher == nil {
		return nil, errors.New("mdm: store, steward, certificate authority, keys and pusher are all needed")
	}
	if o.BaseURL == "" || strings.HasSuffix(o.BaseURL, "/") {
		return nil, fmt.Errorf("mdm: base URL %q: want scheme and host, with no slash at the end", o.BaseURL)
	}
	if o.KioskURL == "" {
		o.KioskURL = o.BaseURL
	}
	if !strings.HasPrefix(o.Topic, "com.apple.mgmt.") {
		return nil, fmt.Errorf("mdm: topic %q: must begin with com.apple.mgmt.", o.Topic)
	}
	e := &Engine{Options: o.filled(), scep: ca.NewSCEP(o.CA, o.Store, o.Keys), issue: make(chan struct{}, issuing)}
	e.slots = make(chan struct{}, e.InFlight)
	e.signatures = signature.Verifier{Known: o.CA.Known}
	e.gate = e.service(nanoLogger{e.Logger})
	e.long = adaptor.HTTPHandler(e.chain())
	if o.Remote != nil {
		if err := o.Remote.check(); err != nil {
			return nil, err
		}
		e.long = adaptor.HTTPHandler(e.webhook())
	}
	return e, nil
}

func (o Options) filled() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Count == nil {
		o.Count = func(string, string) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Limits.Bytes <= 0 {
		o.Limits.Bytes = plistguard.DefaultBytes
	}
	if o.InFlight <= 0 {
		o.InFlight = 256
	}
	if o.Wait <= 0 {
		o.Wait = 5 * time.Second
	}
	if o.Timeout <= 0 {
		o.Timeout = 20 * time.Second
	}
	if o.Lookup <= 0 {
		o.Lookup = 2 * time.Second
	}
	return o
}

// lookup reads from the store in time, or says that it is out of reach: a
// database behind a dead network does not refuse, it is silent, and a lock must
// not wait for it (hand-over rule 10).
func lookup[T any](ctx context.Context, limit time.Duration, read func(context.Context) (T, error)) (T, error) {
	short, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	v, err := read(short)
	if err != nil && short.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: no answer in %s", custody.ErrUnavailable, limit)
	}
	return v, err
}

// Mount adds the engine's routes. The app must read headers of 32 KiB
// (ReadBufferSize): an Mdm-Signature alone is up to 2.4 KB. GET routes are
// added without HEAD, so that a look at a one-time link does not spend it.
func (e *Engine) Mount(app *fiber.App) {
	if e.Remote != nil {
		app.Add(fiber.MethodPost, WebhookPath, e.long)
	} else {
		app.Add(fiber.MethodPut, "/mdm", e.serveMDM)
	}
	app.Add(fiber.MethodGet, "/scep", e.serveSCEP)
	app.Add(fiber.MethodPost, "/scep", e.serveSCEP)
	app.Add(fiber.MethodGet, "/enroll/:token", e.serveEnroll)
	if len(e.Devices) > 0 {
		app.Add(fiber.MethodPost, AutomatedPath, e.serveAutomated)
		app.Add(fiber.MethodGet, AutomatedPath, e.serveAutomated)
	}
}

// take waits for a free place. The returned function gives it back; it is nil
// if there was none in time.
func take(ctx context.Context, places chan struct{}, wait time.Duration) func() {
	select {
	case places <- struct{}{}:
		return func() { <-places }
	default:
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case places <- struct{}{}:
		return func() { <-places }
	case <-t.C:
	case <-ctx.Done():
	}
	return nil
}
