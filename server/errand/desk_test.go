package errand

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
	"github.com/padwarden/padwarden/server/plan"
)

// ward is a desk over a real ledger with devices D000 and D001, of which the
// first is enrolled and in use at epoch 3.
type ward struct {
	*Desk
	t      *testing.T
	ledger *ledger.Ledger
	mu     sync.Mutex
	now    time.Time
	pushed []custody.DeviceID
}

func newWard(t *testing.T, change ...func(*Options)) *ward {
	t.Helper()
	w := &ward{t: t, ledger: ledgertest.Open(t, ledgertest.SQLite(t)), now: start}
	ledgertest.Populate(t, w.ledger, 2)
	o := Options{Store: w.ledger, Kinds: Housekeeping(), Now: w.clock, Nudge: func(_ context.Context, id custody.DeviceID) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.pushed = append(w.pushed, id)
		return nil
	}}
	o.Kinds["sound"] = Kind{Personal: true, Encode: o.Kinds[Ping].Encode, Read: func(r plan.Report) ([]byte, error) {
		if r.MessageResult == "" {
			return nil, errors.New("it says nothing")
		}
		return []byte(r.MessageResult), nil
	}}
	for _, f := range change {
		f(&o)
	}
	var err error
	if w.Desk, err = New(o); err != nil {
		t.Fatal(err)
	}
	w.row(func(c *custody.Custody) { c.State, c.Enrolment, c.Epoch = custody.InUse, "cert", 3 })
	return w
}

func (w *ward) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *ward) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *ward) pushes() []custody.DeviceID {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]custody.DeviceID{}, w.pushed...)
}

// row changes D000's custody and returns it.
func (w *ward) row(change func(*custody.Custody)) custody.Custody {
	w.t.Helper()
	prev, err := w.ledger.Custody(w.t.Context(), "D000")
	if err != nil {
		w.t.Fatal(err)
	}
	next := prev
	next.Version++
	change(&next)
	if err := w.ledger.Commit(w.t.Context(), custody.Change{Prev: prev, Next: next}); err != nil {
		w.t.Fatal(err)
	}
	return next
}

func (w *ward) custody() custody.Custody { return w.row(func(*custody.Custody) {}) }

func (w *ward) ask(kind string, rank int) ledger.Ask {
	w.t.Helper()
	a, err := w.Ask(w.t.Context(), Ask{Device: "D000", Kind: kind, Rank: rank, By: "maria", Expires: w.clock().Add(time.Hour)})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *ward) next(c custody.Custody, idle bool) string {
	w.t.Helper()
	cmd := w.Next(w.t.Context(), c, idle)
	if cmd == nil {
		return ""
	}
	if !strings.Contains(string(cmd.Body), cmd.UUID) {
		w.t.Errorf("the command does not bear its id: %s", cmd.Body)
	}
	return cmd.UUID
}

func (w *ward) kept(kind string) ledger.Ask {
	w.t.Helper()
	asks, err := w.ledger.Asks(w.t.Context(), "D000")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, a := range asks {
		if a.Kind == kind {
			return a
		}
	}
	return ledger.Ask{}
}

