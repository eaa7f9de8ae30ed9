package livetest

import (
	"fmt"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
)

var sessionTests = map[string]func(*testing.T, *bench){
	"touch/moves deadlines":  testTouchMoves,
	"touch/too late":         testTouchTooLate,
	"touch/other epoch":      testTouchEpoch,
	"touch/other version":    testTouchVersion,
	"touch/no idle deadline": testNoDeadline,
	"touch/warned again":     testWarnAgainEarly,
	"push/record":            testPushRecord,
	"scripts/flushed":        testScriptFlush,
}

func device(i int) custody.DeviceID { return custody.DeviceID(fmt.Sprintf("DMPY%06d", i)) }

func wakeKey(id custody.DeviceID) string {
	return fmt.Sprintf("wake:{b%02d}", custody.Bucket(string(id)))
}

func testTouchMoves(t *testing.T, b *bench) {
	b.publish(b.granted(2, 5))
	b.Advance(4 * b.Unit)
	b.claimNone() // the warning comes due, is marked, and is not handed out
	b.want("warned", b.session().Warned, true)
	s := b.touch(2)
	b.want("the touched session", s, custody.Session{Device: ipad, State: custody.InUse, Epoch: 2, Version: 5, Holder: nurse,
		Open: true, Touched: s.Now, WarnAt: s.Now.Add(3 * b.Unit), LockAt: s.Now.Add(6 * b.Unit), Now: s.Now})
	read := b.session()
	read.Now = s.Now
	b.want("the session read", read, s)
	b.Advance(3 * b.Unit) // past the first deadline
	b.claimNone()
	b.want("warned anew", b.session().Warned, true)
	b.Advance(3 * b.Unit)
	due := b.claimOne()
	b.want("the due", due, custody.Due{Device: ipad, Epoch: 2, Version: 5, Deadline: s.LockAt, Idle: true, Now: due.Now})
}

func testTouchTooLate(t *testing.T, b *bench) {
	b.publish(b.granted(2, 5))
	lockAt := b.session().LockAt
	b.Advance(6 * b.Unit) // and no sweeper came by
	_, err := b.Live.Touch(b.ctx, ipad, 2)
	b.fails(err, custody.ErrLocked)
	s := b.session()
	b.want("open", s.Open, false)
	b.want("the deadline", s.LockAt, lockAt)
}

func testTouchEpoch(t *testing.T, b *bench) {
	_, err := b.Live.Touch(b.ctx, ipad, 2)
	b.fails(err, custody.ErrNotFound)
	b.publish(b.granted(2, 5))
	before := b.session()
	b.Advance(b.Unit)
	for _, epoch := range []int64{1, 3} {
		_, err := b.Live.Touch(b.ctx, ipad, epoch)
		b.fails(err, custody.ErrStale)
	}
	b.want("the deadline", b.session().LockAt, before.LockAt)
}

func testTouchVersion(t *testing.T, b *bench) {
	_, err := b.TouchAt(b.ctx, ipad, 2, 5)
	b.fails(err, custody.ErrNotFound)
	b.publish(b.granted(2, 5))
	before := b.session()
	b.Advance(b.Unit)
	for _, version := range []int64{4, 6} {
		_, err := b.TouchAt(b.ctx, ipad, 2, version)
		b.fails(err, custody.ErrStale)
	}
	b.want("the deadline", b.session().LockAt, before.LockAt)
	s, err := b.TouchAt(b.ctx, ipad, 2, 5)
	b.ok(err)
	b.want("the deadline", b.session().LockAt, s.LockAt)
	if !s.LockAt.After(before.LockAt) {
		b.Error("the deadline has not moved")
	}
}

func testNoDeadline(t *testing.T, b *bench) {
	m := b.granted(2, 5)
	m.Warn, m.Lock = 0, 0
	b.publish(m)
	b.Advance(20 * b.Unit)
	b.claimNone()
	s := b.touch(2)
	if !s.WarnAt.IsZero() || !s.LockAt.IsZero() || s.Touched != s.Now {
		b.Fatalf("a session without idle deadlines has some: %+v", s)
	}
	m.Row.Version, m.Wake, m.Grant = 6, s.Now.Add(b.Unit), false
	b.publish(m)
	b.Advance(b.Unit)
	if due := b.claimOne(); due.Idle || !due.Deadline.Equal(m.Wake) {
		b.Fatalf("the row's own wake is not idleness: %+v", due)
	}
}

func testPushRecord(t *testing.T, b *bench) {
	_, err := b.PushRecord(b.ctx, ipad)
	b.fails(err, custody.ErrNotFound)
	b.ok(b.KeepPush(b.ctx, ipad, []byte{0, 1, 0xff}))
	record, err := b.PushRecord(b.ctx, ipad)
	b.ok(err)
	b.want("the record", record, []byte{0, 1, 0xff})
	_, err = b.Live.Session(b.ctx, ipad)
	b.fails(err, custody.ErrNotFound) // a push record alone mirrors no device
}

func testScriptFlush(t *testing.T, b *bench) {
	flush := func() { b.ok(b.Client.ScriptFlush(b.ctx).Err()) }
	flush()
	b.publish(b.granted(2, 5), custody.Mirror{Row: row("DMPX1002", custody.InUse, 1, 1)})
	flush()
	b.touch(2)
	flush()
	b.want("the due device", b.claimOne().Device, "DMPX1002")
	flush()
	states, err := b.Beat(b.ctx)
	b.ok(err)
	b.want("the beat", states[0].Beat, 2) // once, not twice
}

// After a touch the next warning may be due before the deadline that the shown
// warning was about.
func testWarnAgainEarly(t *testing.T, b *bench) {
	m := b.granted(2, 5)
	m.Warn, m.Lock = b.Unit, 20*b.Unit
	b.publish(m)
	for range 3 {
		b.Advance(b.Unit)
		b.claimNone()
		b.want("warned", b.session().Warned, true)
		b.want("warned after a touch", b.touch(2).Warned, false)
		b.claimNone()
		b.want("warned", b.session().Warned, false)
	}
}
