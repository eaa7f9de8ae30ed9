package livetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

var owedTests = map[string]func(*testing.T, *bench){
	"owed/in order": testOwed,
	"owed/bounded":  testOwedBounded,
	"owed/moment":   testMoment,
	"owed/moments":  testMoments,
}

func testOwed(t *testing.T, b *bench) {
	var entries []custody.Entry
	for i := range 3 {
		e := custody.Entry{Device: ipad, Version: int64(i), Kind: custody.KindOwed, At: time.UnixMilli(1_772_434_800_123).UTC(), Detail: "lock"}
		b.ok(b.Owe(b.ctx, ipad, e))
		entries = append(entries, e)
	}
	got, err := b.Owed(b.ctx, ipad)
	b.ok(err)
	b.want("what is owed", got, entries)
	b.ok(b.Settle(b.ctx, ipad, 2))
	b.ok(b.Settle(b.ctx, ipad, 0))
	got, err = b.Owed(b.ctx, ipad)
	b.ok(err)
	b.want("what is left", got, entries[2:])
	b.ok(b.Settle(b.ctx, ipad, 5))
	got, err = b.Owed(b.ctx, ipad)
	b.ok(err)
	b.want("what is left", len(got), 0)
}

func testOwedBounded(t *testing.T, b *bench) {
	var err error
	n := 0
	for ; n < 1000 && err == nil; n++ {
		err = b.Owe(b.ctx, ipad, custody.Entry{Device: ipad, Detail: fmt.Sprint(n)})
	}
	b.fails(err, custody.ErrUnavailable)
	m, err := b.Now(b.ctx, ipad)
	b.ok(err)
	b.want("what is owed", m.Owed, n-1)
}

func testMoment(t *testing.T, b *bench) {
	first, err := b.Now(b.ctx, ipad)
	b.ok(err)
	b.want("what is owed", first.Owed, 0)
	b.Advance(b.Unit)
	b.ok(b.Owe(b.ctx, ipad, custody.Entry{Device: ipad}))
	second, err := b.Now(b.ctx, ipad)
	b.ok(err)
	b.want("what is owed", second.Owed, 1)
	if second.Now.Sub(first.Now) < b.Unit || second.Now.Location() != time.UTC {
		b.Fatalf("Redis' TIME went from %s to %s", first.Now, second.Now)
	}
}

func testMoments(t *testing.T, b *bench) {
	b.ok(b.Owe(b.ctx, ipad, custody.Entry{Device: ipad, Kind: custody.KindOwed}))
	before, err := b.Now(b.ctx, ipad)
	b.ok(err)
	moments, errs := b.Moments(b.ctx, []custody.DeviceID{"ANOTHER", ipad})
	for i, owed := range []int{0, 1} {
		b.ok(errs[i])
		b.want("owed", moments[i].Owed, owed)
		b.want("earlier than before", moments[i].Now.Before(before.Now), false)
	}
}
