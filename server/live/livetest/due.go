package livetest

import (
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

var dueTests = map[string]func(*testing.T, *bench){
	"due/hidden for hold":       testHold,
	"due/row wake keeps idle":   testRowWake,
	"due/touch keeps hold":      testTouchKeepsHold,
	"due/warning with row wake": testWarnWithRow,
	"due/limit is shared":       testShare,
	"due/small limit":           testSmallLimit,
	"due/hash gone":             testHashGone,
	"due/many warnings":         testManyWarnings,
}

func testHold(t *testing.T, b *bench) {
	b.publish(b.mirror(custody.InUse, 2, 5))
	dues, err := b.ClaimDue(b.ctx, 10, 2*b.Unit)
	b.ok(err)
	b.want("the number of dues", len(dues), 1)
	b.claimNone()
	b.Advance(2 * b.Unit) // its sweeper died
	b.want("the same due", b.claimOne().Deadline, dues[0].Deadline)
	_, err = b.ClaimDue(b.ctx, 0, hold)
	b.fails(err, custody.ErrConflict)
	_, err = b.ClaimDue(b.ctx, 1, 0)
	b.fails(err, custody.ErrConflict)
}

func testRowWake(t *testing.T, b *bench) {
	m := b.granted(2, 5)
	b.publish(m)
	s := b.session()
	m = b.mirror(custody.InUse, 2, 6)
	m.Wake = s.Now.Add(2 * b.Unit)
	b.publish(m)
	b.Advance(2 * b.Unit)
	due := b.claimOne() // held for an hour, and the session's own deadlines go on
	b.want("the due", due, custody.Due{Device: ipad, Epoch: 2, Version: 6, Deadline: m.Wake, Now: due.Now})
	b.Advance(2 * b.Unit)
	b.claimNone()
	b.want("warned", b.session().Warned, true)
	b.Advance(3 * b.Unit)
	due = b.claimOne()
	b.want("the due", due, custody.Due{Device: ipad, Epoch: 2, Version: 6, Deadline: s.LockAt, Idle: true, Now: due.Now})
}

func testTouchKeepsHold(t *testing.T, b *bench) {
	m := b.granted(2, 5)
	m.Wake = time.UnixMilli(1)
	b.publish(m)
	b.want("idle", b.claimOne().Idle, false)
	b.touch(2)
	b.claimNone() // another sweeper is not given the same wake because somebody touched the screen
	m.Row.Version, m.Grant = 6, false
	b.publish(m) // a newer row is
	b.claimOne()
}

func testWarnWithRow(t *testing.T, b *bench) {
	m := b.granted(2, 5)
	b.publish(m)
	m.Row.Version, m.Grant, m.Wake = 6, false, b.session().Now.Add(3*b.Unit)
	b.publish(m)
	b.Advance(4 * b.Unit)
	b.want("idle", b.claimOne().Idle, false)
	b.want("warned", b.session().Warned, true)
	b.claimNone()
}

func testShare(t *testing.T, b *bench) {
	var ms []custody.Mirror
	for i := 0; len(ms) < 400; i++ { // one bucket is crowded, the others have a few
		id := device(i)
		if i < 256 || custody.Bucket(string(id)) == 7 {
			ms = append(ms, custody.Mirror{Row: row(id, custody.InUse, 1, 1)})
		}
	}
	b.publish(ms...)
	dues, err := b.ClaimDue(b.ctx, 2*custody.Buckets, hold)
	b.ok(err)
	b.want("the number of dues", len(dues), 2*custody.Buckets)
	from := map[int]int{}
	for _, d := range dues {
		from[custody.Bucket(string(d.Device))]++
	}
	if len(from) < custody.Buckets*3/4 {
		b.Fatalf("only %d buckets were served", len(from))
	}
	total := len(dues)
	for {
		dues := b.claim()
		if total += len(dues); len(dues) == 0 {
			break
		}
	}
	b.want("all that were due", total, len(ms))
}

func testSmallLimit(t *testing.T, b *bench) {
	b.publish(custody.Mirror{Row: row(ipad, custody.InUse, 1, 1)}, custody.Mirror{Row: row("DMPX1002", custody.InUse, 1, 1)})
	for range 2 { // wherever the sweep begins, what is due is found
		dues, err := b.ClaimDue(b.ctx, 1, hold)
		b.ok(err)
		b.want("the number of dues", len(dues), 1)
	}
	b.claimNone()
}

func testHashGone(t *testing.T, b *bench) {
	b.ok(b.Client.ZAdd(b.ctx, wakeKey(ipad), z(1, "GHOST")).Err())
	b.claimNone()
	n, err := b.Client.ZCard(b.ctx, wakeKey(ipad)).Result()
	b.ok(err)
	b.want("the number of wakes", n, 0)
}

func testManyWarnings(t *testing.T, b *bench) {
	var ms []custody.Mirror
	for i := 0; len(ms) < 4; i++ {
		if id := device(i); custody.Bucket(string(id)) == 7 {
			m := b.granted(1, 1)
			m.Row.Device = id
			ms = append(ms, m)
		}
	}
	ms[3].Warn, ms[3].Wake = 0, time.Time{}
	ms[3].Lock = 4 * b.Unit
	b.publish(ms...)
	b.Advance(4 * b.Unit)
	dues, err := b.ClaimDue(b.ctx, custody.Buckets, hold) // one place in each bucket
	b.ok(err)
	b.want("the number of dues", len(dues), 1) // behind three warnings
	b.want("the due", dues[0].Device, ms[3].Row.Device)
}
