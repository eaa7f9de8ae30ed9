package livetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
)

var bucketTests = map[string]func(*testing.T, *bench){
	"bucket/unknown id":  testUnknownID,
	"bucket/other id":    testOtherID,
	"bucket/emptied":     testEmptied,
	"bucket/adopt drops": testAdoptDrops,
	"bucket/beat":        testBeat,
	"bucket/other beat":  testOthersBeat,
	"bucket/adopt twice": testAdoptTwice,
	"bucket/adopt late":  testAdoptLate,
	"bucket/old copy":    testOldCopy,
}

// named calls every method that names a device.
func (b *bench) named() map[string]error {
	errs := map[string]error{}
	note := func(name string, err error) { errs[name] = err }
	note("Publish", b.Live.Publish(b.ctx, b.granted(9, 9)))
	note("Restrict", b.Restrict(b.ctx, custody.Restriction{Device: ipad, Epoch: 9, Version: 9}))
	_, err := b.Live.Touch(b.ctx, ipad, 9)
	note("Touch", err)
	_, err = b.Live.Session(b.ctx, ipad)
	note("Session", err)
	_, err = b.Sessions(b.ctx, ipad)
	note("Sessions", err)
	_, err = b.Live.Mirror(b.ctx, ipad)
	note("Mirror", err)
	_, err = b.Now(b.ctx, ipad)
	note("Now", err)
	note("Owe", b.Owe(b.ctx, ipad, custody.Entry{Device: ipad}))
	_, err = b.Owed(b.ctx, ipad)
	note("Owed", err)
	note("Settle", b.Settle(b.ctx, ipad, 1))
	note("Say", b.Say(b.ctx, ipad, "4B", "tap"))
	note("KeepPush", b.KeepPush(b.ctx, ipad, []byte("x")))
	_, err = b.PushRecord(b.ctx, ipad)
	note("PushRecord", err)
	return errs
}

// wantLost wants every method to answer ErrLost and to leave nothing behind.
func (b *bench) wantLost() {
	b.Helper()
	before := b.keys()
	for name, err := range b.named() {
		if err == nil {
			b.Errorf("%s answered as if the bucket were the one adopted", name)
			continue
		}
		b.fails(err, custody.ErrLost)
	}
	b.want("what Redis holds", b.keys(), before)
}

func (b *bench) keys() []string {
	b.Helper()
	keys, err := b.Client.Keys(b.ctx, fmt.Sprintf("*{b%02d}*", custody.Bucket(string(ipad)))).Result()
	b.ok(err)
	slices.Sort(keys)
	return keys
}

func testUnknownID(t *testing.T, b *bench) {
	b.Live = OpenOnly(t, b.Redis)
	b.wantLost()
	_, err := b.ClaimDue(b.ctx, 10, hold)
	b.fails(err, custody.ErrLost)
}

func testOtherID(t *testing.T, b *bench) {
	n := custody.Bucket(string(ipad))
	b.publish(b.mirror(custody.InUse, 1, 1)) // due at once
	b.Expect([]custody.BucketState{{Bucket: n, ID: "another"}})
	b.wantLost()
	b.claimNone() // the other buckets are swept, this one says nothing
	b.Expect([]custody.BucketState{{Bucket: n, ID: BucketID(n)}})
	b.claimOne()
}

func testEmptied(t *testing.T, b *bench) {
	b.publish(b.granted(1, 1))
	b.ok(b.Client.FlushDB(b.ctx).Err())
	b.wantLost()
	_, err := b.ClaimDue(b.ctx, 10, hold)
	b.fails(err, custody.ErrLost)
	states, err := b.Beat(b.ctx)
	b.ok(err)
	for n, s := range states {
		b.want("the emptied bucket", s, custody.BucketState{Bucket: n})
	}
}

func testAdoptDrops(t *testing.T, b *bench) {
	entry := custody.Entry{Device: ipad, Epoch: 1, Version: 1, Kind: custody.KindOwed}
	b.publish(b.granted(1, 1))
	b.ok(b.KeepPush(b.ctx, ipad, []byte("token")))
	b.ok(b.Owe(b.ctx, ipad, entry))
	n := custody.Bucket(string(ipad))
	b.ok(b.Adopt(b.ctx, custody.BucketState{Bucket: n, ID: "new", Beat: 40}))

	_, err := b.Live.Session(b.ctx, ipad)
	b.fails(err, custody.ErrNotFound)
	_, err = b.PushRecord(b.ctx, ipad)
	b.fails(err, custody.ErrNotFound)
	owed, err := b.Owed(b.ctx, ipad)
	b.ok(err)
	b.want("what is owed", owed, []custody.Entry{entry})
	b.want("the number of keys left", len(b.keys()), 2) // gen and owed
	b.Advance(20 * b.Unit)
	b.claimNone()

	// A server that still expects the old id is told so, until it learns the new one.
	other := *b
	other.Live = OpenOnly(t, b.Redis)
	other.Expect([]custody.BucketState{{Bucket: n, ID: BucketID(n)}})
	other.wantLost()
	other.Expect([]custody.BucketState{{Bucket: n, ID: "new"}})
	other.publish(b.mirror(custody.Clean, 1, 1)) // a lower row than before: nothing remembers that one
	b.want("the state", b.session().State, custody.Clean)
}

