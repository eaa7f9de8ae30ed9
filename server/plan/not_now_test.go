package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// TestNotNowThatLastsIsSaid: once, after as long as four first re-pushes, with
// what is asked and a way out; and no more once the iPad has answered.
func TestNotNowThatLastsIsSaid(t *testing.T) {
	w := outstanding(t)["shared wipe"]
	w.exchange(w.ipad.idle())
	request := w.last().Command.Request
	w.after(110 * time.Second)
	w.answer(StatusNotNow)
	if w.c.Run.Waits != "" {
		t.Errorf("said after 110 s: %s", w.c.Run.Waits)
	}
	w.after(10 * time.Second)
	version := w.c.Version
	for range 5 {
		w.answer(StatusNotNow)
		w.after(time.Minute)
	}
	if !strings.Contains(w.c.Run.Waits, request+" with NotNow each time") || !strings.Contains(w.c.Run.Waits, "restart the iPad") {
		t.Errorf("%q", w.c.Run.Waits)
	}
	if w.c.Version != version+1 {
		t.Errorf("five NotNows made %d changes", w.c.Version-version)
	}
	w.answer(StatusAcknowledged)
	if w.c.Run.Waits != "" {
		t.Errorf("still said after it was done: %s", w.c.Run.Waits)
	}
}

// TestARefusedDeletionIsSaid, where it is not over with the next look at the list.
func TestARefusedDeletionIsSaid(t *testing.T) {
	for code, says := range map[int]string{errNoSuchUser: "12071", errUserLoggedIn: "12072", errDataToSync: "has not reached iCloud", 12074: "could not delete"} {
		p := sharedWard
		p.ForceDelete = true // or 12073 ends the wipe
		w := returned(t, p)
		for range 200 {
			w.ipad.says["DeleteUser"] = []int{code}
			w.connect()
			if w.c.Run.Waits != "" && w.c.Run.Attempt > 20 {
				break
			}
			if wake := custody.Wake(w.c, p); wake.After(w.now) {
				w.now = wake
			}
		}
		if !strings.Contains(w.c.Run.Waits, says) {
			t.Errorf("%d: %q", code, w.c.Run.Waits)
		}
		if sentence := custody.Sentence(w.c); !strings.Contains(sentence, says) || strings.Contains(sentence, "needs hands") || strings.Contains(sentence, "not begun") {
			t.Errorf("%d: %q", code, sentence)
		}
		w.ipad.says["DeleteUser"] = nil
		w.drain()
		w.is(custody.Clean)
	}
	w := returned(t, sharedWard)
	w.ipad.says["DeleteUser"] = []int{errNoSuchUser}
	for w.c.Run.Active() {
		w.connect()
		if w.c.Run.Waits != "" {
			t.Fatalf("one 12071 was said: %s", w.c.Run.Waits)
		}
		if wake := custody.Wake(w.c, sharedWard); wake.After(w.now) {
			w.now = wake
		}
	}
}
