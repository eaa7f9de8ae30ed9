package live

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/padwarden/padwarden/server/custody"
)

// The methods of this file keep short-lived values that belong to no device's
// custody: cookies, one-time nonces, challenges, counts of attempts. Losing
// them costs a tap. They check no bucket ids. Keys are stored and logged by
// Redis as they are, so a key made from a secret must be a hash of it.

// Put keeps a value under key for ttl, in place of any other.
func (l *Live) Put(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := lives(ttl); err != nil {
		return failed(err, "keeping a value")
	}
	cmd := ask(ctx, l, func(ctx context.Context, r redis.Cmdable) *redis.StatusCmd {
		return r.Set(ctx, bucketOf(key).kv+key, value, whole(ttl))
	})
	return failed(cmd.Err(), "keeping a value")
}

// PutIfAbsent keeps a value only if there is none under key: exactly one of
// many callers succeeds, the others get ErrConflict.
func (l *Live) PutIfAbsent(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := lives(ttl); err != nil {
		return failed(err, "keeping a value")
	}
	err := ask(ctx, l, func(ctx context.Context, r redis.Cmdable) *redis.StatusCmd {
		return r.SetArgs(ctx, bucketOf(key).kv+key, value, redis.SetArgs{Mode: "NX", TTL: whole(ttl)})
	}).Err()
	if errors.Is(err, redis.Nil) {
		err = custody.ErrConflict
	}
	return failed(err, "keeping a value")
}

// Get returns the value under key; ErrNotFound if there is none or it expired.
func (l *Live) Get(ctx context.Context, key string) ([]byte, error) {
	value, err := ask(ctx, l, func(ctx context.Context, r redis.Cmdable) *redis.StringCmd {
		return r.Get(ctx, bucketOf(key).kv+key)
	}).Bytes()
	return value, failed(err, "reading a value")
}

// Take returns the value under key and deletes it, atomically: of many callers
// one gets it, the others ErrNotFound.
func (l *Live) Take(ctx context.Context, key string) ([]byte, error) {
	value, err := ask(ctx, l, func(ctx context.Context, r redis.Cmdable) *redis.StringCmd {
		return r.GetDel(ctx, bucketOf(key).kv+key)
	}).Bytes()
	return value, failed(err, "taking a value")
}

// Delete drops the value under key, if there is one.
func (l *Live) Delete(ctx context.Context, key string) error {
	return failed(l.drop(ctx, bucketOf(key).kv+key), "deleting a value")
}

func (l *Live) drop(ctx context.Context, key string) error {
	return ask(ctx, l, func(ctx context.Context, r redis.Cmdable) *redis.IntCmd { return r.Del(ctx, key) }).Err()
}

// Count adds one to a counter and returns the sum. The window begins with the
// first count and is not moved by later ones; then the counter is gone.
func (l *Live) Count(ctx context.Context, key string, window time.Duration) (int64, error) {
	if err := lives(window); err != nil {
		return 0, failed(err, "counting")
	}
	v, err := l.run(ctx, call{script: countScript, keys: []string{bucketOf(key).count + key}, args: []any{span(window)}})
	if err != nil {
		return 0, failed(err, "counting")
	}
	n, _ := v.(int64)
	return n, nil
}

// Peek returns a counter without adding to it; 0 if there is none.
func (l *Live) Peek(ctx context.Context, key string) (int64, error) {
	n, err := ask(ctx, l, func(ctx context.Context, r redis.Cmdable) *redis.StringCmd {
		return r.Get(ctx, bucketOf(key).count+key)
	}).Int64()
	if errors.Is(err, redis.Nil) {
		return 0, nil
	}
	return n, failed(err, "reading a count")
}

// Forget sets a counter back to 0.
func (l *Live) Forget(ctx context.Context, key string) error {
	return failed(l.drop(ctx, bucketOf(key).count+key), "forgetting a count")
}

// lives refuses what would never expire.
func lives(ttl time.Duration) error {
	if ttl <= 0 {
		return fmt.Errorf("%w: %s is no time to live", custody.ErrConflict, ttl)
	}
	return nil
}

// whole rounds up to the ms that Redis keeps.
func whole(ttl time.Duration) time.Duration { return time.Duration(span(ttl)) * time.Millisecond }
