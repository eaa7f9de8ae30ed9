package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/errand"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/plan"
	"github.com/padwarden/padwarden/server/problem"
)

// known is what the console reads of what iPads said of themselves.
type known interface {
	Facts(ctx context.Context, device custody.DeviceID) ([]ledger.Fact, error)
	FactsOf(ctx context.Context, ward string, kinds ...string) ([]ledger.Fact, error)
	Asks(ctx context.Context, device custody.DeviceID) ([]ledger.Ask, error)
}

// Errands asks iPads something beside their plans.
type Errands interface {
	Ask(ctx context.Context, a errand.Ask) (ledger.Ask, error)
	// Watch tells when something changed of a device's errands on this server.
	Watch(id custody.DeviceID) (<-chan struct{}, func())
}

const (
	// pingFor is how long a ping waits for its answer: a push takes seconds, and
	// an iPad that has not come by then is off, out of range or asleep without power.
	pingFor = 2 * time.Minute
	// pingBeat is how often an open page's ping is looked at: the answer may have
	// come to another server.
	pingBeat = time.Second
)

// registerHousekeeping adds to the console's routes and to the API's on devices.
func (s *Console) registerHousekeeping(open, api fiber.Router) {
	open.Post("/devices/:id/ping", s.change(s.ping))
	open.Get("/devices/:id/ping/events", s.watchPing)
	api.Get("/:id/facts", s.api(s.facts))
	api.Post("/:id/ping", s.apiChange(s.ping))
}

// apiChange wraps a change that a program may ask for: with an API token, or
// as our own page.
func (s *Console) apiChange(next handler) fiber.Handler {
	token, page := s.api(next), s.change(next)
	return func(c *fiber.Ctx) error {
		if c.Get(fiber.HeaderAuthorization) == "" {
			return page(c)
		}
		return token(c)
	}
}

// pingJSON is the last ping of a device.
type pingJSON struct {
	ID         string    `json:"id"`
	AskedAt    time.Time `json:"asked_at"`
	AskedBy    string    `json:"asked_by"`
	ExpiresAt  time.Time `json:"expires_at"`
	HandedOver time.Time `json:"handed_over_at,omitzero"`
	AnsweredAt time.Time `json:"answered_at,omitzero"`
	TookMs     int64     `json:"took_ms,omitempty"`
	Outcome    string    `json:"outcome,omitempty"`
	Says       string    `json:"says"`
}

func (s *Console) pingJSON(a ledger.Ask, row custody.Custody) pingJSON {
	j := pingJSON{ID: a.ID, AskedAt: a.Asked, AskedBy: a.By, ExpiresAt: a.Expires, HandedOver: a.HandedOver, AnsweredAt: a.Answered,
		Outcome: a.Outcome, Says: pingSays(a, row, s.now())}
	if !a.Answered.IsZero() {
		j.TookMs = a.Answered.Sub(a.Asked).Milliseconds()
	}
	return j
}

// ping asks a device whether it is there, and answers 202 with what was asked:
// {"ping": …}. A second ping while one waits is the same.
func (s *Console) ping(ctx context.Context, c *fiber.Ctx, who asker) error {
	var body struct{}
	if err := browser.JSON(c, &body, maxBody); err != nil {
		return err
	}
	row, err := s.Ledger.Custody(ctx, deviceID(c))
	if err != nil {
		return err
	}
	a, err := s.askPing(ctx, who, row)
	if err != nil {
		return err
	}
	return c.Status(fiber.StatusAccepted).JSON(fiber.Map{"ping": s.pingJSON(a, row)})
}

