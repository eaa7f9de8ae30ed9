package kiosk

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/web"
)

const (
	annaBadge, annaPIN = "0040012345", "582947"
	benBadge, benPIN   = "0040067890", "719305"
	ipad               = custody.DeviceID("D07") // 4B-07
	spare              = custody.DeviceID("D09") // 4B-09
	dockCredential     = "dock-secret"
)

// house is a running kiosk over a ward of two clean iPads, Anna and Ben.
type house struct {
	*ward
	t      *testing.T
	kiosk  *Kiosk
	app    *fiber.App
	cookie string
	stop   context.CancelFunc
}

func newHouse(t *testing.T) *house {
	t.Helper()
	w := newWard()
	ids, err := identity.New(identity.Config{Ledger: w, Live: w, Key: bytes.Repeat([]byte{7}, 32), Now: w.Now, Rand: rand.Reader,
		Cost: identity.Cost{MemoryKiB: 8, Passes: 1, Parallel: 1, AtOnce: 2, Waiting: 8, WaitAtMost: time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []struct{ id, name, badge, pin string }{{"anna", "Anna Berg", annaBadge, annaPIN}, {"ben", "Ben Ode", benBadge, benPIN}} {
		hash, err := ids.Badge(p.badge)
		if err != nil {
			t.Fatal(err)
		}
		w.names[p.id], w.badges[hex.EncodeToString(hash)] = p.name, p.id
		if err := ids.SetPIN(t.Context(), p.id, p.pin); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []custody.DeviceID{ipad, spare} {
		w.publish(custody.Custody{Device: id, Ward: "4B", State: custody.Clean, Epoch: 3, Version: 41, Enrolment: "cert-" + string(id) + "-a",
			Run: custody.Run{ID: 31, Goal: custody.GoalWipe, Done: true, Ended: true}})
	}
	sum := sha256.Sum256([]byte(dockCredential))
	w.readers["dock7"] = ledger.Reader{ID: "dock7", Ward: "4B", Device: ipad, Credential: sum[:]}
	w.readers["wall"] = ledger.Reader{ID: "wall", Ward: "4B", Credential: sum[:]}

	ctx, stop := context.WithCancel(t.Context())
	k, err := New(Config{Base: ctx, Steward: w, Live: w, Ledger: w, Secrets: w, Identity: ids, Key: bytes.Repeat([]byte{9}, 32), Now: w.Now, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	app := fiber.New(fiber.Config{Immutable: true, DisableStartupMessage: true})
	browser.Static(app, web.FS)
	k.Register(app)
	h := &house{ward: w, t: t, kiosk: k, app: app, stop: stop}
	t.Cleanup(stop)
	h.cookie = "padwarden_device=" + k.seal(w.row(ipad))
	return h
}

// ask sends a request as the page would and returns the status and the body.
func (h *house) ask(method, path, body string, change ...func(*http.Request)) (int, string, http.Header) {
	h.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Cookie", h.cookie)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for _, f := range change {
		f(r)
	}
	answer, err := h.app.Test(r, 10_000)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return answer.StatusCode, string(text), answer.Header
}

func (h *house) state() State {
	h.t.Helper()
	status, body, _ := h.ask("GET", "/kiosk/state", "")
	return h.decode(status, body)
}

func (h *house) decode(status int, body string) State {
	h.t.Helper()
	var s State
	if err := json.Unmarshal([]byte(body), &s); err != nil || status != 200 {
		h.t.Fatalf("%d %s: %v", status, body, err)
	}
	return s
}

// post sends v and returns the status and the raw answer.
func (h *house) post(path string, v any) (int, string) {
	h.t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		h.t.Fatal(err)
	}
	status, text, _ := h.ask("POST", "/kiosk/"+path, string(body))
	return status, text
}

type m = map[string]any

// signIn taps and enters the PIN, and returns what the PIN led to.
func (h *house) signIn(badge, pin string) (int, string) {
	h.t.Helper()
	if status, body := h.post("tap", m{"badge": badge, "nonce": h.state().Nonce}); status != 200 {
		return status, body
	}
	s := h.state()
	if s.Asks != "pin" {
		h.t.Fatalf("after the tap the page asks %q", s.Asks)
	}
	return h.post("pin", m{"pin": pin, "nonce": s.Nonce})
}
