package plan

import (
	"strings"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
)

const secretURL = "ftp://ipads.hospital.example/kiosk/start/not-a-real-secret"

// TestACommandThatCannotBeMadeEndsTheRun: it must not be tried for ever, and
// what people read quotes nothing of what could not be written.
func TestACommandThatCannotBeMadeEndsTheRun(t *testing.T) {
	t.Run("wipe", func(t *testing.T) {
		w := returned(t, kioskWard)
		w.unmade, w.in.KioskURL = true, secretURL
		w.drain()
		w.is(custody.Unproven)
		if !strings.Contains(w.c.Reason, "wipe again") || strings.Contains(w.c.Reason, "secret") || w.c.Cause != custody.CauseFailed {
			t.Errorf("%s: %q", w.c.Cause, w.c.Reason)
		}
		version := w.c.Version
		w.connect()
		if w.c.Version != version {
			t.Error("a run that has failed is written again at each connect")
		}
	})
	t.Run("lock", func(t *testing.T) {
		w := lockedDevice(t, kioskWard)
		w.ipad.profiles = nil
		w.unmade, w.in.KioskURL = true, secretURL
		w.drain()
		w.is(custody.Locked)
		w.lock(t, custody.LockAcknowledged, custody.ScreenOff)
		if last := w.trace[len(w.trace)-1]; !strings.Contains(last, "unconfirmed: ") || strings.Contains(last, "secret") || w.c.Run.Active() {
			t.Errorf("it ended as %q, %+v", last, w.c.Run)
		}
	})
}

// TestAFormatErrorIsARefusal: an optional step is passed over, a destructive one fails.
func TestAFormatErrorIsARefusal(t *testing.T) {
	w := lockedDevice(t, kioskWard)
	w.exchange(w.ipad.idle())
	w.answer(StatusCommandFormatError)
	w.drain()
	w.lock(t, custody.LockConfirmed, custody.Enforced)

	w = returned(t, kioskWard)
	w.until("EraseDevice")
	w.answer(StatusCommandFormatError)
	w.is(custody.Unproven)
	if !strings.Contains(w.c.Reason, "refused EraseDevice") {
		t.Errorf("%q", w.c.Reason)
	}
}
