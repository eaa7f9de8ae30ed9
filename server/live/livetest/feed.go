package livetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/live"
)

var feedTests = map[string]func(*testing.T, *bench){
	"feed/fans out":       testFeedFansOut,
	"feed/each change":    testFeedKinds,
	"feed/slow viewer":    testSlowViewer,
	"feed/adopted bucket": testFeedAdopted,
	"feed/overrun":        testFeedOverrun,
}

const ghost = custody.DeviceID("DMPX0000")

// follow runs the reader, and returns once it has its place in the feed.
func (b *bench) follow() {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Follow(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			b.Errorf("following ended with %v", err)
		}
	})
	ch, stop := b.SubscribeDevice(ghost)
	defer stop()
	for {
		b.ok(b.Say(b.ctx, ghost, "nowhere", "begin"))
		select {
		case <-ch:
			return
		case <-time.After(10 * time.Millisecond):
		case <-b.ctx.Done():
			b.Fatal("the reader did not begin")
		}
	}
}

// hears waits until all of ids have arrived, and fails if others do.
func (b *bench) hears(ch <-chan []custody.DeviceID, ids ...custody.DeviceID) {
	b.Helper()
	missing := slices.Clone(ids)
	for len(missing) > 0 {
		select {
		case got, open := <-ch:
			if !open {
				b.Fatal("the subscription was closed")
			}
			for _, id := range got {
				if id == ghost {
					continue
				}
				if !slices.Contains(ids, id) {
					b.Fatalf("heard of %s, which is not for this viewer", id)
				}
				missing = slices.DeleteFunc(missing, func(m custody.DeviceID) bool { return m == id })
			}
		case <-time.After(5 * time.Second):
			b.Fatalf("never heard of %v", missing)
		}
	}
}

func inWard(m custody.Mirror, id custody.DeviceID, ward string) custody.Mirror {
	m.Row.Device, m.Row.Ward = id, ward
	return m
}

func testFeedFansOut(t *testing.T, b *bench) {
	all, stopAll := b.Subscribe("")
	a, stopA := b.Subscribe("A")
	c, stopC := b.Subscribe("C")
	one, stopOne := b.SubscribeDevice("a1")
	defer stopAll()
	defer stopOne()
	b.follow()
	b.publish(inWard(b.granted(1, 1), "a1", "A"), inWard(b.granted(1, 1), "a2", "A"), inWard(b.granted(1, 1), "c1", "C"))
	b.hears(all, "a1", "a2", "c1")
	b.hears(a, "a1", "a2")
	b.hears(c, "c1")
	b.hears(one, "a1")
	b.publish(inWard(b.mirror(custody.InUse, 1, 2), "a2", "C")) // moved: both wards see it
	b.hears(a, "a2")
	b.hears(c, "a2")
	stopA()
	if _, open := <-a; open {
		b.Fatal("a cancelled subscription is still open")
	}
	stopA()
	stopC()
	b.fails(b.Follow(b.ctx), custody.ErrConflict)
}

func testFeedKinds(t *testing.T, b *bench) {
	ch, stop := b.SubscribeDevice(ipad)
	defer stop()
	b.follow()
	b.publish(b.granted(1, 1))
	b.hears(ch, ipad)
	b.publish(b.granted(1, 1)) // changes nothing
	b.touch(1)                 // no warning to take away
	b.ok(b.Say(b.ctx, ghost, "4B", "x"))
	select {
	case got := <-ch:
		b.Fatalf("heard of %v though nothing changed", got)
	case <-time.After(50 * time.Millisecond):
	}
	b.Advance(4 * b.Unit)
	b.claimNone()
	b.hears(ch, ipad) // the warning
	b.touch(1)
	b.hears(ch, ipad) // the warning is gone
	b.ok(b.Restrict(b.ctx, restriction(1, 1)))
	b.hears(ch, ipad)
	b.ok(b.Say(b.ctx, ipad, "4B", "tap"))
	b.hears(ch, ipad)
}

func testSlowViewer(t *testing.T, b *bench) {
	slow, stop := b.Subscribe("S")
	defer stop()
	quick, stopQuick := b.SubscribeDevice("last")
	defer stopQuick()
	b.follow()
	for version := int64(1); version <= 20; version++ {
		b.publish(inWard(b.mirror(custody.Clean, 1, version), device(int(version%5)), "S"))
		time.Sleep(time.Millisecond)
	}
	b.publish(inWard(b.mirror(custody.Clean, 1, 1), "last", "S"))
	b.hears(quick, "last") // the reader was not held up
	_, stopNext := b.Subscribe("another")
	stopNext() // whoever joins waits for what is being told: the slow viewer has it all now
	got := <-slow
	b.want("what the slow viewer finds", len(got), 6) // each device once
}

func testFeedAdopted(t *testing.T, b *bench) {
	ch, stop := b.SubscribeDevice(ipad)
	defer stop()
	n := custody.Bucket(string(ipad))
	feed := "feed" + wakeKey(ipad)[len("wake"):]
	b.follow()
	b.publish(b.granted(1, 1))
	b.hears(ch, ipad)
	// The bucket comes back from another machine, whose clock is behind.
	b.ok(b.Client.Del(b.ctx, feed).Err())
	b.ok(b.Adopt(b.ctx, custody.BucketState{Bucket: n, ID: "other", Beat: 99}))
	b.ok(b.Client.Do(b.ctx, "XADD", feed, "5-1", "device", string(ipad), "ward", "4B", "kind", "row").Err())
	b.hears(ch, ipad)
}

func testFeedOverrun(t *testing.T, b *bench) {
	ch, stop := b.Subscribe("4B")
	defer stop()
	b.follow()
	feed := "feed" + wakeKey(ipad)[len("wake"):]
	p := b.Client.TxPipeline()
	for range 1200 {
		p.Do(b.ctx, "XADD", feed, "*", "device", string(ipad), "ward", "4B", "kind", "row")
	}
	_, err := p.Exec(b.ctx)
	b.ok(err)
	b.hears(ch, live.Anything, ipad)
}