func (w *ward) facts() map[string]string {
	w.t.Helper()
	list, err := w.ledger.Facts(w.t.Context(), "D000")
	if err != nil {
		w.t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range list {
		got[f.Kind] = string(f.Body)
	}
	return got
}

func report(status, command string, facts ...plan.Fact) plan.Report {
	return plan.Report{Device: "D000", Channel: plan.DeviceChannel, Enrolment: "cert", Status: status, Command: command, Facts: facts}
}

func TestFromAPingToItsAnswer(t *testing.T) {
	w := newWard(t)
	apps, ping := w.ask(Apps, RankInventory), w.ask(Ping, RankPerson)
	if again := w.ask(Ping, RankPerson); again.ID != ping.ID {
		t.Error("asked twice, it goes out twice")
	}
	changed, leave := w.Watch("D000")
	defer leave()
	c := w.custody()
	if got := w.next(c, true); got != ping.ID {
		t.Errorf("first %q", got)
	}
	if got := w.next(c, true); got != ping.ID {
		t.Errorf("its answer was lost: %q", got)
	}
	if got := w.next(c, false); got != "" {
		t.Errorf("beside the one that is out: %q", got)
	}
	w.wait(1200 * time.Millisecond)
	w.Heard(t.Context(), report(plan.StatusAcknowledged, ping.ID, plan.Fact{Kind: plan.FactBattery, Value: 0.7}))
	select {
	case <-changed:
	default:
		t.Error("nobody was told")
	}
	a := w.kept(Ping)
	if a.Outcome != plan.StatusAcknowledged || a.Answered.Sub(a.Asked) != 1200*time.Millisecond {
		t.Errorf("answered %+v", a)
	}
	if got := w.facts(); got[plan.FactBattery] != "0.7" || got[plan.FactSeen] != "true" {
		t.Errorf("facts %v", got)
	}
	if got := w.next(c, false); got != apps.ID {
		t.Errorf("then %q", got)
	}
	w.Heard(t.Context(), report(plan.StatusError, apps.ID))
	if got := w.kept(Apps); got.Outcome != plan.StatusError {
		t.Errorf("refused: %+v", got)
	}
	if got := w.next(c, true); got != "" {
		t.Errorf("with nothing left: %q", got)
	}
}

func TestANotNowFreesThePlace(t *testing.T) {
	w := newWard(t)
	first, second := w.ask(Security, RankPerson), w.ask(Apps, RankInventory)
	c := w.custody()
	w.next(c, true)
	w.Heard(t.Context(), report(plan.StatusNotNow, first.ID))
	if got := w.next(c, true); got != second.ID {
		t.Errorf("after NotNow %q", got)
	}
	w.Heard(t.Context(), report(plan.StatusAcknowledged, second.ID))
	if got := w.next(c, true); got != "" {
		t.Errorf("at once %q", got)
	}
	w.wait(notNowFor)
	if got := w.next(c, true); got != first.ID {
		t.Errorf("a minute later %q", got)
	}
}

// What a person is shown or gives belongs to the hand-over it was asked in.
func TestAPersonsErrandCrossesNoEpoch(t *testing.T) {
	w := newWard(t)
	out := w.ask("sound", RankPerson)
	if got := w.next(w.custody(), true); got != out.ID {
		t.Fatalf("got %q", got)
	}
	c := w.row(func(c *custody.Custody) { c.Epoch++ })
	if got := w.next(c, true); got != "" {
		t.Errorf("the next person got %q", got)
	}
	if a := w.kept("sound"); a.Outcome != Overtaken {
		t.Errorf("it is not over: %+v", a)
	}
	w.Heard(t.Context(), report(plan.StatusAcknowledged, out.ID))
	if a := w.kept("sound"); a.Outcome != Overtaken {
		t.Errorf("answered late: %+v", a)
	}
	ping := w.ask(Ping, RankPerson)
	c = w.row(func(c *custody.Custody) { c.Epoch++ })
	if got := w.next(c, true); got != ping.ID {
		t.Errorf("a ping is for any: %q", got)
	}
}

// overtaking lets something happen between the choice and the hand-over.
type overtaking struct {
	*ledger.Ledger
	before func()
}

func (o *overtaking) HandOverAsk(ctx context.Context, d custody.DeviceID, id string, now time.Time) error {
	if o.before != nil {
		o.before()
		o.before = nil
	}
	return o.Ledger.HandOverAsk(ctx, d, id, now)
}

func TestALockDecidedMeanwhileGoesFirst(t *testing.T) {
	o := &overtaking{}
	w := newWard(t, func(options *Options) { o.Ledger = options.Store.(*ledger.Ledger); options.Store = o })
	ping, c := w.ask(Ping, RankPerson), w.custody()
	o.before = func() { w.row(func(c *custody.Custody) { c.Run = custody.Run{ID: 9, Goal: custody.GoalLock} }) }
	if got := w.next(c, true); got != "" {
		t.Errorf("got %q", got)
	}
	c = w.row(func(c *custody.Custody) { c.Run.Done = true })
	if got := w.next(c, true); got != ping.ID {
		t.Errorf("after the lock %q", got)
	}
}

func TestAnswersAreRead(t *testing.T) {
	w := newWard(t)
	for said, want := range map[string]string{"Success": "Success", "": ""} {
		a := w.ask("sound", RankPerson)
		w.next(w.custody(), true)
		r := report(plan.StatusAcknowledged, a.ID)
		r.MessageResult = said
		w.Heard(t.Context(), r)
		if got := w.kept("sound"); string(got.Result) != want || (want == "") != (got.Says != "") || got.Answered.IsZero() {
			t.Errorf("%q: %+v", said, got)
		}
	}
	w.Heard(t.Context(), report(plan.StatusAcknowledged, uuid.NewString())) // nobody asked
}

func TestWhoCannotBeAsked(t *testing.T) {
	w := newWard(t)
	for name, row := range map[string]struct {
		ask  Ask
		want func(error) bool
	}{
		"a device that is not enrolled": {Ask{Device: "D001", Kind: Ping, Expires: start.Add(time.Hour)},
			func(err error) bool { return custody.Refused(err) == custody.RefusedUnavailable }},
		"no device":   {Ask{Device: "X", Kind: Ping, Expires: start.Add(time.Hour)}, func(err error) bool { return errors.Is(err, custody.ErrNotFound) }},
		"no kind":     {Ask{Device: "D000", Kind: "erase", Expires: start.Add(time.Hour)}, func(err error) bool { return errors.Is(err, custody.ErrNotFound) }},
		"for ever":    {Ask{Device: "D000", Kind: Ping}, func(err error) bool { return errors.Is(err, custody.ErrConflict) }},
		"in the past": {Ask{Device: "D000", Kind: Ping, Expires: start}, func(err error) bool { return errors.Is(err, custody.ErrConflict) }},
	} {
		if _, err := w.Ask(t.Context(), row.ask); !row.want(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What cannot be kept to its hand-over is not asked.
func TestNothingPersonalGoesIntoAnothersQueue(t *testing.T) {
	w := newWard(t, func(o *Options) { o.Queued = true })
	ask := Ask{Device: "D000", Kind: "sound", Expires: start.Add(time.Hour)}
	if _, err := w.Ask(t.Context(), ask); custody.Refused(err) != custody.RefusedOther {
		t.Errorf("a sound: %v", err)
	}
	w.ask(Ping, RankPerson)
}

// A sweep asks who is enrolled and free, pushes each once, and asks nobody again
// before the next turn.
func TestASweep(t *testing.T) {
	w := newWard(t, func(o *Options) { o.Schedule = DefaultSchedule() })
	sweep := func() {
		t.Helper()
		if err := w.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.row(func(c *custody.Custody) { c.State = custody.Wiping })
	sweep()
	if len(w.calm) > 0 || w.kept(Device).ID != "" {
		t.Error("a device that is being wiped was asked")
	}
	c := w.row(func(c *custody.Custody) { c.State = custody.Clean })
	sweep()
	first := w.kept(Device)
	if first.Rank != RankInventory || first.By != "" || w.kept(Apps).ID == "" || len(w.calm) != 1 {
		t.Errorf("asked %+v, %d pushes", first, len(w.calm))
	}
	if list, err := w.ledger.Asks(t.Context(), "D001"); err != nil || len(list) > 0 {
		t.Errorf("a device that is not enrolled was asked %v, %v", list, err)
	}
	sweep()
	if len(w.calm) != 1 || w.kept(Device).ID != first.ID {
		t.Error("it was asked again at once")
	}
	for range 4 {
		w.Heard(t.Context(), report(plan.StatusAcknowledged, w.next(c, true), plan.Fact{Kind: plan.FactModel, Value: "iPad"}))
	}
	if w.facts()[plan.FactModel] != `"iPad"` || w.next(c, true) != "" {
		t.Error("four kinds were not answered")
	}
	w.wait(6 * time.Hour)
	sweep()
	if again := w.kept(Device); again.ID == first.ID || len(w.calm) != 2 {
		t.Errorf("the next turn: %+v, %d pushes", again, len(w.calm))
	}
	w.wait(40 * 24 * time.Hour)
	w.Schedule = Schedule{}
	sweep()
	if w.kept(Device).ID != "" {
		t.Error("what is long past is kept")
	}
}

// Run pushes for people at once, keeps what plans' reports carry, and ends.
func TestRun(t *testing.T) {
	w := newWard(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { w.Run(ctx); close(done) }()
	w.ask(Ping, RankPerson)
	for range 500 {
		if len(w.pushes()) > 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if got := w.pushes(); len(got) != 1 || got[0] != "D000" {
		t.Errorf("pushed %v", got)
	}
	w.Heard(t.Context(), report(plan.StatusAcknowledged, "0b0d3c8a-6f3e-5d2c-9d0e-5f1c7a2b9e44", plan.Fact{Kind: plan.FactPasscode, Value: true}))
	stop()
	<-done
	if got := w.facts(); got[plan.FactPasscode] != "true" || got[plan.FactSeen] != "true" {
		t.Errorf("facts %v", got)
	}
}

// A device that polls is noted once a minute, and no poll waits for a write.
func TestPollingIsNotWritten(t *testing.T) {
	w := newWard(t)
	for range 100 {
		w.Heard(t.Context(), report(plan.StatusIdle, ""))
		if err := w.Keep(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.wait(time.Millisecond)
	}
	list, err := w.ledger.Facts(t.Context(), "D000")
	if err != nil || len(list) != 1 || !list[0].Observed.Equal(start) {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestTheCalmAreNotPushedIntoALock: the push of a schedule is for who is still free.
func TestTheCalmAreNotPushedIntoALock(t *testing.T) {
	w := newWard(t)
	w.ask(Apps, RankInventory)
	w.row(func(c *custody.Custody) { c.State = custody.Wiping })
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { w.pusher(ctx); close(done) }()
	for range 500 {
		if len(w.calm) == 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond)
	stop()
	<-done
	if got := w.pushes(); len(got) > 0 {
		t.Errorf("pushed %v", got)
	}
}
