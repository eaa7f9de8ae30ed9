package livetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/padwarden/padwarden/server/custody"
)

var valueTests = map[string]func(*testing.T, *bench){
	"values/kept and expired": testValues,
	"values/taken once":       testTakenOnce,
	"values/put if absent":    testPutIfAbsent,
	"values/count":            testCount,
}

func z(score float64, member string) redis.Z { return redis.Z{Score: score, Member: member} }

func testValues(t *testing.T, b *bench) {
	_, err := b.Get(b.ctx, "k")
	b.fails(err, custody.ErrNotFound)
	b.ok(b.Put(b.ctx, "k", []byte("one"), 2*b.Unit))
	b.ok(b.Put(b.ctx, "k", []byte("two"), 2*b.Unit))
	v, err := b.Get(b.ctx, "k")
	b.ok(err)
	b.want("the value", string(v), "two")
	b.Advance(2 * b.Unit)
	_, err = b.Get(b.ctx, "k")
	b.fails(err, custody.ErrNotFound)
	b.ok(b.Put(b.ctx, "k", []byte("three"), hold))
	b.ok(b.Delete(b.ctx, "k"))
	b.ok(b.Delete(b.ctx, "k"))
	_, err = b.Get(b.ctx, "k")
	b.fails(err, custody.ErrNotFound)
	b.fails(b.Put(b.ctx, "k", nil, 0), custody.ErrConflict) // nothing lives for ever
}

// winners counts which of 16 concurrent calls succeed; the others must fail with want.
func (b *bench) winners(do func() error, want error) int64 {
	var won atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			switch err := do(); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, want):
				b.Error(err)
			}
		})
	}
	all.Wait()
	return won.Load()
}

func testTakenOnce(t *testing.T, b *bench) {
	b.ok(b.Put(b.ctx, "nonce", []byte("x"), hold))
	n := b.winners(func() error { _, err := b.Take(b.ctx, "nonce"); return err }, custody.ErrNotFound)
	b.want("how many took the nonce", n, 1)
}

func testPutIfAbsent(t *testing.T, b *bench) {
	n := b.winners(func() error { return b.PutIfAbsent(b.ctx, "k", []byte("x"), 2*b.Unit) }, custody.ErrConflict)
	b.want("how many put it", n, 1)
	b.Advance(2 * b.Unit)
	b.ok(b.PutIfAbsent(b.ctx, "k", []byte("y"), b.Unit))
}

func testCount(t *testing.T, b *bench) {
	peek := func(want int64) {
		b.Helper()
		n, err := b.Peek(b.ctx, "tries")
		b.ok(err)
		b.want("the count", n, want)
	}
	peek(0)
	n := b.winners(func() error { _, err := b.Count(b.ctx, "tries", 4*b.Unit); return err }, nil)
	b.want("how many counted", n, 16)
	peek(16)
	b.Advance(2 * b.Unit)
	n, err := b.Count(b.ctx, "tries", 4*b.Unit)
	b.ok(err)
	b.want("the count", n, 17)
	b.Advance(2 * b.Unit) // the window began with the first count
	peek(0)
	_, err = b.Count(b.ctx, "tries", hold)
	b.ok(err)
	b.ok(b.Forget(b.ctx, "tries"))
	peek(0)
	_, err = b.Count(b.ctx, "tries", 0)
	b.fails(err, custody.ErrConflict)
}
