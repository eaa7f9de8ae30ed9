package steward

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// failer is what a test and a rapid check have in common.
type failer interface {
	Helper()
	Logf(format string, a ...any)
	Fatalf(format string, a ...any)
}

// ward is two servers over shared stores, and devices whose truth is the oracle.
type ward struct {
	t       failer
	ctx     context.Context
	stores  *stores
	servers []*Steward
	crash   *crasher
	pads    []*ipad
	paused  map[int][]custody.Due // dues that a server claimed and has not worked on yet
	epochs  map[custody.DeviceID]int64
	wrapper wrapper
	ids     int
}

// wrapper lets a test break a protection from outside, by decorating a store.
type wrapper struct {
	ledger func(custody.Ledger) custody.Ledger
	live   func(custody.Live) custody.Live
	report func(w *ward, r plan.Report) plan.Report
}

type fakeDriver struct{ w *ward }

func (d fakeDriver) Nudge(context.Context, custody.DeviceID) error { return nil }

func (d fakeDriver) Inputs(ctx context.Context, c custody.Custody) (plan.Inputs, error) {
	p, err := d.w.stores.Policy(ctx, c.Ward)
	return plan.Inputs{Policy: p, Organisation: "General", ServerURL: "https://mdm.example.org", Topic: "com.apple.mgmt.External.0",
		Challenge: "challenge", KioskURL: "https://mdm.example.org/kiosk/start/secret"}, err
}

func newWard(t failer, wr wrapper) *ward {
	w := &ward{t: t, ctx: context.Background(), stores: newStores(), crash: &crasher{}, paused: map[int][]custody.Due{},
		epochs: map[custody.DeviceID]int64{}, wrapper: wr}
	w.stores.policies["kiosk"] = custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)
	w.stores.policies["shared"] = custody.DefaultPolicy(custody.SharedIPad, custody.TargetNone)
	w.stores.policies["guest"] = custody.DefaultPolicy(custody.SharedGuest, custody.TargetNone)
	apps := custody.DefaultPolicy(custody.ManagedApps, custody.TargetKioskApp)
	apps.LeastGrade, apps.ManagedApps = custody.GradeAppsRemoved, theApps
	w.stores.policies["apps"] = apps
	for _, ward := range []string{"kiosk", "shared", "guest", "apps"} {
		id := custody.DeviceID("PAD" + ward)
		w.stores.rows[id] = custody.Custody{Device: id, Ward: ward, State: custody.Enrolling, Version: 1, Since: w.stores.redis.now}
		w.pads = append(w.pads, newIPad(id, ward == "shared"))
		w.pads[len(w.pads)-1].guest = ward == "guest"
	}
	for range 2 {
		w.servers = append(w.servers, w.newServer())
	}
	w.beat(2)
	return w
}

func (w *ward) newServer() *Steward {
	var ledger custody.Ledger = crashLedger{w.stores.memory, w.crash}
	var live custody.Live = crashLive{&client{redis: w.stores.redis}, w.crash}
	if w.wrapper.ledger != nil {
		ledger = w.wrapper.ledger(ledger)
	}
	if w.wrapper.live != nil {
		live = w.wrapper.live(live)
	}
	return New(Options{Ledger: ledger, Live: live, Driver: fakeDriver{w}, Workers: 1, NewID: func() string {
		w.ids++
		return fmt.Sprint("bucket-", w.ids)
	}})
}

// beat lets every server beat n times.
func (w *ward) beat(n int) {
	for range n {
		for _, s := range w.servers {
			w.run(func() { _ = s.Reconcile(w.ctx) })
		}
	}
}

// run does f, through a crash point if one is set. A crashed server starts
// again with nothing but the stores.
func (w *ward) run(f func()) {
	if crashes(f) {
		w.crash.in = 0
		for i, s := range w.servers {
			w.servers[i] = New(s.Options)
		}
		w.paused = map[int][]custody.Due{}
	}
	w.check()
}

func (w *ward) row(p *ipad) custody.Custody { return w.stores.rows[p.id] }

// apply is a person's or the device's event at one server; who succeeds with a
// session works, and leaves data on the device.
func (w *ward) apply(server int, p *ipad, e custody.Event) error {
	err := error(errCrashed)
	w.run(func() {
		var c custody.Custody
		c, err = w.servers[server].Apply(w.ctx, p.id, e)
		if err == nil && c.State == custody.InUse {
			w.handedTo(p, c.Holder)
		}
	})
	return err
}

// handedTo is the moment of truth: somebody has the device in their hands (P1).
func (w *ward) handedTo(p *ipad, who string) {
	w.t.Helper()
	if p.lost {
		w.t.Fatalf("%s was handed to %s in Lost Mode", p.id, who)
	}
	if other, yes := p.holdsOther(who); yes {
		w.t.Fatalf("P1: %s was handed to %s while it holds data of %s", p.id, who, other)
	}
	if !p.away {
		p.work(who)
	}
}

// deliver brings message i of the device's outbox to a server, and the answer
// back. A device waits for the answer to a check-in before it makes the next.
func (w *ward) deliver(server int, p *ipad, i int, keep bool) {
	if p.outbox[i].event != nil {
		i = slices.IndexFunc(p.outbox, func(m message) bool { return m.event != nil })
	}
	m := p.outbox[i]
	p.said = append(p.said, m)
	if len(p.said) > 40 {
		p.said = p.said[1:]
	}
	err := w.send(server, p, m)
	if keep || (err != nil && m.event != nil) {
		return // a check-in that was not taken is tried again
	}
	if i = slices.IndexFunc(p.outbox, func(o message) bool { return o.n == m.n }); i >= 0 {
		p.outbox = slices.Delete(p.outbox, i, i+1)
	}
}

