// Package live keeps session state in Redis: who is signed in at which iPad,
// the last touch, the deadlines, the wakes, the feed that pages follow, and
// small short-lived values. It can be lost without harm: custody is in the
// ledger, and whatever is lost here comes back closed.
//
// Devices are spread over [custody.Buckets] buckets. A bucket is one hash tag,
// so its keys share a Redis Cluster slot, and every script touches one bucket:
//
//	gen:{bNN}          hash: id and beat of the bucket
//	dev:{bNN}:<id>     hash: the session, and of the row what scripts decide by
//	row:{bNN}:<id>     hash: the whole mirrored row and the lock command
//	wake:{bNN}         sorted set: device by the time (ms) it must be looked at
//	feed:{bNN}         stream, about the last 1,000 changes
//	members:{bNN}      set: the devices that have keys in the bucket
//	push:{bNN}:<id>    the mirrored push record
//	owed:{bNN}:<id>    list: history entries to be written before the next change
//	kv:{bNN}:<key>     short-lived values: cookies, nonces, challenges
//	count:{bNN}:<key>  counters within a window
//
// dev and row are written together. They are two keys because Redis keeps a
// hash of short values in one piece, which makes touches and claims quick.
//
// A script that names a device first checks that the bucket has the id that
// was last adopted and no lower a beat than SQL knows, reads Redis' TIME, checks everything else, and only then
// writes, because a Lua error takes nothing back. A server's own clock decides
// nothing. What another bucket or an old copy holds never counts: [Live.Adopt]
// drops it, except for owed history, which is true whatever happened to
// Redis. Values and counters (kv, count) belong to no device and are not
// checked; they carry an expiry from birth.
//
// Commands are never repeated blindly: a client that cannot tell whether a
// write arrived says [custody.ErrUnavailable].
package live

import (
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/padwarden/padwarden/server/custody"
)

var _ custody.Live = (*Live)(nil)

// Live is the session state in one Redis. It is safe for concurrent use; make
// one with [Open].
type Live struct {
	rdb      redis.UniversalClient
	gather   *gatherer // nil: each command goes by itself
	log      *slog.Logger
	trial    *trial // nil: another process's
	inMemory bool   // it has no CONFIG

	expected [custody.Buckets]atomic.Pointer[custody.BucketState] // what scripts check
	turn     atomic.Uint64                                        // where the next sweep begins
	hub      *hub
	poll     time.Duration
	follows  atomic.Bool
}

// expect returns the id that a bucket must have, "" while none is known, and
// the least beat: one that is lower is an old copy's.
func (l *Live) expect(bucket int) (id string, beat int64) {
	if s := l.expected[bucket].Load(); s != nil {
		return s.ID, s.Beat
	}
	return "", 0
}
