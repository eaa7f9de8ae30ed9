package plan

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// ask is the device asking for its Return to Service settings, as the steward
// answers it.
func (w *walk) ask() ([]byte, error) {
	w.t.Helper()
	p, changed, answer, err := Asked(w.c, w.in, w.now)
	if changed {
		w.do(p)
	}
	return answer, err
}

func TestAnAskingIPadIsErasedOnce(t *testing.T) {
	for name, begin := range map[string]func(failer, custody.Policy) *walk{"before the preflight": returned, "after it": erasing} {
		t.Run(name, func(t *testing.T) {
			w := begin(t, kioskWard)
			answer, err := w.ask()
			if err != nil {
				t.Fatal(err)
			}
			if !w.c.Risk.Open() || !w.c.Risk.Erase || w.c.Proof.Rung != custody.ProofHandedOver {
				t.Errorf("the answer was not handed over: %+v %+v", w.c.Risk, w.c.Proof)
			}
			version, command := w.c.Version, w.c.Run.Command
			if again, err := w.ask(); err != nil || !bytes.Equal(again, answer) || w.c.Version != version {
				t.Errorf("asked again: %v, version %d of %d", err, w.c.Version, version)
			}
			if cmd := w.exchange(w.ipad.idle()); cmd == nil || cmd.Request != "EraseDevice" || cmd.UUID != command {
				t.Errorf("one that did not erase itself is told %v, want the same erase %s", cmd, command)
			}
			w.told = nil
			w.ipad.erase()
			w.checkIn(true)
			if _, err := w.ask(); custody.Refused(err) == "" {
				t.Errorf("back from the erase, it asks again: %v", err)
			}
			w.drain()
			w.is(custody.Clean)
			if w.ipad.erased != 1 || w.count("EraseDevice") != 0 {
				t.Errorf("erased %d times; told %v", w.ipad.erased, w.steps())
			}
		})
	}
}

// TestNoOtherIPadIsAnswered: the answer is an erase, and nobody asked for one.
func TestNoOtherIPadIsAnswered(t *testing.T) {
	low := 0.05
	for name, at := range map[string]func(t *testing.T) *walk{
		"clean":  func(t *testing.T) *walk { return newWalk(t, kioskWard) },
		"in use": func(t *testing.T) *walk { return opened(t, kioskWard) },
		"locked": func(t *testing.T) *walk {
			w := opened(t, kioskWard)
			w.drain()
			w.after(time.Hour).do(custody.Idle{Epoch: w.c.Epoch})
			w.is(custody.Locked)
			return w
		},
		"its preflight waits": func(t *testing.T) *walk {
			w := returned(t, kioskWard)
			w.ipad.battery = &low
			w.connect()
			return w.after(time.Minute) // past the next look, which has not come yet
		},
		"the server knows an obstacle": func(t *testing.T) *walk {
			w := returned(t, kioskWard)
			w.in.Obstacle = "The push certificate has expired."
			return w
		},
		"no bootstrap token":     func(t *testing.T) *walk { w := returned(t, keptWard); w.in.Bootstrap = nil; return w },
		"wiped by removing apps": func(t *testing.T) *walk { return returned(t, appsWard) },
		"a Shared iPad":          func(t *testing.T) *walk { return returned(t, sharedWard) },
		"between its two check-ins": func(t *testing.T) *walk {
			w := erasing(t, kioskWard)
			w.ipad.execute(*w.until("EraseDevice"))
			w.do(custody.Authenticated{Enrolment: w.ipad.cert})
			return w
		},
		"proven": func(t *testing.T) *walk { w := returned(t, kioskWard); w.drain(); return w },
	} {
		t.Run(name, func(t *testing.T) {
			w := at(t)
			before := w.c.Version
			answer, err := w.ask()
			if answer != nil || custody.Refused(err) == "" || w.c.Version != before || err.Error() == "" {
				t.Errorf("answered %q, %v", answer, err)
			}
		})
	}
}

// TestTheAnswerIsTheErase: the same settings as EraseDevice carries, and a
// bootstrap token only where the version and the ward keep apps.
func TestTheAnswerIsTheErase(t *testing.T) {
	for _, c := range []struct {
		ward  custody.Policy
		os    string
		token bool
	}{{kioskWard, "26.0", false}, {keptWard, "26.0", true}, {keptWard, "18.2", false}} {
		w := erasing(t, c.ward)
		w.in.WiFi = []byte("the ward's network")
		var err error
		if w.in.OS, err = encode.ParseVersion(c.os); err != nil {
			t.Fatal(err)
		}
		answer, err := w.ask()
		if err != nil {
			t.Fatal(err)
		}
		b64 := base64.StdEncoding.EncodeToString
		for what, want := range map[string]bool{
			b64(w.in.WiFi): true, b64(w.in.Bootstrap): c.token, "MDMProfileData": true, "<key>Enabled</key>": true, "CommandUUID": false,
		} {
			if strings.Contains(string(answer), what) != want {
				t.Errorf("%s, preserve %t: %q in the answer is %t", c.os, c.ward.PreserveApps, what, !want)
			}
		}
	}
}