// send passes a message through the driver's gate: what comes under a revoked
// certificate never reaches the steward (hand-over rule 6, tested with the driver).
func (w *ward) send(server int, p *ipad, m message) (err error) {
	if m.cert < p.newest {
		return nil
	}
	p.newest = m.cert
	if m.event != nil {
		return w.apply(server, p, m.event)
	}
	r := m.report
	if w.wrapper.report != nil {
		r = w.wrapper.report(w, r)
	}
	w.run(func() {
		var cmd *plan.Command
		cmd, err = w.servers[server].Exchange(w.ctx, r, nil)
		if err == nil && cmd != nil && !p.away && r.Enrolment == p.cert {
			p.inbox = append(p.inbox, *cmd)
		}
	})
	return err
}

// execute lets the device carry out its oldest command (P5: never against
// another epoch's holder).
func (w *ward) execute(p *ipad) {
	w.t.Helper()
	c := w.row(p)
	cmd, ok := p.execute()
	if !ok {
		return
	}
	destructive := cmd.Request == "EraseDevice" || cmd.Request == "LogOutUser" || cmd.Request == "DeleteUser" || cmd.Request == "RemoveApplication"
	if destructive && c.State == custody.InUse && c.Risk.Command != cmd.UUID {
		w.t.Fatalf("P5: %s %s of an earlier epoch was executed on %s while %s uses it", cmd.Request, cmd.UUID, p.id, c.Holder)
	}
	w.check()
}

// sweep claims what is due at one server; pause leaves it claimed for later.
func (w *ward) sweep(server int, pause bool) {
	var dues []custody.Due
	w.run(func() { dues, _ = w.servers[server].Live.ClaimDue(w.ctx, 100, 5*time.Second) })
	w.paused[server] = append(w.paused[server], dues...)
	if !pause {
		w.resumeSweep(server)
	}
}

func (w *ward) resumeSweep(server int) {
	dues := w.paused[server]
	delete(w.paused, server)
	w.run(func() { w.servers[server].wake(w.ctx, dues...) })
}

// wake is a sweep of some devices, up to the ledger.
func (s *Steward) wake(ctx context.Context, dues ...custody.Due) {
	if len(dues) > 0 {
		s.together(ctx, dues)
	}
}

// check is the oracle, asked after every action.
func (w *ward) check() {
	w.t.Helper()
	for _, p := range w.pads {
		c := w.row(p)
		if c.Epoch < w.epochs[p.id] {
			w.t.Fatalf("the epoch of %s fell from %d to %d", p.id, w.epochs[p.id], c.Epoch)
		}
		w.epochs[p.id] = c.Epoch
		if c.State == custody.Clean && w.dirty(p) {
			w.t.Fatalf("P1: %s is offered as clean and holds %v", p.id, p.data)
		}
		if i := custody.VerifyChain(w.stores.entries[p.id], c.Head); i >= 0 {
			w.t.Fatalf("P4: the history of %s breaks at entry %d", p.id, i)
		}
	}
}

// dirty: somebody's data is on it, and not only that of a sign-in which the
// servers have yet to be told of.
func (w *ward) dirty(p *ipad) bool {
	untold := map[string]bool{}
	for _, m := range p.outbox {
		if e, ok := m.event.(custody.AppleSignIn); ok {
			untold[e.Account] = true
		}
	}
	for d := range p.data {
		if !untold[d] {
			return true
		}
	}
	return false
}

// settle lets a device and the servers go on without faults until it is clean,
// with a manager who wipes what is stuck: every state has a way out.
func (w *ward) settle(p *ipad) {
	w.t.Helper()
	p.faulty = false
	for range 400 {
		c := w.row(p)
		if c.State == custody.Clean && len(p.outbox) == 0 && !w.dirty(p) {
			return
		}
		w.nextMove(p, c)
		w.stores.advance(20 * time.Second)
		w.beat(1)
		for i := range w.servers {
			w.sweep(i, false)
		}
		w.converse(p)
	}
	c := w.row(p)
	entries := w.stores.entries[p.id]
	for _, e := range entries[max(0, len(entries)-15):] {
		w.t.Logf("%s v%d run %d %s %s: %s", e.At.Format(time.TimeOnly), e.Version, e.Run, e.State, e.Kind, e.Detail)
	}
	w.t.Fatalf("%s found no way out of %s (%s %q); run %+v; it holds %v, users %v, away=%v, inbox %v, outbox %v",
		p.id, c.State, c.Cause, c.Reason, c.Run, p.data, p.users, p.away, p.inbox, p.outbox)
}

// nextMove is what people and the device would do by themselves.
func (w *ward) nextMove(p *ipad, c custody.Custody) {
	if p.away {
		p.enrol()
	}
	switch c.State {
	case custody.InUse:
		_ = w.apply(0, p, custody.Return{By: c.Holder})
	case custody.Locked, custody.Unproven:
		_ = w.apply(0, p, custody.Wipe{By: "manager"})
	case custody.Lost:
		_ = w.apply(0, p, custody.Found{By: "manager"})
	case custody.Retired:
		_ = w.apply(0, p, custody.Reinstate{By: "manager"})
	case custody.Clean:
		if p.user != "" && len(p.outbox) == 0 { // its sign-in was never told: it says so when it connects
			p.say(message{event: custody.AppleSignIn{Enrolment: p.cert, Account: p.user}})
		}
	}
	p.connect()
}

// converse delivers and executes until there is nothing more to say.
func (w *ward) converse(p *ipad) {
	for range 30 {
		if len(p.outbox) == 0 && len(p.inbox) == 0 {
			return
		}
		for n := len(p.outbox); n > 0; n-- {
			w.deliver(0, p, 0, false)
		}
		w.execute(p)
	}
}

var errCrashed = errors.New("the server crashed")
