package errand

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/plan"
)

// Store is what the desk needs of the ledger.
type Store interface {
	Custody(ctx context.Context, id custody.DeviceID) (custody.Custody, error)
	Rows(ctx context.Context, d time.Duration, each func(custody.Custody) error) error
	Policy(ctx context.Context, ward string) (custody.Policy, error)
	Device(ctx context.Context, id custody.DeviceID) (ledger.Device, error)
	Ward(ctx context.Context, id string) (ledger.Ward, error)

	PutAsk(ctx context.Context, a ledger.Ask) (ledger.Ask, error)
	Asks(ctx context.Context, device custody.DeviceID) ([]ledger.Ask, error)
	WaitingAsks(ctx context.Context, device custody.DeviceID, now time.Time) ([]ledger.Ask, error)
	HandOverAsk(ctx context.Context, device custody.DeviceID, id string, now time.Time) error
	PostponeAsk(ctx context.Context, device custody.DeviceID, id string, until time.Time) error
	AnswerAsk(ctx context.Context, a ledger.Ask) error
	Asked(ctx context.Context) (map[custody.DeviceID]map[string]time.Time, error)
	DropAsks(ctx context.Context, before time.Time) error

	PutFacts(ctx context.Context, facts []ledger.Fact) error
	Facts(ctx context.Context, device custody.DeviceID) ([]ledger.Fact, error)
	Observed(ctx context.Context) (map[custody.DeviceID]map[string]time.Time, error)
}

// Options are what a desk is made of. Store, Nudge and Kinds are needed.
type Options struct {
	Store Store
	// Nudge asks a device to connect.
	Nudge    func(ctx context.Context, id custody.DeviceID) error
	Kinds    Kinds
	Schedule Schedule // zero: nothing is asked but by people
	// Queued: what is handed over waits in another server's queue, and cannot be
	// kept to its hand-over. Nothing personal is asked then.
	Queued bool
	// WiFi is the profile that an erased iPad comes back by, which is no stranger's; may be empty.
	WiFi []byte

	Logger *slog.Logger
	// Count is told of things worth counting: a name of a few words in snake case.
	Count func(name string)
	Now   func() time.Time
	NewID func() string // as [NewID]
}

// Desk keeps the errands and the facts. Any number of servers may have one over
// the same ledger.
type Desk struct {
	Options
	urgent chan custody.DeviceID // asked by a person
	calm   chan custody.DeviceID // asked by the schedule

	mu       sync.Mutex
	heard    map[factKey]ledger.Fact        // on their way to the ledger
	seen     map[custody.DeviceID]time.Time // when a device's connecting was last noted
	watching map[custody.DeviceID]map[chan struct{}]bool
}

type factKey struct {
	device custody.DeviceID
	kind   string
}

const (
	// lookup bounds what a connect waits for: a device is answered without an
	// errand rather than late.
	lookup = 2 * time.Second
	// notNowFor is how long an errand waits after a NotNow.
	notNowFor = time.Minute
	// maxHeard bounds the facts that wait for the ledger.
	maxHeard = 20_000
	// Overtaken is the outcome of an errand that was out when its hand-over ended.
	Overtaken = "Overtaken"
)

