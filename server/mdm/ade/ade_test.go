package ade

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

var update = flag.Bool("update", false, "write the golden files anew")

func serials(ids []custody.DeviceID) string {
	var out []string
	for _, id := range ids {
		out = append(out, string(id))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestTheInventorysDevicesAreAssigned(t *testing.T) {
	w := newWorld(t)
	w.apple.set(func() { w.apple.pageSize = 2 })
	w.apple.happens("", "D000", "X1", "D001", "S0", "X2")
	r := w.once(t)
	if serials(r.Assigned) != "D000 D001 S0" || serials(r.Strangers) != "X1 X2" || r.Listed != 5 || len(r.Failed) != 0 {
		t.Fatalf("%+v", r)
	}
	one, shared := w.apple.assigned["D000"], w.apple.assigned["S0"]
	if one == "" || one != w.apple.assigned["D001"] || shared == "" || shared == one || len(w.apple.assigned) != 3 {
		t.Fatalf("assigned %v", w.apple.assigned)
	}
	if w.apple.profiles[one]["is_multi_user"] != nil || w.apple.profiles[shared]["is_multi_user"] != true {
		t.Error("the wrong profiles")
	}
	w.apple.said()
	if r := w.once(t); len(r.Assigned) != 0 || len(w.apple.profiles) != 2 {
		t.Errorf("a second look: %+v, %d profiles", r, len(w.apple.profiles))
	}
	if calls := w.apple.said(); !slices.Equal(calls, []string{"/devices/sync"}) {
		t.Errorf("a second look asks %v, and should only sync", calls)
	}
	w.apple.happens("added", "D002", "X3")
	w.apple.happens("deleted", "X1")
	w.apple.happens("deleted", "D001") // and back again
	w.apple.happens("added", "D001")
	if r := w.once(t); serials(r.Assigned) != "D001 D002" || serials(r.Strangers) != "X2 X3" {
		t.Errorf("after what has changed: %+v", r)
	}
	if _, err := w.ledger.Device(t.Context(), "X2"); !errors.Is(err, custody.ErrNotFound) {
		t.Errorf("a device that Apple lists came into the inventory: %v", err)
	}
}

// TestProfilesGolden holds what Apple hands to a device at Setup Assistant.
func TestProfilesGolden(t *testing.T) {
	w := newWorld(t)
	for _, k := range []kind{{}, {shared: true}, {keeps: true}} {
		got, err := json.MarshalIndent(w.profile(k), "", "\t")
		must(t, err)
		path := filepath.Join("testdata", k.String()+".golden")
		if *update {
			must(t, os.WriteFile(path, append(got, '\n'), 0o644))
		}
		if want, err := os.ReadFile(path); err != nil || string(want) != string(got)+"\n" {
			t.Errorf("%s: %v\n%s", k, err, got)
		}
	}
}

func TestAChangedProfileIsDefinedAnew(t *testing.T) {
	w := newWorld(t)
	w.apple.happens("", "D000")
	w.once(t)
	first := w.apple.assigned["D000"]
	w.Organisation = "St Somewhere"
	if r := w.once(t); serials(r.Assigned) != "D000" || w.apple.assigned["D000"] == first {
		t.Errorf("%+v, assigned %v", r, w.apple.assigned)
	}
	p := custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)
	p.PreserveApps, p.ManagedApps = true, []custody.App{{BundleID: "org.example.charts"}}
	must(t, w.ledger.PutPolicy(t.Context(), "4B", p))
	w.once(t)
	if got := w.apple.profiles[w.apple.assigned["D000"]]; got["is_return_to_service"] != true {
		t.Errorf("the ward keeps its apps: %v", got)
	}
}

func TestCursors(t *testing.T) {
	w := newWorld(t)
	w.apple.happens("", "D000", "X1")
	w.once(t)
	w.apple.set(func() { w.apple.born++; w.apple.devices = nil })
	w.apple.happens("", "D000", "D001")
	w.apple.said()
	if r := w.once(t); serials(r.Assigned) != "D000 D001" || len(r.Strangers) != 0 {
		t.Errorf("after the cursor expired: %+v", r)
	}
	if calls := w.apple.said(); !slices.Equal(calls[:3], []string{"/devices/sync", "/server/devices", "/devices/sync"}) {
		t.Errorf("it asked %v", calls)
	}
	// a server that died between two pages goes on with the second
	must(t, w.ledger.SetADEState(t.Context(), "list", `{"cursor":"1-1","fetched":false}`))
	w.apple.said()
	w.once(t)
	if calls := w.apple.said(); calls[0] != "/server/devices" || calls[1] != "/devices/sync" {
		t.Errorf("in the middle of the list: %v", calls)
	}
	// and one that died after the last learns that it was the last
	must(t, w.ledger.SetADEState(t.Context(), "list", `{"cursor":"1-2","fetched":false}`))
	w.apple.said()
	if r := w.once(t); r.Listed != 2 {
		t.Errorf("an exhausted cursor: %+v", r)
	}
	if calls := w.apple.said(); !slices.Equal(calls, []string{"/server/devices", "/devices/sync"}) {
		t.Errorf("after the last page: %v", calls)
	}
	must(t, w.ledger.SetADEState(t.Context(), "list", `not JSON`))
	if r := w.once(t); r.Listed != 2 {
		t.Errorf("a state that cannot be read: %+v", r)
	}
	for _, body := range []string{"EXPIRED_CURSOR", "INVALID_CURSOR"} { // for ever
		w.apple.set(func() { w.apple.fail = func(string) (int, string) { return http.StatusBadRequest, body } })
		if _, err := w.Once(t.Context()); err == nil || !strings.Contains(err.Error(), body) {
			t.Errorf("%s for ever: %v", body, err)
		}
	}
}

func TestASessionEnds(t *testing.T) {
	w := newWorld(t)
	w.apple.happens("", "D000")
	w.once(t)
	w.apple.set(func() { w.apple.session = "another" })
	w.apple.happens("added", "D001")
	if r := w.once(t); serials(r.Assigned) != "D001" || w.apple.sessions != 2 {
		t.Errorf("%+v in session %d", r, w.apple.sessions)
	}
}

func TestWhatAppleRefuses(t *testing.T) {
	w := newWorld(t)
	w.apple.happens("", "D000", "D001", "D002")
	w.apple.set(func() { w.apple.words["D001"], w.apple.words["D002"] = "NOT_ACCESSIBLE", "FAILED" })
	r := w.once(t)
	if serials(r.Assigned) != "D000" || !strings.Contains(r.Failed["D001"], "not have it assigned") || r.Failed["D002"] == "" || w.counts["not_assigned"] != 2 {
		t.Errorf("%+v %v", r, w.counts)
	}
	w.apple.set(func() { clear(w.apple.words) })
	if r := w.once(t); serials(r.Assigned) != "D001 D002" {
		t.Errorf("tried again: %+v", r)
	}
	w.apple.set(func() { clear(w.apple.profiles); w.apple.profiles["OTHER"] = map[string]any{} })
	must(t, w.ledger.SetAssigned(t.Context(), "", []custody.DeviceID{"D000"}))
	if _, err := w.Once(t.Context()); err == nil || w.counts["profile_gone"] != 1 {
		t.Errorf("a profile that Apple has lost: %v", err)
	}
	if r := w.once(t); serials(r.Assigned) != "D000 D001 D002" {
		t.Errorf("and the next look: %+v", r)
	}
	w.apple.set(func() { w.apple.devices[0]["device_family"] = "iPhone"; w.apple.born++ })
	if r := w.once(t); !strings.Contains(r.Failed["D000"], "iPhone") {
		t.Errorf("an iPhone in the inventory: %+v", r)
	}
}

func TestWhatAPersonMustDo(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		path, body string
		status     int
		says       string
		token      bool
	}{
		"terms":       {"/session", "T_C_NOT_SIGNED", http.StatusForbidden, "accept Apple's new terms", true},
		"revoked":     {"/session", "oauth_problem", http.StatusUnauthorized, "refuses the server token", true},
		"maintenance": {"/server/devices", "try later", http.StatusServiceUnavailable, "503", false},
		"too many":    {"/server/devices", "slow down", http.StatusTooManyRequests, "429", false},
	} {
		w.apple.set(func() {
			w.apple.session = ""
			w.apple.fail = func(path string) (int, string) {
				if path == c.path {
					return c.status, c.body
				}
				return 0, ""
			}
		})
		_, err := w.Once(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.says) || errors.Is(err, ErrToken) != c.token {
			t.Errorf("%s: %v", name, err)
		}
		for _, secret := range []string{"CS_1", "AS_1", "AT_1"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error quotes the token: %v", name, err)
			}
		}
	}
	w.apple.set(func() { w.apple.fail = nil })
	w.apple.said()
	w.now = w.Token.AccessTokenExpiry.Add(-24 * time.Hour)
	if _, err := w.Once(t.Context()); err != nil || w.counts["token_expires_soon"] != 1 {
		t.Errorf("a day before the token expires: %v %v", err, w.counts)
	}
	w.apple.said()
	w.now = w.Token.AccessTokenExpiry
	if _, err := w.Once(t.Context()); !errors.Is(err, ErrToken) || len(w.apple.said()) != 0 {
		t.Errorf("an expired token: %v", err)
	}
}

