package livetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/live"
)

// Run runs the conformance suite; fresh returns an empty Redis for each test.
func Run(t *testing.T, fresh func(t testing.TB) Redis) {
	groups := []map[string]func(*testing.T, *bench){
		bucketTests, publishTests, sessionTests, restrictTests, dueTests, owedTests, valueTests, feedTests, raceTests,
	}
	for _, group := range groups {
		for name, test := range group {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				r := fresh(t)
				test(t, &bench{T: t, Redis: r, Live: Open(t, r), ctx: t.Context()})
			})
		}
	}
}

// bench is one test's Redis and the Live on it.
type bench struct {
	*testing.T
	Redis
	*live.Live
	ctx context.Context
}

const (
	ipad  = custody.DeviceID("DMPX1001")
	nurse = "n.ade"
	hold  = time.Hour // longer than any test on a real clock
)

// row is a device's row in a state.
func row(id custody.DeviceID, state custody.State, epoch, version int64) custody.Custody {
	return custody.Custody{Device: id, Ward: "4B", State: state, Epoch: epoch, Version: version, Holder: nurse,
		Since: time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)}
}

// mirror is a row with the suite's timings: warn after 3 units, lock after 6.
func (b *bench) mirror(state custody.State, epoch, version int64) custody.Mirror {
	return custody.Mirror{Row: row(ipad, state, epoch, version), Warn: 3 * b.Unit, Lock: 6 * b.Unit}
}

// granted is mirror with Grant.
func (b *bench) granted(epoch, version int64) custody.Mirror {
	m := b.mirror(custody.InUse, epoch, version)
	m.Grant = true
	return m
}

func (b *bench) publish(ms ...custody.Mirror) {
	b.Helper()
	b.ok(b.Live.Publish(b.ctx, ms...))
}

func (b *bench) session() custody.Session {
	b.Helper()
	s, err := b.Live.Session(b.ctx, ipad)
	b.ok(err)
	return s
}

func (b *bench) touch(epoch int64) custody.Session {
	b.Helper()
	s, err := b.Live.Touch(b.ctx, ipad, epoch)
	b.ok(err)
	return s
}

func (b *bench) claim() []custody.Due {
	b.Helper()
	dues, err := b.ClaimDue(b.ctx, 1000, hold)
	b.ok(err)
	return dues
}

// claimOne wants exactly one due device.
func (b *bench) claimOne() custody.Due {
	b.Helper()
	dues := b.claim()
	if len(dues) != 1 {
		b.Fatalf("%d devices are due, want 1: %+v", len(dues), dues)
	}
	return dues[0]
}

func (b *bench) claimNone() {
	b.Helper()
	if dues := b.claim(); len(dues) != 0 {
		b.Fatalf("nothing should be due: %+v", dues)
	}
}

func (b *bench) ok(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) fails(err, want error) {
	b.Helper()
	if !errors.Is(err, want) {
		b.Fatalf("got error %v, want %v", err, want)
	}
}

func (b *bench) want(what string, got, want any) {
	b.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		b.Fatalf("%s is %s, want %s", what, g, w)
	}
}