// New returns a desk; [Desk.Run] does its background work.
func New(o Options) (*Desk, error) {
	if o.Store == nil || o.Nudge == nil || len(o.Kinds) == 0 {
		return nil, errors.New("errand: a store, a nudge and kinds are all needed")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Count == nil {
		o.Count = func(string) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = NewID
	}
	return &Desk{
		Options: o, urgent: make(chan custody.DeviceID, 256), calm: make(chan custody.DeviceID, batch),
		heard: map[factKey]ledger.Fact{}, seen: map[custody.DeviceID]time.Time{}, watching: map[custody.DeviceID]map[chan struct{}]bool{},
	}, nil
}

// Ask is something to be asked of a device.
type Ask struct {
	Device  custody.DeviceID
	Kind    string
	Params  []byte // what the kind's command is made from; kept sealed
	Rank    int
	By      string // who asks; empty: the schedule
	Expires time.Time
}

// Ask keeps an errand, asks the device to connect, and returns what is kept:
// the one that waits already, where the same was asked before. A device that
// is not enrolled is refused with a sentence; ErrNotFound for an unknown device
// or kind, ErrConflict without an expiry or where too much waits.
func (d *Desk) Ask(ctx context.Context, a Ask) (ledger.Ask, error) {
	kept, err := d.put(ctx, a)
	if err != nil {
		return ledger.Ask{}, err
	}
	queue := d.calm
	if a.Rank <= RankPerson {
		queue = d.urgent
	}
	d.call(queue, a.Device)
	d.tell(a.Device)
	return kept, nil
}

func (d *Desk) put(ctx context.Context, a Ask) (ledger.Ask, error) {
	switch k, ok := d.Kinds.of(a.Kind); {
	case !ok:
		return ledger.Ask{}, unknownKind(a.Kind)
	case k.Personal && d.Queued:
		return ledger.Ask{}, &custody.Refusal{Code: custody.RefusedOther,
			Sentence: "This cannot be asked here: the iPads get their commands from another server's queue, and it could reach the next person. Ask it at that server."}
	}
	row, err := d.Store.Custody(ctx, a.Device)
	if err != nil {
		return ledger.Ask{}, fmt.Errorf("reading custody of %s: %w", a.Device, err)
	}
	if row.Enrolment == "" || row.State == custody.Enrolling || row.State == custody.Retired {
		return ledger.Ask{}, &custody.Refusal{Code: custody.RefusedUnavailable,
			Sentence: "This iPad is not enrolled, so it cannot be asked. Enrol it first."}
	}
	kept, err := d.Store.PutAsk(ctx, ledger.Ask{
		ID: d.NewID(), Device: a.Device, Kind: a.Kind, Params: a.Params, Epoch: row.Epoch, Rank: a.Rank, By: a.By,
		Asked: d.Now(), Expires: a.Expires,
	})
	if err != nil {
		return ledger.Ask{}, fmt.Errorf("asking %s of %s: %w", a.Kind, a.Device, err)
	}
	return kept, nil
}

// Next returns the command of the errand that a connected device gets, or nil.
// Its hand-over is recorded before it is returned. Idle says that the device
// reported Idle. Whatever fails here costs the device nothing: it is answered
// without an errand, and the errand waits.
func (d *Desk) Next(ctx context.Context, c custody.Custody, idle bool) *plan.Command {
	if !Free(c) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookup)
	defer cancel()
	cmd, err := d.next(ctx, c, idle)
	if err != nil && !errors.Is(err, custody.ErrStale) { // another connection of the device was faster
		d.failed("next", c.Device, err)
	}
	return cmd
}

func (d *Desk) next(ctx context.Context, c custody.Custody, idle bool) (*plan.Command, error) {
	now := d.Now()
	asks, err := d.Store.WaitingAsks(ctx, c.Device, now)
	if err != nil || len(asks) == 0 {
		return nil, err
	}
	ch := choose(d.Kinds, asks, c, idle, now)
	for _, a := range ch.overtook {
		a.Answered, a.Outcome, a.Says = now, Overtaken, "The iPad was handed over before it answered."
		if err := d.Store.AnswerAsk(ctx, a); err != nil {
			return nil, err
		}
	}
	if !ch.found {
		return nil, nil
	}
	body, err := d.encode(ctx, ch.ask, c)
	if err != nil {
		return nil, err
	}
	if !ch.again {
		if err := d.Store.HandOverAsk(ctx, c.Device, ch.ask.ID, now); err != nil {
			return nil, err
		}
		if left, err := d.overtaken(ctx, ch.ask, c); err != nil || left {
			return nil, err
		}
	}
	return &plan.Command{UUID: ch.ask.ID, Request: ch.ask.Kind, Step: "errand", Body: body}, nil
}

