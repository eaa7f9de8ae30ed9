package live

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/padwarden/padwarden/server/custody"
)

// floorScript does nothing with as many keys and arguments as a touch has: what
// is left is the price of asking Redis at all.
var floorScript = redis.NewScript("return 1")

func (l *Live) touchCall(id custody.DeviceID, floor bool) (call, error) {
	s, b := touchScript, bucketOf(id)
	if floor {
		s = floorScript
	}
	return l.gated(b, s, []string{b.dev + string(id), b.wake, b.feed}, string(id), int64(1), int64(0))
}

// Floor is a Touch with the floor script.
func (l *Live) Floor(ctx context.Context, id custody.DeviceID) error {
	c, err := l.touchCall(id, true)
	if err == nil {
		_, err = l.run(ctx, c)
	}
	return err
}

// Touches touches many devices in one pipeline, or runs the floor script for each.
func (l *Live) Touches(ctx context.Context, ids []custody.DeviceID, floor bool) error {
	var calls []call
	for _, id := range ids {
		c, err := l.touchCall(id, floor)
		if err != nil {
			return err
		}
		calls = append(calls, c)
	}
	for _, r := range l.runAll(ctx, calls) {
		if r.Err() != nil {
			return r.Err()
		}
	}
	return nil
}
