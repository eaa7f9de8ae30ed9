package steward

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// Each test here breaks one protection from outside, by a decorator that the
// product has no switch for, plays the scenario that the protection is for, and
// wants the oracle to turn red. The same scenario must be green unbroken.

// red is what a failing oracle throws in these tests.
type red string

type recorder struct{}

func (recorder) Helper()             {}
func (recorder) Logf(string, ...any) {}
func (recorder) Fatalf(f string, a ...any) {
	panic(red(fmt.Sprintf(f, a...)))
}

// turnsRed plays scenario broken and whole.
func turnsRed(t *testing.T, promise string, broken wrapper, scenario func(wr wrapper)) {
	t.Helper()
	play := func(wr wrapper) (said red) {
		defer func() {
			if r := recover(); r != nil {
				var ok bool
				if said, ok = r.(red); !ok {
					panic(r)
				}
			}
		}()
		scenario(wr)
		return ""
	}
	if said := play(wrapper{}); said != "" {
		t.Fatalf("the unbroken house is red: %s", said)
	}
	said := play(broken)
	if !strings.HasPrefix(string(said), promise) {
		t.Fatalf("broken, the oracle says %q, want %s", said, promise)
	}
	t.Logf("red as it should be: %s", said)
}

// ackAsProof takes an acknowledged erase for a proven one.
type ackAsProof struct{ custody.Ledger }

func (l ackAsProof) Commit(ctx context.Context, ch custody.Change) error {
	if ch.Next.State == custody.Wiping && ch.Next.Proof.Rung == custody.ProofAcknowledged {
		ch.Next.State, ch.Next.Holder = custody.Clean, ""
	}
	return l.Ledger.Commit(ctx, ch)
}

func TestBrokenAckTakenAsProof(t *testing.T) {
	turnsRed(t, "P1", wrapper{ledger: func(l custody.Ledger) custody.Ledger { return ackAsProof{l} }}, func(wr wrapper) {
		w, p, _ := ready(recorder{}, wr)
		w.must(w.apply(0, p, custody.Claim{By: "ada"}))
		p.faulty = true // acknowledges and does not erase
		w.must(w.apply(0, p, custody.Return{By: "ada"}))
		p.connect()
		w.converse(p)
		_ = w.apply(0, p, custody.Claim{By: "ben"})
	})
}

// blindWrite commits whatever the stored version is.
type blindWrite struct{ *memory }

func (l blindWrite) Commit(ctx context.Context, ch custody.Change) error {
	now, err := l.Custody(ctx, ch.Prev.Device)
	if err != nil {
		return err
	}
	ch.Prev.Epoch, ch.Prev.Version, ch.Next.Head = now.Epoch, now.Version, now.Head
	ch.Entries = nil
	return l.memory.Commit(ctx, ch)
}

func TestBrokenNoCompareAndSetAtHandOver(t *testing.T) {
	var w *ward
	var race func()
	wrap := func(inner func(custody.Ledger) custody.Ledger) wrapper {
		return wrapper{ledger: func(l custody.Ledger) custody.Ledger {
			return spyLedger{inner(l), func(ch custody.Change) {
				if f := race; f != nil && ch.Next.Run.Step == "erase" && ch.Next.Run.Command != "" {
					race = nil
					f()
				}
			}}
		}}
	}
	scenario := func(wr wrapper) {
		if wr.ledger == nil {
			wr = wrap(func(l custody.Ledger) custody.Ledger { return l })
		}
		w = newWard(recorder{}, wr)
		p := w.pads[0]
		w.settle(p)
		w.must(w.apply(0, p, custody.Claim{By: "ada"}))
		w.must(w.apply(0, p, custody.Return{By: "ada"}))
		race = func() { w.must(w.apply(1, p, custody.Resume{By: "ada"})) }
		if cmd := w.until(p, "EraseDevice"); cmd != nil {
			w.t.Fatalf("P5: the erase left after the holder had been told that the iPad is theirs again")
		}
	}
	turnsRed(t, "P5", wrap(func(l custody.Ledger) custody.Ledger { return blindWrite{l.(crashLedger).Ledger.(*memory)} }), scenario)
}

// anyTimer lets a timer claimed for one epoch act on the next.
type anyTimer struct{ custody.Live }

func (l anyTimer) ClaimDue(ctx context.Context, n int, hold time.Duration) ([]custody.Due, error) {
	return l.Live.ClaimDue(ctx, n, hold)
}

func (l anyTimer) Restrict(ctx context.Context, r custody.Restriction) error {
	s, err := l.Session(ctx, r.Device)
	if err != nil {
		return err
	}
	r.Epoch, r.Version, r.Deadline = s.Epoch, s.Version, time.Time{}
	return l.Live.Restrict(ctx, r)
}

// TestBrokenNoEpochCheck: late reports and timers are taken for the present
// epoch's. An acknowledged proof of the last wipe then proves the next one.
func TestBrokenNoEpochCheck(t *testing.T) {
	broken := wrapper{
		live: func(l custody.Live) custody.Live { return anyTimer{l} },
		report: func(w *ward, r plan.Report) plan.Report {
			if r.Command != "" {
				r.Command = w.stores.rows[r.Device].Run.Command
			}
			return r
		},
	}
	turnsRed(t, "P1", broken, func(wr wrapper) {
		w, _, p := ready(recorder{}, wr)
		session := func(who string) {
			p.signIn(who)
			w.converse(p)
			w.must(w.apply(0, p, custody.Claim{By: who, Account: who}))
			w.must(w.apply(0, p, custody.Return{By: who}))
		}
		session("ada")
		for range 10 { // wiped to proof; the network keeps the last UserList
			p.connect()
			w.converse(p)
			w.stores.advance(time.Minute)
		}
		w.want(p, custody.Clean)
		late := p.said[len(p.said)-1]
		for i := range p.said {
			if p.said[i].report.Listed && len(p.said[i].report.Users) == 0 {
				late = p.said[i]
			}
		}
		session("ben")
		w.pull(p) // the new run's UserList leaves
		_ = w.send(0, p, late)
	})
}

// anyBucket forgets which bucket it should be talking to.
type anyBucket struct {
	custody.Live
	c *client
}

func (l anyBucket) Beat(ctx context.Context) ([]custody.BucketState, error) {
	out, err := l.Live.Beat(ctx)
	for i := range out {
		out[i].ID, out[i].Beat = l.c.expect[i], l.c.beats[i]+1
	}
	for i := range l.c.redis.buckets {
		l.c.redis.buckets[i].id = l.c.expect[i]
	}
	return out, err
}

// TestBrokenNoBucketCheck: an old copy of Redis is taken for the present one,
// and somebody's session of an earlier epoch is open in it.
func TestBrokenNoBucketCheck(t *testing.T) {
	broken := wrapper{live: func(l custody.Live) custody.Live { return anyBucket{l, l.(crashLive).Live.(*client)} }}
	turnsRed(t, "P6", broken, func(wr wrapper) {
		w, p, _ := ready(recorder{}, wr)
		w.must(w.apply(0, p, custody.Claim{By: "ada"}))
		r := w.stores.redis
		copied, beats := *r.devs[p.id], r.buckets
		w.beat(2)
		w.stores.advance(20 * time.Second)
		w.must(w.apply(0, p, custody.Return{By: "ada"}))
		w.stores.advance(80 * time.Second)
		*r.devs[p.id], r.buckets = copied, beats // restored from the old copy
		w.beat(6)
		if _, err := w.servers[1].Live.Touch(w.ctx, p.id, 1); err == nil {
			w.t.Fatalf("P6: a session that was closed is open in an old copy")
		}
	})
}
