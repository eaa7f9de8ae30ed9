package console

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/web"
)

// hospital is everything behind the console, in memory.
type hospital struct {
	mu        sync.Mutex
	now       time.Time
	devices   []ledger.Device
	rows      map[custody.DeviceID]custody.Custody
	sessions  map[custody.DeviceID]custody.Session
	entries   map[custody.DeviceID][]ledger.Recorded
	values    map[string][]byte
	watching  []chan []custody.DeviceID
	policy    custody.Policy
	said      saying
	approvals // the real ledger's
	urgents
	trials   []ledger.Trial
	noTrials error
}

func (h *hospital) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hospital) Apply(_ context.Context, id custody.DeviceID, e custody.Event) (custody.Custody, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	out, err := custody.Decide(h.rows[id], e, h.policy, h.now)
	if err != nil {
		return h.rows[id], err
	}
	h.publish(out.Next, out.Entries...)
	return out.Next, nil
}

func (h *hospital) publish(row custody.Custody, entries ...custody.Entry) {
	h.rows[row.Device] = row
	for _, e := range entries {
		h.entries[row.Device] = append(h.entries[row.Device], ledger.Recorded{Seq: int64(len(h.entries[row.Device]) + 1), Entry: e})
	}
	s := custody.Session{Device: row.Device, State: row.State, Epoch: row.Epoch, Version: row.Version, Holder: row.Holder, Now: h.now}
	if row.State == custody.InUse {
		s.Open, s.Touched, s.LockAt = true, h.now.Add(-20*time.Second), h.now.Add(100*time.Second)
	}
	h.sessions[row.Device] = s
	for _, ch := range h.watching {
		select {
		case ch <- []custody.DeviceID{row.Device}:
		default:
		}
	}
}

func (h *hospital) Wards(context.Context) ([]ledger.Ward, error) {
	return []ledger.Ward{{ID: "4B", Name: "4B Surgery", Policy: h.policy}, {ID: "5A", Name: "5A Medicine", Policy: h.policy}}, nil
}

func (h *hospital) Devices(_ context.Context, ward string) ([]ledger.Device, error) {
	return slices.DeleteFunc(slices.Clone(h.devices), func(d ledger.Device) bool { return ward != "" && d.Ward != ward }), nil
}

func (h *hospital) Device(_ context.Context, id custody.DeviceID) (ledger.Device, error) {
	for _, d := range h.devices {
		if d.ID == id {
			return d, nil
		}
	}
	return ledger.Device{}, custody.ErrNotFound
}

func (h *hospital) Custody(_ context.Context, id custody.DeviceID) (custody.Custody, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	row, ok := h.rows[id]
	if !ok {
		return row, custody.ErrNotFound
	}
	return row, nil
}

func (h *hospital) Rows(_ context.Context, _ time.Duration, each func(custody.Custody) error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, row := range h.rows {
		if err := each(row); err != nil {
			return err
		}
	}
	return nil
}

func (h *hospital) Clinician(_ context.Context, id string) (ledger.Clinician, error) {
	return ledger.Clinician{ID: id, Name: strings.ToUpper(id[:1]) + id[1:] + " Berg"}, nil
}

func (h *hospital) ClinicianByBadge(context.Context, []byte, time.Time) (ledger.Clinician, error) {
	return ledger.Clinician{}, custody.ErrNotFound
}

func (h *hospital) SetPIN(context.Context, string, string) error { return nil }

func (h *hospital) History(_ context.Context, id custody.DeviceID, after int64, limit int) ([]ledger.Recorded, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := h.entries[id]
	all = all[min(int(after), len(all)):]
	return slices.Clone(all[:min(limit, len(all))]), nil
}

func (h *hospital) RecentHistory(ctx context.Context, id custody.DeviceID, limit int) ([]ledger.Recorded, error) {
	all, err := h.History(ctx, id, 0, 1000)
	slices.Reverse(all)
	return all[:min(limit, len(all))], err
}

func (h *hospital) Sessions(_ context.Context, ids ...custody.DeviceID) (map[custody.DeviceID]custody.Session, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := map[custody.DeviceID]custody.Session{}
	for _, id := range ids {
		all[id] = h.sessions[id]
	}
	return all, nil
}

