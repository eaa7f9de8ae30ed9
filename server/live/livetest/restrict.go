package livetest

import (
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

var restrictTests = map[string]func(*testing.T, *bench){
	"restrict/closes":          testRestrictCloses,
	"restrict/other row":       testRestrictOtherRow,
	"restrict/deadline":        testRestrictDeadline,
	"restrict/again":           testRestrictAgain,
	"restrict/no deadline set": testRestrictUnlimited,
	"restrict/not in use":      testRestrictNotInUse,
	"restrict/by the claim":    testRestrictByClaim,
}

func restriction(epoch, version int64) custody.Restriction {
	return custody.Restriction{Device: ipad, Epoch: epoch, Version: version, Retry: time.Hour}
}

func testRestrictCloses(t *testing.T, b *bench) {
	b.publish(b.granted(2, 5))
	b.ok(b.Restrict(b.ctx, restriction(2, 5)))
	s := b.session()
	b.want("open", s.Open, false)
	b.want("the state", s.State, custody.Locked)
	_, err := b.Live.Touch(b.ctx, ipad, 2)
	b.fails(err, custody.ErrLocked)
	m, err := b.Live.Mirror(b.ctx, ipad)
	b.ok(err)
	b.want("the mirrored row's state", m.Row.State, custody.InUse) // SQL was not told yet
}

func testRestrictOtherRow(t *testing.T, b *bench) {
	b.fails(b.Restrict(b.ctx, restriction(2, 5)), custody.ErrStale)
	b.publish(b.granted(2, 5))
	for _, r := range []custody.Restriction{restriction(1, 5), restriction(3, 5), restriction(2, 4), restriction(2, 6)} {
		b.fails(b.Restrict(b.ctx, r), custody.ErrStale)
		b.want("open", b.session().Open, true)
	}
}

func testRestrictDeadline(t *testing.T, b *bench) {
	b.publish(b.granted(2, 5))
	r := restriction(2, 5)
	r.Deadline = b.session().LockAt
	b.fails(b.Restrict(b.ctx, r), custody.ErrStale) // not passed
	b.Advance(5 * b.Unit)
	moved := b.touch(2).LockAt
	b.Advance(b.Unit)
	b.fails(b.Restrict(b.ctx, r), custody.ErrStale) // passed, and the session's no more
	b.want("open", b.session().Open, true)
	b.Advance(5 * b.Unit)
	b.fails(b.Restrict(b.ctx, r), custody.ErrStale)
	r.Deadline = moved.Add(time.Millisecond)
	b.fails(b.Restrict(b.ctx, r), custody.ErrStale)
	r.Deadline = moved
	b.ok(b.Restrict(b.ctx, r))
	b.want("the state", b.session().State, custody.Locked)
}

func testRestrictAgain(t *testing.T, b *bench) {
	b.publish(b.granted(2, 5))
	b.Advance(6 * b.Unit)
	due := b.claimOne()
	r := custody.Restriction{Device: ipad, Epoch: due.Epoch, Version: due.Version, Deadline: due.Deadline, Retry: 2 * b.Unit}
	for range 3 { // SQL is never told: it comes back, as idle, and can be restricted again
		b.ok(b.Restrict(b.ctx, r))
		b.ok(b.Restrict(b.ctx, r))
		b.claimNone()
		b.Advance(2 * b.Unit)
		again := b.claimOne()
		b.want("the due", again, custody.Due{Device: ipad, Epoch: 2, Version: 5, Deadline: due.Deadline, Idle: true, Now: again.Now})
	}
	b.publish(b.mirror(custody.Locked, 2, 6)) // SQL was told
	b.Advance(4 * b.Unit)
	b.claimNone()
}

func testRestrictUnlimited(t *testing.T, b *bench) {
	m := b.granted(2, 5)
	m.Warn, m.Lock = 0, 0
	b.publish(m)
	r := restriction(2, 5)
	r.Retry = b.Unit
	b.ok(b.Restrict(b.ctx, r)) // the holder gave it back
	b.Advance(b.Unit)
	due := b.claimOne()
	if !due.Idle || due.Deadline.IsZero() {
		b.Fatalf("a closed session comes due as idle, with a deadline to restrict it by: %+v", due)
	}
	r.Deadline = due.Deadline
	b.ok(b.Restrict(b.ctx, r))
}

func testRestrictNotInUse(t *testing.T, b *bench) {
	b.publish(b.mirror(custody.Locked, 2, 5))
	b.ok(b.Restrict(b.ctx, restriction(2, 5)))
	s := b.session()
	b.want("the state", s.State, custody.Locked)
	r := restriction(2, 5)
	r.Deadline = s.Now
	b.fails(b.Restrict(b.ctx, r), custody.ErrStale)
	b.Advance(2 * b.Unit)
	b.claimNone()
}

// testRestrictByClaim: a session that is claimed as idle is closed, and comes
// back until a newer row is published, like one that was restricted.
func testRestrictByClaim(t *testing.T, b *bench) {
	m := b.granted(2, 5)
	b.publish(m)
	b.Advance(6 * b.Unit)
	due := b.claimOne()
	b.want("idle", due.Idle, true)
	s := b.session()
	b.want("the state", s.State, custody.Locked)
	b.want("the deadline", s.LockAt, due.Deadline)
	m.Grant = false
	b.publish(m) // by a server that lags behind
	b.want("the state", b.session().State, custody.Locked)
	b.ok(b.Restrict(b.ctx, custody.Restriction{Device: ipad, Epoch: due.Epoch, Version: due.Version, Deadline: due.Deadline, Retry: 2 * b.Unit}))
	b.Advance(2 * b.Unit)
	again := b.claimOne()
	again.Now = due.Now
	b.want("what comes back", again, due)
}
