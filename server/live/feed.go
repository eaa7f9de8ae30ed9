package live

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/padwarden/padwarden/server/custody"
)

// feedLength is about how many entries a bucket's feed keeps; see scripts/wake.lua.
const feedLength = 1000

// Say appends to the feed without a row change: somebody should look at the
// device, say because of a tap at its dock. kind is a word for logs.
func (l *Live) Say(ctx context.Context, id custody.DeviceID, ward, kind string) error {
	b := bucketOf(id)
	_, err := l.runGated(ctx, b, sayScript, []string{b.feed}, string(id), ward, kind)
	return failed(err, "telling viewers of %s", id)
}

// Follow reads the feed of all buckets until ctx ends, in one pipeline every
// Options.Poll, and hands what changed to the subscribers, coalesced. One runs
// per server; a second answers ErrConflict. While Redis cannot be read it keeps
// its place and goes on trying.
func (l *Live) Follow(ctx context.Context) error {
	if !l.follows.CompareAndSwap(false, true) {
		return fmt.Errorf("following the feed: %w", custody.ErrConflict)
	}
	defer l.follows.Store(false)
	f := follower{live: l}
	tick := time.NewTicker(l.poll)
	defer tick.Stop()
	failing := false
	for {
		err := f.poll(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if (err != nil) != failing { // one line when it begins, one when it ends
			if failing = err != nil; failing {
				l.log.Warn("the feed cannot be read; pages stand still", "error", err)
			} else {
				l.log.Info("the feed can be read again")
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// follower is the place in each bucket's feed.
type follower struct {
	live    *Live
	placed  bool
	cursors [custody.Buckets]string // id of the last entry seen
	ids     [custody.Buckets]string // the bucket that the cursor belongs to
}

func (f *follower) poll(ctx context.Context) error {
	if !f.placed {
		return f.place(ctx)
	}
	f.adopted()
	batches := make([]*redis.XMessageSliceCmd, custody.Buckets)
	_, _ = f.live.rdb.Pipelined(ctx, func(p redis.Pipeliner) error { // each reply has its own error
		for n := range batches {
			batches[n] = p.XRangeN(ctx, buckets[n].feed, "("+f.cursors[n], "+", feedLength)
		}
		return nil
	})
	changed := map[custody.DeviceID][]string{}
	var errs []error
	for n, batch := range batches {
		entries, err := batch.Result()
		if err != nil {
			errs = note(errs, failed(err, "reading the feed"))
			continue
		}
		for _, e := range entries {
			id, _ := e.Values["device"].(string)
			ward, _ := e.Values["ward"].(string)
			if wards := changed[custody.DeviceID(id)]; id != "" && !slices.Contains(wards, ward) {
				changed[custody.DeviceID(id)] = append(wards, ward)
			}
			f.cursors[n] = e.ID
		}
		if len(entries) >= feedLength { // older ones may have been trimmed unread
			changed[Anything] = nil
		}
	}
	f.live.hub.tell(changed)
	return errors.Join(errs...)
}

// adopted begins the feed of a bucket anew when it has become another one: its
// entries may be numbered from an earlier time than the old one's.
func (f *follower) adopted() {
	for n := range f.cursors {
		id, _ := f.live.expect(n)
		if id != f.ids[n] {
			if f.ids[n] != "" {
				f.cursors[n] = "0-0"
			}
			f.ids[n] = id
		}
	}
}

// place puts the cursors behind what is in the feed already: viewers begin
// with a snapshot.
func (f *follower) place(ctx context.Context) error {
	last := make([]*redis.XMessageSliceCmd, custody.Buckets)
	_, err := f.live.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for n := range last {
			last[n] = p.XRevRangeN(ctx, buckets[n].feed, "+", "-", 1)
		}
		return nil
	})
	if err != nil {
		return failed(err, "finding the end of the feed")
	}
	for n, reply := range last {
		f.cursors[n] = "0-0"
		if entries := reply.Val(); len(entries) > 0 {
			f.cursors[n] = entries[0].ID
		}
		f.ids[n], _ = f.live.expect(n)
	}
	f.placed = true
	return nil
}
