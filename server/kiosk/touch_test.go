package kiosk

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// brief is a touch of a page that shows the row as it is: it is answered with
// the times, and with a state where there is more to tell.
func (h *house) brief(epoch, version int64) (int, map[string]any) {
	h.t.Helper()
	status, body := h.post("touch", m{"epoch": epoch, "version": version})
	var said map[string]any
	if err := json.Unmarshal([]byte(body), &said); err != nil {
		h.t.Fatal(err)
	}
	return status, said
}

func TestATouchThatChangesNothingIsToldTheTimes(t *testing.T) {
	h := newHouse(t)
	status, body := h.signIn(annaBadge, annaPIN)
	s := h.decode(status, body)
	if _, said := h.brief(s.Epoch, s.Version); said["state"] != "in_use" {
		t.Errorf("the first: %v", said)
	}
	h.advance(time.Minute)
	_, said := h.brief(s.Epoch, s.Version)
	if said["state"] != nil || said["lock_in_ms"] != 120_000.0 || said["warn_in_ms"] != 90_000.0 || said["version"] != float64(s.Version) ||
		said["ends_in_ms"] != float64((13*time.Hour-time.Minute).Milliseconds()) {
		t.Errorf("the next: %v", said)
	}
	if n := h.told(); n != 2 {
		t.Errorf("live was told of %d touches", n)
	}
	if _, said := h.brief(s.Epoch, s.Version-1); said["state"] != "in_use" {
		t.Errorf("of a page that shows an older row: %v", said)
	}
}

// The row has changed: the page is told all, whoever else was told before.
func TestATouchAfterAChangeIsToldAll(t *testing.T) {
	h := newHouse(t)
	status, body := h.signIn(annaBadge, annaPIN)
	s := h.decode(status, body)
	h.brief(s.Epoch, s.Version)
	h.mu.Lock()
	row := h.rows[ipad]
	row.Version++
	h.publish(row)
	h.mu.Unlock()
	if _, said := h.brief(s.Epoch, s.Version); said["state"] != "in_use" || said["version"] != float64(s.Version+1) {
		t.Errorf("%v", said)
	}
}

// What is remembered of a page lets in nobody else, and nobody whose enrolment
// or session is over.
func TestARememberedPageEnds(t *testing.T) {
	h := newHouse(t)
	status, body := h.signIn(annaBadge, annaPIN)
	s := h.decode(status, body)
	h.brief(s.Epoch, s.Version)
	asks := `{"epoch":4,"version":` + string(must(json.Marshal(s.Version))) + `}`
	forged := func(r *http.Request) { r.Header.Set("Cookie", h.cookie+"A") }
	if status, body, _ := h.ask("POST", "/kiosk/touch", asks, forged); status != 403 {
		t.Errorf("another's cookie: %d %s", status, body)
	}
	foreign := func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }
	if status, body, _ := h.ask("POST", "/kiosk/touch", asks, foreign); status != 403 {
		t.Errorf("another's page: %d %s", status, body)
	}
	if n := h.told(); n != 1 {
		t.Errorf("live was told of %d touches", n)
	}
	h.lock()
	if status, said := h.brief(s.Epoch, s.Version); status != 409 || said["code"] != "locked" && said["code"] != "stale" {
		t.Errorf("locked: %d %v", status, said)
	}
	h.mu.Lock()
	row := h.rows[ipad]
	row.Version, row.State, row.Enrolment = row.Version+1, custody.Clean, "another"
	h.publish(row)
	h.mu.Unlock()
	if status, body, _ := h.ask("POST", "/kiosk/touch", asks); status != 403 || !strings.Contains(body, "page_ended") {
		t.Errorf("enrolled anew: %d %s", status, body)
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}
