package steward_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
	"github.com/padwarden/padwarden/server/live"
	"github.com/padwarden/padwarden/server/live/livetest"
	"github.com/padwarden/padwarden/server/plan"
	"github.com/padwarden/padwarden/server/steward"
)

// crowd is a hospital of many iPads over a SQLite file and a Redis of its own.
type crowd struct {
	options ledger.Options
	ledger  *ledger.Ledger
	live    *live.Live
	redis   livetest.Redis
	policy  custody.Policy
	watch   atomic.Pointer[locks]
}

// openCrowd opens the stores of an empty hospital with one ward.
func openCrowd(t testing.TB, server *livetest.Server) *crowd {
	t.Helper()
	c := &crowd{options: ledgertest.SQLite(t), policy: custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)}
	c.ledger = ledgertest.Open(t, c.options)
	if err := c.ledger.AddWard(t.Context(), ledger.Ward{ID: "4B", Name: "4B", Policy: c.policy}); err != nil {
		t.Fatal(err)
	}
	c.redis = server.Fresh(t)
	c.live = livetest.Open(t, c.redis)
	for n := range custody.Buckets { // SQL knows the buckets that are in Redis
		mine := custody.BucketState{Bucket: n, ID: livetest.BucketID(n)}
		if err := c.ledger.AdoptBucket(t.Context(), custody.BucketState{Bucket: n}, mine); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// cleanAt is a device that has been clean since then.
func cleanAt(id custody.DeviceID, at time.Time) custody.Custody {
	return custody.Custody{Device: id, Ward: "4B", State: custody.Clean, Version: 3, Since: at, Enrolment: "certificate of " + string(id)}
}

// clean loads devices first to last-1 as clean.
func (c *crowd) clean(t testing.TB, first, last int) {
	t.Helper()
	at := time.Now().Add(-time.Hour).UTC()
	changes := make([]custody.Change, 0, last-first)
	for i := first; i < last; i++ {
		changes = append(changes, custody.Change{Next: cleanAt(device(i), at)})
	}
	ledgertest.Load(t, c.options, changes)
}

// claimed loads devices first to last-1 as claimed an hour ago, with all that
// the claim's plan asked of them done, and returns their rows.
func (c *crowd) claimed(t testing.TB, first, last int) []custody.Custody {
	t.Helper()
	return c.load(t, c.claim(t, first, last))
}

// load loads devices as changes leave them, and returns their rows.
func (c *crowd) load(t testing.TB, changes []custody.Change) []custody.Custody {
	t.Helper()
	ledgertest.Load(t, c.options, changes)
	rows := make([]custody.Custody, 0, len(changes))
	for _, ch := range changes {
		rows = append(rows, ch.Next)
	}
	return rows
}

// claim are the claims of devices first to last-1, an hour ago.
func (c *crowd) claim(t testing.TB, first, last int) []custody.Change {
	t.Helper()
	at := time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)
	changes := make([]custody.Change, 0, last-first)
	for i := first; i < last; i++ {
		ch, err := c.claimOne(device(i), fmt.Sprint("clinician-", i/3), at)
		if err != nil {
			t.Fatal(err)
		}
		changes = append(changes, ch)
	}
	return changes
}

// claimOne is all that a clean device goes through at a claim.
func (c *crowd) claimOne(id custody.DeviceID, by string, at time.Time) (custody.Change, error) {
	ch := custody.Change{Prev: cleanAt(id, at)}
	ch.Next = ch.Prev
	decide := func(e custody.Event) error {
		out, err := custody.Decide(ch.Next, e, c.policy, at)
		if err == nil {
			ch.Next, ch.Entries = out.Next, append(ch.Entries, out.Entries...)
		}
		return err
	}
	if err := decide(custody.Claim{By: by}); err != nil {
		return ch, err
	}
	if p, ok := plan.Start(ch.Next, c.policy); ok {
		if err := decide(p); err != nil {
			return ch, err
		}
	}
	in, err := c.inputs()
	for report := idle(id); err == nil; {
		if p, ok := plan.Observe(ch.Next, report, in, at); ok {
			err = decide(p)
		}
		p, changed, cmd, bad := plan.Next(ch.Next, in, at)
		if changed && bad == nil && err == nil {
			err = decide(p)
		}
		if err = cmp.Or(err, bad); cmd == nil {
			break
		}
		report.Status, report.Command = plan.StatusAcknowledged, cmd.UUID
	}
	return ch, err
}

