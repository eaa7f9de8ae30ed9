package livetest

import (
	"reflect"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

var publishTests = map[string]func(*testing.T, *bench){
	"publish/only greater":               testOnlyGreater,
	"publish/whole row":                  testWholeRow,
	"publish/grant opens":                testGrantOpens,
	"publish/in use without session":     testNoSession,
	"publish/late grant mends":           testLateGrant,
	"publish/late grant of a closed one": testLateGrantClosed,
	"publish/keeps the session":          testKeepsSession,
	"publish/lagging does not reopen":    testLaggingPublish,
	"publish/other states close":         testOtherStates,
	"publish/one bad of many":            testPublishMany,
}

func testOnlyGreater(t *testing.T, b *bench) {
	steps := []struct {
		epoch, version int64
		effective      bool
	}{{1, 5, true}, {1, 4, false}, {1, 5, false}, {1, 6, true}, {0, 9, false}, {2, 1, true}, {1, 9, false}, {2, 1, false}, {2, 2, true}}
	for i, s := range steps {
		m := b.mirror(custody.Clean, s.epoch, s.version)
		m.Row.Holder = string(rune('a' + i))
		before, _ := b.Live.Mirror(b.ctx, ipad)
		b.publish(m)
		after, err := b.Live.Mirror(b.ctx, ipad)
		b.ok(err)
		if s.effective {
			b.want("the holder", after.Row.Holder, m.Row.Holder)
		} else {
			b.want("the row", after, before)
		}
	}
}

func testWholeRow(t *testing.T, b *bench) {
	m := b.mirror(custody.Wiping, 3, 7)
	m.Row.Run = custody.Run{ID: 7, Goal: custody.GoalWipe, Step: "erase", Attempt: 2, Command: "c"}
	m.Row.Proof = custody.Proof{Rung: custody.ProofHandedOver, At: map[custody.ProofRung]time.Time{
		custody.ProofHandedOver: time.UnixMilli(1_772_434_800_123).UTC()}}
	m.Row.Enrolment, m.LockCommand, m.LockUUID = "hash", []byte("<plist>\x00\xff</plist>"), "uuid"
	m.Wake = time.UnixMilli(1_999_999_999_999).UTC()
	b.publish(m)
	got, err := b.Live.Mirror(b.ctx, ipad)
	b.ok(err)
	if !reflect.DeepEqual(got, m) {
		b.Fatalf("mirrored\n%+v\nas\n%+v", m, got)
	}
	// What the next row does not have is gone.
	next := b.mirror(custody.Clean, 4, 1)
	b.publish(next)
	got, err = b.Live.Mirror(b.ctx, ipad)
	b.ok(err)
	if !reflect.DeepEqual(got, next) {
		b.Fatalf("mirrored\n%+v\nas\n%+v", next, got)
	}
	_, err = b.Live.Mirror(b.ctx, "NOBODY")
	b.fails(err, custody.ErrNotFound)
}

func testGrantOpens(t *testing.T, b *bench) {
	b.publish(b.granted(2, 5))
	s := b.session()
	b.want("the session", s, custody.Session{Device: ipad, State: custody.InUse, Epoch: 2, Version: 5, Holder: nurse, Open: true,
		Touched: s.Touched, WarnAt: s.Touched.Add(3 * b.Unit), LockAt: s.Touched.Add(6 * b.Unit), Now: s.Now})
	if s.Touched.IsZero() || s.Touched.After(s.Now) || s.Now.Location() != time.UTC || s.Now.Nanosecond()%1e6 != 0 {
		b.Fatalf("times are off: %+v", s)
	}
	b.claimNone()
	all, err := b.Sessions(b.ctx, ipad, "NOBODY")
	b.ok(err)
	b.want("the number of sessions", len(all), 1)
	b.want("the holder in the list", all[ipad].Holder, nurse)
}

func testNoSession(t *testing.T, b *bench) {
	b.publish(b.mirror(custody.InUse, 2, 5))
	s := b.session()
	b.want("open", s.Open, false)
	_, err := b.Live.Touch(b.ctx, ipad, 2)
	b.fails(err, custody.ErrLocked)
	due := b.claimOne()
	b.want("the due", due, custody.Due{Device: ipad, Epoch: 2, Version: 5, Deadline: s.LockAt, Idle: true, Now: due.Now})
	b.publish(b.mirror(custody.InUse, 2, 5)) // published again: it does not come back to life, nor into another sweeper's hands
	b.claimNone()
	b.ok(b.Restrict(b.ctx, custody.Restriction{Device: ipad, Epoch: 2, Version: 5, Deadline: due.Deadline, Retry: b.Unit}))
	b.want("the state", b.session().State, custody.Locked)

	// Its wake lost, the same row makes it due again.
	b.publish(b.mirror(custody.InUse, 3, 1))
	b.ok(b.Client.ZRem(b.ctx, wakeKey(ipad), string(ipad)).Err())
	b.publish(b.mirror(custody.InUse, 3, 1))
	b.claimOne()
}

func testLateGrant(t *testing.T, b *bench) {
	b.publish(b.mirror(custody.InUse, 2, 5)) // another server saw the row first
	b.publish(b.granted(2, 5))
	b.want("open", b.session().Open, true)
	b.claimNone()
	b.Advance(b.Unit)
	before := b.session()
	b.publish(b.granted(2, 5)) // a repeated grant is no touch
	b.want("the lock deadline", b.session().LockAt, before.LockAt)
}

func testLateGrantClosed(t *testing.T, b *bench) {
	b.publish(b.mirror(custody.InUse, 2, 5))
	b.ok(b.Restrict(b.ctx, custody.Restriction{Device: ipad, Epoch: 2, Version: 5, Retry: b.Unit}))
	b.publish(b.granted(2, 5))
	b.want("open", b.session().Open, false)
	b.want("the state", b.session().State, custody.Locked)
}

func testKeepsSession(t *testing.T, b *bench) {
	b.publish(b.granted(2, 5))
	b.Advance(b.Unit)
	touched := b.touch(2)
	b.publish(b.mirror(custody.InUse, 2, 6)) // the open plan was confirmed
	s := b.session()
	b.want("the version", s.Version, 6)
	b.want("open", s.Open, true)
	b.want("the lock deadline", s.LockAt, touched.LockAt)
	b.want("the touch", s.Touched, touched.Touched)

	b.Advance(3 * b.Unit)
	b.claimNone() // marks the warning
	b.want("warned", b.session().Warned, true)
	b.publish(b.mirror(custody.InUse, 2, 7))
	b.want("still warned", b.session().Warned, true)
	m := b.mirror(custody.InUse, 2, 8) // a new policy
	m.Warn, m.Lock = 30*b.Unit, 60*b.Unit
	b.publish(m)
	s = b.session()
	b.want("the new warning", s.WarnAt, touched.Touched.Add(30*b.Unit))
	b.want("the new deadline", s.LockAt, touched.Touched.Add(60*b.Unit))
	b.want("warned", s.Warned, false)
}

func testLaggingPublish(t *testing.T, b *bench) {
	b.publish(b.granted(2, 5))
	b.ok(b.Restrict(b.ctx, custody.Restriction{Device: ipad, Epoch: 2, Version: 5, Retry: b.Unit}))
	for version := int64(5); version < 8; version++ {
		b.publish(b.mirror(custody.InUse, 2, version))
		s := b.session()
		b.want("open", s.Open, false)
		b.want("the state", s.State, custody.Locked)
		_, err := b.Live.Touch(b.ctx, ipad, 2)
		b.fails(err, custody.ErrLocked)
	}
	b.Advance(b.Unit)
	if due := b.claimOne(); !due.Idle || due.Version != 7 {
		b.Fatalf("the closed session must come due as idle with the newest version: %+v", due)
	}
	b.publish(b.mirror(custody.Locked, 2, 8))
	b.publish(b.granted(2, 9)) // resumed
	b.want("open", b.session().Open, true)
	b.touch(2)
}

func testOtherStates(t *testing.T, b *bench) {
	b.publish(b.granted(2, 5))
	m := b.mirror(custody.Wiping, 2, 6)
	b.publish(m)
	s := b.session()
	b.want("the session", s, custody.Session{Device: ipad, State: custody.Wiping, Epoch: 2, Version: 6, Holder: nurse, Now: s.Now})
	_, err := b.Live.Touch(b.ctx, ipad, 2)
	b.fails(err, custody.ErrLocked)
	b.Advance(10 * b.Unit)
	b.claimNone()
	m.Row.Version, m.Wake = 7, b.session().Now.Add(b.Unit)
	b.publish(m)
	b.claimNone()
	b.Advance(b.Unit)
	due := b.claimOne()
	b.want("the due", due, custody.Due{Device: ipad, Epoch: 2, Version: 7, Deadline: m.Wake, Now: due.Now})
}

func testPublishMany(t *testing.T, b *bench) {
	var ms []custody.Mirror
	for i := range 600 {
		m := b.mirror(custody.Clean, 1, 1)
		m.Row.Device = device(i)
		ms = append(ms, m)
	}
	ms[17].Warn = -time.Second
	b.Expect([]custody.BucketState{{Bucket: 3, ID: "another"}})
	err := b.Live.Publish(b.ctx, ms...)
	b.fails(err, custody.ErrLost)
	b.fails(err, custody.ErrConflict)
	for i, m := range ms {
		_, err := b.Live.Session(b.ctx, m.Row.Device)
		switch {
		case custody.Bucket(string(m.Row.Device)) == 3:
			b.fails(err, custody.ErrLost)
		case i == 17:
			b.fails(err, custody.ErrNotFound)
		default:
			b.ok(err)
		}
	}
}
