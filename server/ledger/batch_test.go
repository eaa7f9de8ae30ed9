package ledger_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
)

// gate holds the committer in its first COMMIT, so that what a batch is made
// of can be chosen, and counts the transactions.
type gate struct {
	entered, open chan struct{}
	commits       atomic.Int32
	// then, if set, ends the nth transaction (from 2) in place of COMMIT.
	then func(n int32, commit, rollback func() error) error
}

func newGate(l *ledger.Ledger) *gate {
	g := &gate{entered: make(chan struct{}), open: make(chan struct{})}
	l.OnFinish(func(commit, rollback func() error) error {
		n := g.commits.Add(1)
		if n == 1 {
			close(g.entered)
			<-g.open
		} else if g.then != nil {
			return g.then(n, commit, rollback)
		}
		return commit()
	})
	return g
}

// batch commits first alone, and everything else in one batch after it.
func (g *gate) batch(t *testing.T, l *ledger.Ledger, first custody.Change, rest ...custody.Change) []error {
	t.Helper()
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := l.Commit(t.Context(), first); err != nil {
			t.Error(err)
		}
	})
	<-g.entered
	errs := make([]error, len(rest))
	for i, ch := range rest {
		wg.Go(func() { errs[i] = l.Commit(t.Context(), ch) })
		waitQueued(l, i+1)
	}
	close(g.open)
	wg.Wait()
	return errs
}

func waitQueued(l *ledger.Ledger, n int) {
	for l.Queued() < n {
		runtime.Gosched()
	}
}

func onBoth(t *testing.T, run func(t *testing.T, l *ledger.Ledger, rows []custody.Custody)) {
	for name, fresh := range map[string]ledgertest.Fresh{"SQLite": ledgertest.SQLite, "Postgres": ledgertest.Postgres} {
		t.Run(name, func(t *testing.T) {
			l := ledgertest.Open(t, fresh(t))
			run(t, l, ledgertest.Populate(t, l, 20))
		})
	}
}

func wantVersion(t *testing.T, l *ledger.Ledger, id custody.DeviceID, version int64) {
	t.Helper()
	if c, err := l.Custody(t.Context(), id); err != nil || c.Version != version {
		t.Fatalf("%s is at version %d (%v), want %d", id, c.Version, err, version)
	}
	if err := l.Verify(t.Context(), id); err != nil {
		t.Fatal(err)
	}
}

func TestWaitingCommitsShareOneTransaction(t *testing.T) {
	onBoth(t, func(t *testing.T, l *ledger.Ledger, rows []custody.Custody) {
		g := newGate(l)
		var rest []custody.Change
		for _, r := range rows[1:] {
			rest = append(rest, ledgertest.Advance(r, custody.KindReport))
		}
		for _, err := range g.batch(t, l, ledgertest.Advance(rows[0]), rest...) {
			if err != nil {
				t.Fatal(err)
			}
		}
		if n := g.commits.Load(); n != 2 {
			t.Fatalf("%d transactions for 1 + 19 changes", n)
		}
	})
}

func TestOneDeviceTwiceInABatch(t *testing.T) {
	onBoth(t, func(t *testing.T, l *ledger.Ledger, rows []custody.Custody) {
		g := newGate(l)
		a := ledgertest.Advance(rows[1], custody.KindReport, custody.KindHandedOver)
		b := ledgertest.Advance(a.Next, custody.KindReport) // made of what a leads to
		stale := ledgertest.Advance(rows[1], custody.KindUnproven)
		errs := g.batch(t, l, ledgertest.Advance(rows[0]), a, stale, b)
		if errs[0] != nil || !errors.Is(errs[1], custody.ErrStale) || errs[2] != nil {
			t.Fatal(errs)
		}
		if n := g.commits.Load(); n != 2 {
			t.Fatalf("%d transactions", n)
		}
		wantVersion(t, l, "D001", 3)
		if h, err := l.History(t.Context(), "D001", 0, 9); err != nil || len(h) != 3 {
			t.Fatal(h, err)
		}
	})
}

func TestABadMemberInABatch(t *testing.T) {
	onBoth(t, func(t *testing.T, l *ledger.Ledger, rows []custody.Custody) {
		// An entry that stands where the next one of D003 should go.
		if _, err := l.Raw().Exec("INSERT INTO history (device, seq, body) VALUES ('D003', 1, '{}')"); err != nil {
			t.Fatal(err)
		}
		g := newGate(l)
		var rest []custody.Change
		for _, r := range rows[1:9] {
			rest = append(rest, ledgertest.Advance(r, custody.KindReport))
		}
		for i, err := range g.batch(t, l, ledgertest.Advance(rows[0]), rest...) {
			if rest[i].Next.Device == "D003" {
				if !errors.Is(err, custody.ErrConflict) {
					t.Fatalf("the bad member got %v", err)
				}
				continue
			}
			if err != nil {
				t.Fatalf("a neighbour got %v", err)
			}
			wantVersion(t, l, rest[i].Next.Device, 2)
		}
		if c, err := l.Custody(t.Context(), "D003"); err != nil || c.Version != 1 {
			t.Fatal(c, err)
		}
	})
}

func TestCancelledBeforeItIsTakenUp(t *testing.T) {
	onBoth(t, func(t *testing.T, l *ledger.Ledger, rows []custody.Custody) {
		g := newGate(l)
		first, second := make(chan error, 1), make(chan error, 1)
		go func() { first <- l.Commit(t.Context(), ledgertest.Advance(rows[0])) }()
		<-g.entered
		ctx, cancel := context.WithCancel(t.Context())
		go func() { second <- l.Commit(ctx, ledgertest.Advance(rows[1])) }()
		waitQueued(l, 1)
		cancel()
		if err := <-second; !errors.Is(err, context.Canceled) { // answered while the first still waits
			t.Fatal(err)
		}
		close(g.open)
		if err := <-first; err != nil {
			t.Fatal(err)
		}
		if err := l.Commit(t.Context(), ledgertest.Advance(rows[2])); err != nil { // the queue has been worked off
			t.Fatal(err)
		}
		wantVersion(t, l, "D001", 1)
	})
}

func TestCancelledOnceTakenUpStillTellsTheOutcome(t *testing.T) {
	onBoth(t, func(t *testing.T, l *ledger.Ledger, rows []custody.Custody) {
		g := newGate(l)
		ctx, cancel := context.WithCancel(t.Context())
		first := make(chan error, 1)
		go func() { first <- l.Commit(ctx, ledgertest.Advance(rows[0], custody.KindReport)) }()
		<-g.entered
		cancel()
		close(g.open)
		if err := <-first; err != nil {
			t.Fatalf("a change that was written answered %v", err)
		}
		wantVersion(t, l, "D000", 2)
	})
}