func (h *hospital) Subscribe(string) (<-chan []custody.DeviceID, func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	ch := make(chan []custody.DeviceID, 8)
	h.watching = append(h.watching, ch)
	return ch, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.watching = slices.DeleteFunc(h.watching, func(c chan []custody.DeviceID) bool { return c == ch })
	}
}

func (h *hospital) Put(_ context.Context, key string, v []byte, _ time.Duration) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.values[key] = bytes.Clone(v)
	return nil
}

func (h *hospital) Get(_ context.Context, key string) ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	v, ok := h.values[key]
	if !ok {
		return nil, custody.ErrNotFound
	}
	return v, nil
}

func (h *hospital) PutSecret(ctx context.Context, id custody.DeviceID, kind string, secret []byte) error {
	return h.Put(ctx, "secret:"+kind+":"+string(id), secret, 0)
}

func (h *hospital) Secret(ctx context.Context, id custody.DeviceID, kind string) ([]byte, error) {
	return h.Get(ctx, "secret:"+kind+":"+string(id))
}

func (h *hospital) Take(ctx context.Context, key string) ([]byte, error) {
	v, err := h.Get(ctx, key)
	_ = h.Delete(ctx, key)
	return v, err
}

func (h *hospital) Delete(_ context.Context, key string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.values, key)
	return nil
}

func (h *hospital) Count(context.Context, string, time.Duration) (int64, error) { return 1, nil }
func (h *hospital) Peek(context.Context, string) (int64, error)                 { return 0, nil }
func (h *hospital) Forget(context.Context, string) error                        { return nil }

// desk is a running console over two wards.
type desk struct {
	*hospital
	t       testing.TB
	console *Console
	ids     *identity.Identity
	people  *ledger.Ledger // who is at the console
	app     *fiber.App
	posts   []string // what was posted, and how it was answered
	stop    context.CancelFunc
}