func testBeat(t *testing.T, b *bench) {
	n := custody.Bucket(string(ipad))
	b.ok(b.Adopt(b.ctx, custody.BucketState{Bucket: n, ID: "mine", Beat: 40}))
	b.ok(b.Client.Del(b.ctx, fmt.Sprintf("gen:{b%02d}", (n+1)%custody.Buckets)).Err())
	for want := int64(41); want < 44; want++ {
		states, err := b.Beat(b.ctx)
		b.ok(err)
		b.want("the number of states", len(states), custody.Buckets)
		b.want("the beat", states[n], custody.BucketState{Bucket: n, ID: "mine", Beat: want})
		b.want("the missing bucket", states[(n+1)%custody.Buckets], custody.BucketState{Bucket: (n + 1) % custody.Buckets})
	}
}

func testAdoptTwice(t *testing.T, b *bench) {
	s := custody.BucketState{Bucket: custody.Bucket(string(ipad)), ID: "again", Beat: 3}
	b.ok(b.Adopt(b.ctx, s))
	b.ok(b.Adopt(b.ctx, s))
	b.publish(b.granted(1, 1))
	b.want("open", b.session().Open, true)
	b.fails(b.Adopt(b.ctx, custody.BucketState{Bucket: 1}), custody.ErrConflict)
	b.fails(b.Adopt(b.ctx, custody.BucketState{Bucket: custody.Buckets, ID: "x"}), custody.ErrConflict)
}

// A server that stood still in the middle of an adoption, and meanwhile was
// taken for dead, drops nothing of the bucket that another made.
func testAdoptLate(t *testing.T, b *bench) {
	n := custody.Bucket(string(ipad))
	b.ok(b.Adopt(b.ctx, custody.BucketState{Bucket: n, ID: "new", Beat: 9}))
	b.publish(b.granted(1, 1))
	for _, beat := range []int64{8, 9} {
		b.fails(b.Adopt(b.ctx, custody.BucketState{Bucket: n, ID: "late", Beat: beat}), custody.ErrStale)
	}
	b.touch(1)
	b.ok(b.Adopt(b.ctx, custody.BucketState{Bucket: n, ID: "later", Beat: 10}))
}

// An old copy has the right id and too low a beat: it neither counts nor catches up.
func testOldCopy(t *testing.T, b *bench) {
	n := custody.Bucket(string(ipad))
	b.publish(b.mirror(custody.InUse, 1, 1))
	b.Expect([]custody.BucketState{{Bucket: n, ID: BucketID(n), Beat: 7}}) // as SQL knows it; Redis is at 1
	b.wantLost()
	b.claimNone()
	for range 10 {
		states, err := b.Beat(b.ctx)
		b.ok(err)
		b.want("the old copy's beat", states[n], custody.BucketState{Bucket: n, ID: BucketID(n), Beat: 1})
	}
	b.ok(b.Adopt(b.ctx, custody.BucketState{Bucket: n, ID: "new", Beat: 8}))
	states, err := b.Beat(b.ctx)
	b.ok(err)
	b.want("the beat", states[n], custody.BucketState{Bucket: n, ID: "new", Beat: 9})
	b.publish(b.granted(1, 1))
	b.touch(1)
}

// testOthersBeat: whoever expects another id looks at a beat and leaves it, so
// that a beat that rises shows that its own servers are alive.
func testOthersBeat(t *testing.T, b *bench) {
	n := custody.Bucket(string(ipad))
	mine, err := b.Beat(b.ctx)
	b.ok(err)
	other := OpenOnly(t, b.Redis)
	other.Expect([]custody.BucketState{{Bucket: n, ID: "another"}})
	for range 3 {
		seen, err := other.Beat(b.ctx)
		b.ok(err)
		b.want("another's look", seen[n], mine[n])
	}
	next, err := b.Beat(b.ctx)
	b.ok(err)
	b.want("my beat", next[n].Beat, mine[n].Beat+1)
}
