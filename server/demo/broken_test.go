package demo

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/app"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/mdm"
	"github.com/padwarden/padwarden/server/plan"
)

// These tests break one protection of the steward from outside, by decorating
// its stores, and want the observer of the promises, or a scenario, to turn red
// over the real protocols. Unbroken the same scenario must be green. The
// product has no switch for any of this.

// hospital opens one with few iPads.
func hospital(t *testing.T, prepare func(*app.App)) *Hospital {
	t.Helper()
	return hospitalAt(t, 3*time.Minute, nil, prepare)
}

// hospitalAt is one that stays open for so long at most, and holds certificates against now.
func hospitalAt(t *testing.T, long time.Duration, now func() time.Time, prepare func(*app.App)) *Hospital {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	if testing.Verbose() && os.Getenv("PADWARDEN_DEMO_LOG") != "" {
		logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	ctx, cancel := context.WithTimeout(context.Background(), long)
	h, err := Open(ctx, Options{Data: t.TempDir(), Speed: 30, Out: io.Discard, Logger: logger, perWard: 1, prepare: prepare, now: now})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := h.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	if err := h.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	return h
}

// violated returns what the observer found broken of a promise.
func (h *Hospital) violated(promise string) []string {
	var found []string
	for _, p := range h.Observer.Verdict().Promises {
		for _, v := range p.Violations {
			if p.Name == promise {
				found = append(found, v.What)
			}
		}
	}
	return found
}

// turnsRed plays a scenario unbroken and broken.
func turnsRed(t *testing.T, promise string, breaking func(*app.App), scenario func(ctx context.Context, h *Hospital) error) {
	t.Helper()
	play := func(prepare func(*app.App)) (red []string) {
		h := hospital(t, prepare)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := scenario(ctx, h); err != nil {
			red = append(red, "scenario: "+err.Error())
		}
		return append(red, h.violated(promise)...)
	}
	if red := play(func(*app.App) {}); len(red) > 0 {
		t.Fatalf("unbroken, it is red: %s", strings.Join(red, "; "))
	}
	red := play(breaking)
	if len(red) == 0 || strings.HasPrefix(red[len(red)-1], "scenario: ") {
		t.Fatalf("broken, the observer noticed nothing of %s: %s", promise, strings.Join(red, "; "))
	}
	t.Logf("red as it should be: %s", strings.Join(red, "; "))
}

type ackAsProof struct{ custody.Ledger }

func (l ackAsProof) Commit(ctx context.Context, ch custody.Change) error {
	if ch.Next.State == custody.Wiping && ch.Next.Proof.Rung == custody.ProofAcknowledged {
		ch.Next.State, ch.Next.Holder = custody.Clean, ""
	}
	return l.Ledger.Commit(ctx, ch)
}

func TestBrokenAckTakenAsProof(t *testing.T) {
	turnsRed(t, "P1", func(a *app.App) { a.Steward.Ledger = ackAsProof{a.Steward.Ledger} }, func(ctx context.Context, h *Hospital) error {
		a := h.at(0, "4E-01")
		a.d.AckNotExecute("EraseDevice")
		if _, err := a.badgeIn(ctx); err != nil {
			return err
		}
		if _, err := a.d.Page().Return(ctx); err != nil {
			return err
		}
		until(3*time.Second, func() bool { a.d.Wake(); return len(h.violated("P1")) > 0 })
		return nil
	})
}

// until polls.
func until(d time.Duration, done func() bool) {
	for deadline := time.Now().Add(d); time.Now().Before(deadline) && !done(); {
		time.Sleep(20 * time.Millisecond)
	}
}

// racing lets the holder come back at the very moment at which an erase is handed over.
type racing struct {
	custody.Ledger
	blind bool // commit whatever the stored version is
	once  *sync.Once
	back  func()
}

func (l racing) Commit(ctx context.Context, ch custody.Change) error {
	if ch.Prev.Risk.Request == "" && ch.Next.Risk.Request == "EraseDevice" && ch.Next.Holder != "" {
		l.once.Do(l.back)
		if l.blind {
			return nil // the hand-over is not fenced: the command leaves whatever the row says
		}
	}
	return l.Ledger.Commit(ctx, ch)
}

// unheard keeps from live what blind hand-overs have not written to the ledger:
// they are recorded nowhere.
type unheard struct{ custody.Live }

func (l unheard) Publish(ctx context.Context, ms ...custody.Mirror) error {
	return l.Live.Publish(ctx, slices.DeleteFunc(ms, func(m custody.Mirror) bool {
		return m.Row.Risk.Request == "EraseDevice" && m.Row.Holder != ""
	})...)
}

func TestBrokenNoCompareAndSetAtHandOver(t *testing.T) {
	t.Parallel() // it waits, most of its time
	var mu sync.Mutex
	var h *Hospital
	back := func() {
		mu.Lock()
		defer mu.Unlock()
		_, _ = h.App.Steward.Apply(context.Background(), "PW4E-01", custody.Resume{By: "c01"})
		until(3*time.Second, func() bool { // the holder has been told before the command leaves
			s, live := h.Fleet.Device("PW4E-01").Page().Shown()
			return live && s.State == "in_use" && s.Opening
		})
	}
	race := func(blind bool) func(*app.App) {
		return func(a *app.App) {
			a.Steward.Ledger = racing{a.Steward.Ledger, blind, &sync.Once{}, back}
			if blind {
				a.Steward.Live = unheard{a.Steward.Live}
			}
		}
	}
	scenario := func(ctx context.Context, now *Hospital) error {
		mu.Lock()
		h = now
		mu.Unlock()
		a := now.at(0, "4E-01")
		if _, err := a.badgeIn(ctx); err != nil {
			return err
		}
		if err := a.opens(ctx); err != nil { // so that a page that is opening is one that was resumed
			return err
		}
		if _, err := a.d.Page().Return(ctx); err != nil {
			return err
		}
		until(4*time.Second, func() bool { return len(now.violated("P5")) > 0 })
		return nil
	}
	t.Run("fenced", func(t *testing.T) {
		now := hospital(t, race(false))
		if err := scenario(context.Background(), now); err != nil || len(now.violated("P5")) > 0 {
			t.Fatalf("with the fence: %v, %v", err, now.violated("P5"))
		}
	})
	t.Run("broken", func(t *testing.T) { turnsRed(t, "P5", race(true), scenario) })
}

// anyEpoch takes every report for the outstanding attempt's.
type anyEpoch struct {
	mdm.Steward
	a *app.App
}

func (d anyEpoch) Exchange(ctx context.Context, r plan.Report, look *custody.Look) (*plan.Command, error) {
	if c, err := d.a.Ledger.Custody(ctx, r.Device); err == nil && r.Command != "" {
		r.Command = c.Run.Command
	}
	return d.a.Steward.Exchange(ctx, r, look)
}

func (d anyEpoch) Offer(ctx context.Context, id custody.DeviceID) (*plan.Command, error) {
	return d.a.Steward.Offer(ctx, id)
}

// TestBrokenNoEpochCheck: a UserList that named nobody in an earlier epoch
// arrives late, in the wipe of the next one.
func TestBrokenNoEpochCheck(t *testing.T) {
	turnsRed(t, "P1", func(a *app.App) { a.Engine.Steward = anyEpoch{a.Steward, a} }, func(ctx context.Context, h *Hospital) error {
		a := h.at(8, "CH-01")
		if err := a.signsIn(ctx); err != nil {
			return err
		}
		c, err := h.App.Ledger.Custody(ctx, "PWCH-01")
		if err != nil {
			return err
		}
		late := plan.Report{Device: "PWCH-01", Channel: plan.DeviceChannel, Enrolment: c.Enrolment, Status: plan.StatusAcknowledged,
			Command: plan.CommandID(c, "users", 1), Listed: true}
		if _, err := a.d.Page().Return(ctx); err != nil {
			return err
		}
		until(3*time.Second, func() bool {
			_, err = h.App.Engine.Steward.Exchange(ctx, late, nil)
			return len(h.violated("P1")) > 0
		})
		return err
	})
}

// sameBucket never notices that Redis was emptied: it makes the buckets anew
// and says nothing.
type sameBucket struct {
	custody.Live
	last []custody.BucketState
}

func (l *sameBucket) Beat(ctx context.Context) ([]custody.BucketState, error) {
	states, err := l.Live.Beat(ctx)
	for i := range states {
		if states[i].ID == "" && l.last != nil {
			states[i] = l.last[i]
			err = errors.Join(err, l.Live.Adopt(ctx, states[i]))
		}
		if l.last != nil {
			states[i].Beat = max(states[i].Beat, l.last[i].Beat+1)
		}
	}
	l.last = states
	return states, err
}

func TestBrokenNoBucketCheck(t *testing.T) {
	t.Parallel() // it waits, most of its time
	breaking := func(a *app.App) {
		a.Steward.Live = &sameBucket{Live: a.Steward.Live}
		a.Steward.Ledger = longAgo{a.Steward.Ledger}
	}
	turnsRed(t, "P3", breaking, func(ctx context.Context, h *Hospital) error {
		a := h.at(0, "4E-01")
		s, err := a.badgeIn(ctx)
		if err != nil {
			return err
		}
		h.redis.FlushAll()
		if _, err := a.wakes(ctx, "the lock", state("locked")); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
		defer cancel()
		back, err := a.comesBack(ctx)
		if err == nil && back.Epoch != s.Epoch {
			err = errors.New("another epoch")
		}
		return err
	})
}

// longAgo hides what changed in the last minute, as if it were longer ago.
type longAgo struct{ custody.Ledger }

func (l longAgo) Rows(ctx context.Context, d time.Duration, each func(custody.Custody) error) error {
	if d > 0 {
		return nil
	}
	return l.Ledger.Rows(ctx, d, each)
}