const evil = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`

func newDesk(t testing.TB, change ...func(*Config)) *desk {
	t.Helper()
	h := &hospital{now: time.Date(2026, 3, 2, 6, 40, 0, 0, time.UTC), rows: map[custody.DeviceID]custody.Custody{}, sessions: map[custody.DeviceID]custody.Session{},
		entries: map[custody.DeviceID][]ledger.Recorded{}, values: map[string][]byte{}, policy: custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)}
	h.fill()
	people := newPeople(t)
	h.approvals = people
	h.urgents = urgents{h: h, Ledger: people}
	ids, err := identity.New(identity.Config{Ledger: h, Live: h, Key: bytes.Repeat([]byte{7}, 32), Now: h.Now, Rand: rand.Reader, Staff: people,
		Cost: identity.Cost{MemoryKiB: 8, Passes: 1, Parallel: 1, AtOnce: 2, Waiting: 8, WaitAtMost: time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	config := Config{Base: ctx, Steward: h, Live: h, Ledger: h, Identity: ids, Errands: h, Now: h.Now, Trials: h.office(t),
		EnrolmentLink: func(id custody.DeviceID) (string, error) {
			return "https://mdm.example/enroll/one-time-" + string(id), nil
		}}
	for _, f := range change {
		f(&config)
	}
	console, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	app := fiber.New(fiber.Config{Immutable: true, DisableStartupMessage: true})
	d := &desk{hospital: h, t: t, console: console, ids: ids, people: people, app: app, stop: stop}
	app.Use(func(c *fiber.Ctx) error {
		err := c.Next()
		if c.Method() == fiber.MethodPost {
			h.mu.Lock()
			defer h.mu.Unlock()
			d.posts = append(d.posts, fmt.Sprint(c.Response().StatusCode(), " ", c.Path(), " ", c.Get("Sec-Fetch-Site")))
		}
		return err
	})
	browser.Static(app, web.FS)
	console.Register(app)
	return d
}

// fill puts a device of every state on 4B, and two on 5A.
func (h *hospital) fill() {
	at := func(min int) time.Time { return h.now.Add(-time.Duration(min) * time.Minute) }
	erased := custody.Proof{Rung: custody.ProofProven, Grade: custody.GradeErased, At: map[custody.ProofRung]time.Time{
		custody.ProofRequested: at(95), custody.ProofHandedOver: at(94), custody.ProofAcknowledged: at(94), custody.ProofReturned: at(90), custody.ProofProven: at(89)}}
	add := func(id custody.DeviceID, ward, name string, c custody.Custody) {
		c.Device, c.Ward, c.Version, c.Enrolment = id, ward, 41, "cert-"+string(id)
		if c.Since.IsZero() {
			c.Since = at(89)
		}
		c.Epoch = 3
		h.devices = append(h.devices, ledger.Device{ID: id, Ward: ward, Name: name, Model: "iPad (10th generation)", OSVersion: "18.2"})
		h.publish(c)
	}
	for n := range 4 {
		add(custody.DeviceID(fmt.Sprintf("DMQX%02d", n)), "4B", fmt.Sprintf("4B-%02d", n+1), custody.Custody{State: custody.Clean, Proof: erased})
	}
	add("DMQX10", "4B", "4B-10", custody.Custody{State: custody.InUse, Holder: "anna", Opened: at(12), Since: at(12)})
	add("DMQX11", "4B", "4B-11", custody.Custody{State: custody.Locked, Holder: "ben", Cause: custody.CauseIdle, Opened: at(40), Since: at(5),
		Lock: custody.Lock{Rung: custody.LockConfirmed, Strength: custody.Enforced, How: "the app lock is in ProfileList", At: at(5)}})
	add("DMQX12", "4B", "4B-12", custody.Custody{State: custody.Locked, Holder: "cleo", Cause: custody.CauseIdle, Opened: at(30), Since: at(1),
		Lock: custody.Lock{Rung: custody.LockRequested, At: at(1)}})
	add("DMQX13", "4B", "4B-13", custody.Custody{State: custody.Wiping, Holder: "dora", Cause: custody.CauseReturn, Since: at(2), WipeAsked: at(2),
		Proof: custody.Proof{Rung: custody.ProofHandedOver, At: map[custody.ProofRung]time.Time{custody.ProofRequested: at(2), custody.ProofHandedOver: at(1)}}})
	add("DMQX14", "4B", "4B-14", custody.Custody{State: custody.Unproven, Holder: "emil", Cause: custody.CauseOverdue, Since: at(33), WipeAsked: at(48),
		Reason: "EraseDevice acknowledged 05:52, no re-enrolment since: needs hands.", Risk: custody.Risk{Request: "EraseDevice", Erase: true, Settled: true},
		Proof: custody.Proof{Rung: custody.ProofAcknowledged, At: map[custody.ProofRung]time.Time{custody.ProofRequested: at(48), custody.ProofHandedOver: at(48), custody.ProofAcknowledged: at(48)}}})
	add("DMQX15", "4B", evil, custody.Custody{State: custody.Unproven, Cause: custody.CauseFirst, Reason: evil})
	add("DMQX20", "5A", "5A-01", custody.Custody{State: custody.Clean, Proof: erased})
	add("DMQX21", "5A", "5A-02", custody.Custody{State: custody.InUse, Holder: "fred", Opened: at(3), Since: at(3)})
}

// signedIn returns a cookie and its CSRF token. Each role and set of wards is
// somebody of their own; the manager of 4B is Maria.
func (d *desk) signedIn(role identity.Role, wards ...string) (cookie, csrf string) {
	d.t.Helper()
	name := "Maria"
	if role != identity.Manager || !slices.Equal(wards, []string{"4B"}) {
		name = strings.TrimSpace("the " + string(role) + " " + strings.Join(wards, " "))
	}
	token, err := d.ids.MintStaffToken(d.t.Context(), name, role, wards...)
	if err != nil {
		d.t.Fatal(err)
	}
	status, _, header := d.ask("POST", "/console/start", "token="+token, func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	})
	if status != 303 || header.Get("Location") != "/console" {
		d.t.Fatalf("signing in: %d %v", status, header)
	}
	cookie, _, _ = strings.Cut(header.Get("Set-Cookie"), ";")
	_, session, _ := strings.Cut(cookie, "=")
	return cookie, d.ids.CSRF(session)
}

func (d *desk) ask(method, path, body string, change ...func(*http.Request)) (int, string, http.Header) {
	d.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for _, f := range change {
		f(r)
	}
	answer, err := d.app.Test(r, 10_000)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return answer.StatusCode, string(text), answer.Header
}

// as makes a request our page's own.
func as(cookie, csrf string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Cookie", cookie)
		if r.Method == http.MethodPost {
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			r.Header.Set("X-CSRF-Token", csrf)
		}
	}
}