// publish opens the rows' sessions in Redis, touched now; the i-th is idle after lock(i).
func (c *crowd) publish(t testing.TB, rows []custody.Custody, lock func(i int) time.Duration) {
	t.Helper()
	i := 0
	for some := range slices.Chunk(rows, 2000) {
		ms := make([]custody.Mirror, 0, len(some))
		for _, row := range some {
			p := c.policy
			p.Lock = lock(i)
			p.Warn = p.Lock * 3 / 4 // as far before it as the policy's own
			ms = append(ms, steward.MirrorOf(row, p, true))
			i++
		}
		if err := c.live.Publish(t.Context(), ms...); err != nil {
			t.Fatal(err)
		}
	}
}

func (c *crowd) Nudge(_ context.Context, id custody.DeviceID) error {
	if l := c.watch.Load(); l != nil {
		l.nudge(id)
	}
	return nil
}

func (c *crowd) Inputs(context.Context, custody.Custody) (plan.Inputs, error) { return c.inputs() }

func (c *crowd) inputs() (plan.Inputs, error) {
	return plan.Inputs{Policy: c.policy, Organisation: "General", ServerURL: "https://mdm.example.org", Topic: "com.apple.mgmt.External.0",
		KioskURL: "https://mdm.example.org/kiosk/start/secret"}, nil
}

// idle is a device that connects, with the kiosk's profile on it.
func idle(id custody.DeviceID) plan.Report {
	return plan.Report{Device: id, Channel: plan.DeviceChannel, Enrolment: "certificate of " + string(id), Status: plan.StatusIdle,
		Profiles: []string{"com.padwarden.kiosk"}}
}

// connect lets a device come, and do what it is told until there is nothing more.
func connect(ctx context.Context, s *steward.Steward, id custody.DeviceID) error {
	r := idle(id)
	for range 20 {
		cmd, err := s.Exchange(ctx, r, nil)
		if err != nil || cmd == nil {
			return err
		}
		r.Status, r.Command = plan.StatusAcknowledged, cmd.UUID
	}
	return fmt.Errorf("%s is told more and more", id)
}

// run runs a steward as the product configures it, until stop has been called.
func (c *crowd) run(ctx context.Context) (s *steward.Steward, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	s = c.steward()
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	return s, func() { cancel(); running.Wait() }
}

func (c *crowd) steward() *steward.Steward {
	n := 0
	return steward.New(steward.Options{Ledger: watched{c.ledger, c}, Live: c.live, Driver: c, NewID: func() string { n++; return fmt.Sprint("new-", n) }})
}

// watched tells of every commit that was answered with success.
type watched struct {
	*ledger.Ledger
	crowd *crowd
}

func (w watched) Commit(ctx context.Context, ch custody.Change) error {
	err := w.Ledger.Commit(ctx, ch)
	if l := w.crowd.watch.Load(); l != nil && err == nil {
		l.committed(ch)
	}
	return err
}

// TestCrowd: a session that was loaded in bulk is in Redis and in SQL what a
// claim through the steward leaves there, but for the times and what is made of
// them.
func TestCrowd(t *testing.T) {
	server := livetest.StartServer(t)
	times := regexp.MustCompile(`\d{4}-\d\d-\d\dT[^"]+|"hash":"[^"]+"|"head":"[^"]+"`)
	show := func(c *crowd) string {
		row, err1 := c.ledger.Custody(t.Context(), device(0))
		history, err2 := c.ledger.History(t.Context(), device(0), 0, 100)
		session, err3 := c.live.Session(t.Context(), device(0))
		mirror, err4 := c.live.Mirror(t.Context(), device(0))
		if err := errors.Join(err1, err2, err3, err4, c.ledger.Verify(t.Context(), device(0))); err != nil {
			t.Fatal(err)
		}
		if session.Version != row.Version || mirror.Row.Head != row.Head || row.Run.Active() || len(mirror.LockCommand) == 0 {
			t.Errorf("SQL has %+v, live %+v and %+v", row, session, mirror)
		}
		kept, err := json.Marshal([]any{row, history, session.Open, session.Holder, session.WarnAt.Sub(session.Touched), session.LockAt.Sub(session.Touched),
			mirror.Warn, mirror.Lock, mirror.Wake.Sub(row.Opened), mirror.Row})
		if err != nil {
			t.Fatal(err)
		}
		return times.ReplaceAllString(string(kept), "…")
	}
	made, loaded := openCrowd(t, server), openCrowd(t, server)
	made.clean(t, 0, 1)
	s := made.steward()
	if _, err := s.Apply(t.Context(), device(0), custody.Claim{By: "clinician-0"}); err != nil {
		t.Fatal(err)
	}
	if err := connect(t.Context(), s, device(0)); err != nil {
		t.Fatal(err)
	}
	loaded.publish(t, loaded.claimed(t, 0, 1), func(int) time.Duration { return loaded.policy.Lock })
	if a, b := show(made), show(loaded); a != b {
		t.Errorf("claimed %s\nloaded  %s", a, b)
	}
}