// TestAnswersAreBounded: a list that never ends, and one that is not Apple's.
func TestAnswersAreBounded(t *testing.T) {
	w := newWorld(t)
	w.apple.happens("", "D000", "D001")
	w.apple.set(func() { w.apple.pageSize = 0 }) // more to follow, and the cursor stays
	if _, err := w.Once(t.Context()); !errors.Is(err, errStuck) {
		t.Errorf("a list that stays: %v", err)
	}
	w.apple.set(func() { w.apple.pageSize = 10 })
	w.apple.happens("", "../etc", strings.Repeat("S", 70), "")
	if r := w.once(t); r.Listed != 2 || w.counts["serial"] != 3 {
		t.Errorf("serials that are none: %+v %v", r, w.counts)
	}
	w.apple.set(func() {
		w.apple.fail = func(string) (int, string) {
			return http.StatusOK, `{"cursor":"x","devices":[` + strings.Repeat(" ", maxAnswer)
		}
	})
	if _, err := w.Once(t.Context()); err == nil {
		t.Error("an answer without end was taken")
	}
}

func TestNoLogHoldsTheToken(t *testing.T) {
	var log bytes.Buffer
	w := newWorld(t)
	w.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.apple.happens("", "D000", "X1")
	w.once(t)
	if !strings.Contains(log.String(), "X1") || !strings.Contains(log.String(), "not in the inventory") {
		t.Errorf("the stranger is not listed:\n%s", log.String())
	}
	for _, secret := range []string{"CS_1", "AS_1", "AT_1", "session-"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %s", secret)
		}
	}
}

// silent is a store that cannot be reached.
type silent struct{ Store }

func (silent) ADEState(context.Context, string) (string, error) {
	return "", custody.ErrUnavailable
}

func TestRunTriesEverLater(t *testing.T) {
	w := newWorld(t)
	synctest.Test(t, func(t *testing.T) {
		var looks atomic.Int64
		s := *w.Service
		s.Store, s.Token = silent{}, w.Token
		s.Now = func() time.Time { return w.now }
		s.Count = func(reason string) {
			if reason == "failed" {
				looks.Add(1)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		go s.Run(ctx)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if looks.Load() != 1 {
			t.Errorf("%d looks in half a minute", looks.Load())
		}
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if n := looks.Load(); n < 22 || n > 32 {
			t.Errorf("%d looks in a day of failures, want about one an hour", n)
		}
		cancel()
		synctest.Wait()
	})
	for n := 1; n < 100; n++ {
		if b := backoff(time.Minute, n); b < time.Minute || b > 72*time.Minute {
			t.Errorf("after %d failures: %s", n, b)
		}
	}
}
