package livetest

import (
	"testing"
	"time"
)

// RunCluster runs the tests that need neither a clock nor a database of their
// own on one Redis Cluster, one after the other, emptied in between.
func RunCluster(t *testing.T, r Redis) {
	r.Unit, r.Crowd = 100*time.Millisecond, 1_000
	r.Advance = func(d time.Duration) { time.Sleep(d + time.Millisecond) }
	for name, test := range map[string]func(*testing.T, *bench){
		"bucket/adopt drops": testAdoptDrops, "bucket/beat": testBeat, "publish/whole row": testWholeRow,
		"publish/in use without session": testNoSession, "restrict/closes": testRestrictCloses,
		"touch/other epoch": testTouchEpoch, "owed/in order": testOwed, "values/count": testCount,
		"values/taken once": testTakenOnce, "feed/fans out": testFeedFansOut, "due/small limit": testSmallLimit,
		"push/record": testPushRecord, "race/four sweepers": testFourSweepers, "scripts/flushed": testScriptFlush,
	} {
		t.Run(name, func(t *testing.T) {
			if err := r.Client.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			test(t, &bench{T: t, Redis: r, Live: Open(t, r), ctx: t.Context()})
		})
	}
}