func (s *Console) askPing(ctx context.Context, who asker, row custody.Custody) (a ledger.Ask, err error) {
	if err := allowed(who, identity.Ping, row.Ward); err != nil {
		return a, err
	}
	if s.Errands == nil {
		return a, problem.New(fiber.StatusConflict, "ping", "This server asks iPads nothing beside their plans.")
	}
	a, err = s.Errands.Ask(ctx, errand.Ask{Device: row.Device, Kind: errand.Ping, Rank: errand.RankPerson, By: who.Name, Expires: s.now().Add(pingFor)})
	if err != nil {
		return a, fmt.Errorf("pinging %s: %w", row.Device, err)
	}
	s.Log.Info("asked at the console", "action", identity.Ping, "device", row.Device, "staff", who.Name)
	return a, nil
}

// lastPing returns a device's last ping; false if there is none.
func (s *Console) lastPing(ctx context.Context, id custody.DeviceID) (ledger.Ask, bool, error) {
	asks, err := s.Ledger.Asks(ctx, id)
	for _, a := range asks {
		if a.Kind == errand.Ping {
			return a, true, err
		}
	}
	return ledger.Ask{}, false, err
}

// factJSON is one fact in the API.
type factJSON struct {
	Value      json.RawMessage `json:"value"`
	ObservedAt time.Time       `json:"observed_at"`
}

// facts answers {"device", "seen_at", "facts": {kind: {value, observed_at}}, "ping"}.
func (s *Console) facts(ctx context.Context, c *fiber.Ctx, who asker) error {
	d, err := s.one(ctx, who, deviceID(c))
	if err != nil {
		return err
	}
	list, err := s.Ledger.Facts(ctx, d.ID)
	if err != nil {
		return err
	}
	all := map[string]factJSON{}
	for _, f := range list {
		if f.Kind != plan.FactSeen {
			all[f.Kind] = factJSON{Value: f.Body, ObservedAt: f.Observed}
		}
	}
	answer := fiber.Map{"device": d.ID, "facts": all}
	if at := lastSeen(list); !at.IsZero() {
		answer["seen_at"] = at
	}
	a, there, err := s.lastPing(ctx, d.ID)
	if err != nil {
		return err
	}
	if there {
		answer["ping"] = s.pingJSON(a, d.custody)
	}
	return c.JSON(answer)
}

// lastSeen is when a device last connected, or said something: "seen" itself is
// kept to the minute.
func lastSeen(facts []ledger.Fact) (at time.Time) {
	for _, f := range facts {
		if f.Observed.After(at) {
			at = f.Observed
		}
	}
	return at
}

var errPinged = errors.New("the ping is over")

// watchPing streams how a device's last ping goes, until it is answered or has
// expired: an open page asks for it only while one waits.
func (s *Console) watchPing(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(s.Base, answerIn)
	defer cancel()
	who, err := s.session(ctx, c, false)
	if err != nil {
		return err
	}
	d, err := s.one(ctx, who, deviceID(c))
	if err != nil {
		return err
	}
	if s.Errands == nil || c.Method() == fiber.MethodHead {
		return nil
	}
	id, pages := d.ID, s.pages[browser.Speech(c, s.words)]
	return s.streams.Serve(s.Base, c, who.session, func(ctx context.Context, sink *browser.Sink) {
		changed, leave := s.Errands.Watch(id)
		defer leave()
		v, last := &viewer{console: s, pages: pages, sink: sink, who: who}, ""
		tell := func() error {
			return v.within(ctx, func(ctx context.Context) error { return v.showPing(ctx, id, &last) })
		}
		browser.Pump(ctx, sink, changed, pingBeat, func(bool, struct{}) error { return tell() }, tell)
	})
}

// showPing sends how the ping goes, if that has changed.
func (v *viewer) showPing(ctx context.Context, id custody.DeviceID, last *string) error {
	d, err := v.console.one(ctx, v.who, id)
	if err != nil {
		return err
	}
	p, err := v.console.pingView(ctx, d.custody)
	if err != nil {
		return err
	}
	if p.Says != *last {
		*last = p.Says
		if err := v.send("ping", "ping", p); err != nil {
			return err
		}
	}
	if !p.Waits {
		return errPinged
	}
	return nil
}