// overtaken looks again once the hand-over is recorded: a lock, a wipe or
// another hand-over decided meanwhile goes first.
func (d *Desk) overtaken(ctx context.Context, a ledger.Ask, c custody.Custody) (bool, error) {
	row, err := d.Store.Custody(ctx, c.Device)
	if err != nil {
		return true, err
	}
	if Free(row) && row.Epoch == c.Epoch && fits(d.Kinds, a, row) {
		return false, nil
	}
	return true, d.Store.PostponeAsk(ctx, c.Device, a.ID, d.Now())
}

func (d *Desk) encode(ctx context.Context, a ledger.Ask, c custody.Custody) ([]byte, error) {
	policy, err := d.Store.Policy(ctx, c.Ward)
	if err != nil {
		return nil, err
	}
	k, _ := d.Kinds.of(a.Kind)
	return k.Encode(a.ID, a.Params, policy.Fleet)
}

// Owns reports whether a CommandUUID is an errand's.
func (d *Desk) Owns(command string) bool { return Owns(command) }

// Heard takes what a device reports under its present enrolment. Facts of a
// plan's report wait for the ledger's next batch; the answer to an errand is
// kept before the device is answered.
func (d *Desk) Heard(ctx context.Context, r plan.Report) {
	now := d.Now()
	if !Owns(r.Command) {
		d.keep(r.Device, r.Facts, now)
		d.dress(ctx, r)
		return
	}
	d.dress(ctx, r)
	facts := append([]plan.Fact{{Kind: plan.FactSeen, Value: true}}, r.Facts...)
	ctx, cancel := context.WithTimeout(ctx, lookup)
	defer cancel()
	if err := d.answered(ctx, r, facts, now); err != nil {
		d.failed("answer", r.Device, err)
	}
	d.tell(r.Device)
}

// answered keeps an answer, its facts first: who reads the answer finds them.
func (d *Desk) answered(ctx context.Context, r plan.Report, facts []plan.Fact, now time.Time) error {
	if r.Status == plan.StatusNotNow {
		return forgotten(d.Store.PostponeAsk(ctx, r.Device, r.Command, now.Add(notNowFor)))
	}
	if err := d.Store.PutFacts(ctx, known(r.Device, facts, now)); err != nil {
		return err
	}
	a := ledger.Ask{ID: r.Command, Device: r.Device, Answered: now, Outcome: r.Status, Says: r.ErrorText}
	if r.Status == plan.StatusAcknowledged {
		if err := d.read(ctx, &a, r); err != nil {
			return err
		}
	}
	return forgotten(d.Store.AnswerAsk(ctx, a))
}

// read adds what the ask's kind keeps of its report.
func (d *Desk) read(ctx context.Context, a *ledger.Ask, r plan.Report) error {
	asks, err := d.Store.Asks(ctx, r.Device)
	if err != nil {
		return err
	}
	for _, asked := range asks {
		k, ok := d.Kinds.of(asked.Kind)
		if asked.ID != r.Command || !ok || k.Read == nil {
			continue
		}
		if a.Result, err = k.Read(r); err != nil {
			a.Says = "The iPad's answer could not be read."
			d.failed("read", r.Device, err)
		}
	}
	return nil
}

// forgotten passes over an ask that is not awaited any more.
func forgotten(err error) error {
	if errors.Is(err, custody.ErrNotFound) {
		return nil
	}
	return err
}

func (d *Desk) failed(what string, id custody.DeviceID, err error) {
	d.Count("errand_" + what + "_failed")
	d.Logger.Info("an errand", "at", what, "device", id, "err", err)
}

func known(id custody.DeviceID, facts []plan.Fact, now time.Time) []ledger.Fact {
	list := make([]ledger.Fact, 0, len(facts))
	for _, f := range facts {
		if body, err := json.Marshal(f.Value); err == nil {
			list = append(list, ledger.Fact{Device: id, Kind: f.Kind, Observed: now, Body: body})
		}
	}
	return list
}
