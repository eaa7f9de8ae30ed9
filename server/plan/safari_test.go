package plan

import (
	"slices"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// TestSafariLock: the app lock goes with the open and comes with the lock, which
// is confirmed only when ProfileList shows it.
func TestSafariLock(t *testing.T) {
	for _, ward := range []custody.Policy{safariWard, appsSafari} {
		w := opened(t, ward)
		if !slices.Contains(w.ipad.profiles, encode.SafariLockID) {
			t.Fatal("a clean iPad is not locked to Safari")
		}
		w.drain()
		if w.c.Run.Active() || slices.Contains(w.ipad.profiles, encode.SafariLockID) {
			t.Errorf("open: %+v, %v", w.c.Run, w.ipad.profiles)
		}
		w.do(custody.Idle{Epoch: w.c.Epoch})
		w.ipad.loses = encode.SafariLockID
		w.connect()
		w.lock(t, custody.LockAcknowledged, custody.ScreenOff)
		w.ipad.loses = ""
		w.drain()
		w.lock(t, custody.LockConfirmed, custody.Enforced)
		w.do(custody.Resume{By: "a", Account: nurse})
		w.drain()
		if slices.Contains(w.ipad.profiles, encode.SafariLockID) {
			t.Error("the holder came back to a locked iPad")
		}
	}
}
