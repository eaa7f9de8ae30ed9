package kiosk

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/identity/keytest"
	"github.com/padwarden/padwarden/server/ledger"
)

// ring is the ledger's part of passkeys.
type ring struct {
	mu   sync.Mutex
	keys map[string]ledger.Passkey
}

func (r *ring) AddPasskey(_ context.Context, p ledger.Passkey) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.keys[p.ID]; ok {
		return custody.ErrConflict
	}
	r.keys[p.ID] = p
	return nil
}

func (r *ring) Passkeys(_ context.Context, owner string) (own []ledger.Passkey, _ error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.keys {
		if p.Owner == owner {
			own = append(own, p)
		}
	}
	return own, nil
}

func (r *ring) PasskeyByID(_ context.Context, id string) (ledger.Passkey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, ok := r.keys[id]
	if !ok {
		return p, custody.ErrNotFound
	}
	return p, nil
}

func (r *ring) UsePasskey(_ context.Context, id string, was, count uint32, flags byte, at time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.keys[id]
	if p.SignCount != was || !p.Suspended.IsZero() {
		return custody.ErrStale
	}
	p.SignCount, p.Flags, p.Used = count, flags, at
	r.keys[id] = p
	return nil
}

func (r *ring) SuspendPasskey(_ context.Context, id, why string, at time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.keys[id]
	p.Suspended, p.Why = at, why
	r.keys[id] = p
	return nil
}

func (r *ring) NamePasskey(context.Context, string, string, string) error { return custody.ErrNotFound }
func (r *ring) RemovePasskey(context.Context, string, string, string, time.Time) error {
	return custody.ErrNotFound
}

// takesKeys lets people sign in by passkey at the pages of origin.
func (h *house) takesKeys(origin string) *ring {
	h.t.Helper()
	r := &ring{keys: map[string]ledger.Passkey{}}
	host := strings.Split(strings.TrimPrefix(strings.TrimPrefix(origin, "https://"), "http://"), ":")[0]
	p, err := identity.NewPasskeys(identity.PasskeyConfig{RPID: host, Origins: []string{origin}, Ledger: r, Live: h.ward,
		Key: bytes.Repeat([]byte{5}, 32), Now: h.Now, Rand: rand.Reader})
	if err != nil {
		h.t.Fatal(err)
	}
	h.kiosk.Passkeys = p
	return r
}

const wardPage = "https://ward.example"

// fob is a security key in somebody's hand, at the iPad.
type fob struct {
	*keytest.Key
	h *house
}

func (h *house) newFob() *fob { return &fob{keytest.New(wardPage), h} }

// asks begins a ceremony and returns its id and options.
func (h *house) asks(path string, body m) (id, options string) {
	h.t.Helper()
	status, text := h.post(path, body)
	var c struct {
		Ceremony string
		Options  json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil || status != 200 {
		h.t.Fatalf("%s: %d %s", path, status, text)
	}
	return c.Ceremony, string(c.Options)
}

func (f *fob) signed(options string) json.RawMessage {
	f.h.t.Helper()
	answer, err := f.Get(options)
	if err != nil {
		f.h.t.Fatal(err)
	}
	return answer
}

// signs signs in with the key and returns what it led to.
func (f *fob) signs() (int, string) {
	f.h.t.Helper()
	id, options := f.h.asks("passkey/begin", m{})
	return f.h.post("passkey/finish", m{"ceremony": id, "response": f.signed(options)})
}

// added adds the key to whoever is signed in.
func (f *fob) added() (int, string) {
	f.h.t.Helper()
	epoch := f.h.state().Epoch
	id, options := f.h.asks("passkey/add/begin", m{"epoch": epoch})
	return f.h.post("passkey/add/finish", m{"epoch": epoch, "ceremony": id, "response": f.made(options)})
}

func (f *fob) made(options string) json.RawMessage {
	f.h.t.Helper()
	answer, err := f.Create(options)
	if err != nil {
		f.h.t.Fatal(err)
	}
	return answer
}

// annasKey is a house where Anna has a key, and is gone again.
func annasKey(t *testing.T) (*house, *fob) {
	h := newHouse(t)
	h.takesKeys(wardPage)
	h.signIn(annaBadge, annaPIN)
	f := h.newFob()
	if status, body := f.added(); status != 200 || !strings.Contains(body, "Added on iPad 4B-07") {
		t.Fatalf("%d %s", status, body)
	}
	h.set(ipad, func(c *custody.Custody) { c.State, c.Holder, c.Epoch = custody.Clean, "", c.Epoch+1 })
	h.advance(time.Hour)
	return h, f
}

func TestPasskeyClaimsAndResumes(t *testing.T) {
	h, f := annasKey(t)
	if s := h.state(); !s.Keys || s.State != custody.Clean {
		t.Fatalf("%+v", s)
	}
	status, body := f.signs()
	if s := h.decode(status, body); s.State != custody.InUse || s.Holder != "Anna Berg" || !s.AddKey {
		t.Fatalf("%+v", s)
	}
	if !h.kiosk.Identity.GraceValid(t.Context(), "anna", "4B") {
		t.Error("it starts no PIN grace")
	}
	h.lock()
	status, body = f.signs()
	if s := h.decode(status, body); s.State != custody.InUse {
		t.Fatalf("resuming: %+v", s)
	}
	status, body = f.signs() // the holder, again
	if s := h.decode(status, body); s.Asks != asksChoose {
		t.Fatalf("%+v", s)
	}
}

// On somebody else's locked iPad it leads to the question whether to take it
// over, as a right PIN does, and stands in for a PIN that was asked.
func TestPasskeyAnswersTheQuestionOfABadge(t *testing.T) {
	h, f := annasKey(t)
	h.signIn(benBadge, benPIN)
	if status, body := f.signs(); status != 409 || !strings.Contains(body, "In use by Ben Ode") {
		t.Errorf("in use: %d %s", status, body)
	}
	h.lock()
	h.post("tap", m{"badge": annaBadge, "nonce": h.state().Nonce})
	if s := h.state(); s.Asks != asksPIN {
		t.Fatalf("%+v", s)
	}
	status, body := f.signs()
	if s := h.decode(status, body); s.Asks != asksTakeOver {
		t.Errorf("%+v", s)
	}
}

// Threat 6: whoever guesses somebody's PIN does not stop their key.
func TestPasskeyPassesAPINLockOut(t *testing.T) {
	h, f := annasKey(t)
	status, body := h.signIn(annaBadge, "111222")
	for range 4 {
		status, body = h.post("pin", m{"pin": "111222", "nonce": h.decode(status, body).Nonce})
	}
	if status, body := h.post("pin", m{"pin": annaPIN, "nonce": h.decode(status, body).Nonce}); status != http.StatusTooManyRequests {
		t.Fatalf("the PIN is not locked out: %d %s", status, body)
	}
	status, body = f.signs()
	if s := h.decode(status, body); s.State != custody.InUse || s.Holder != "Anna Berg" {
		t.Errorf("%+v", s)
	}
}

// Threat 8: a challenge of one iPad, or of an earlier hand-over or enrolment,
// is good at no other; not twice, nor after a minute.
func TestPasskeyChallengeIsTheIPadsOwn(t *testing.T) {
	h, f := annasKey(t)
	refused := func(name string, status int, body string) {
		t.Helper()
		if status != 409 || !strings.Contains(body, identity.RefusedCeremony) {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	finish := func(id string, answer json.RawMessage) (int, string) {
		return h.post("passkey/finish", m{"ceremony": id, "response": answer})
	}
	own, other := h.cookie, "padwarden_device="+h.kiosk.seal(h.row(spare))
	id, options := h.asks("passkey/begin", m{})
	h.cookie = other
	status, body := finish(id, f.signed(options))
	refused("at another iPad", status, body)
	h.cookie = own

	id, options = h.asks("passkey/begin", m{})
	h.set(ipad, func(c *custody.Custody) { c.Epoch++ })
	status, body = finish(id, f.signed(options))
	refused("after a hand-over", status, body)

	id, options = h.asks("passkey/begin", m{})
	h.set(ipad, func(c *custody.Custody) { c.Enrolment = "cert-D07-b" })
	h.cookie = "padwarden_device=" + h.kiosk.seal(h.row(ipad))
	status, body = finish(id, f.signed(options))
	refused("after an erase", status, body)

	id, options = h.asks("passkey/begin", m{})
	h.advance(time.Minute)
	status, body = finish(id, f.signed(options))
	refused("after a minute", status, body)

	id, options = h.asks("passkey/begin", m{})
	answer := f.signed(options)
	if status, body := finish(id, answer); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	status, body = finish(id, answer)
	refused("twice", status, body)
}

// closedTo is a ward where somebody is no longer active.
type closedTo struct {
	*ward
	id string
}

func (l closedTo) Clinician(ctx context.Context, id string) (ledger.Clinician, error) {
	who, err := l.ward.Clinician(ctx, id)
	who.Active = id != l.id
	return who, err
}

func TestPasskeysOfNobody(t *testing.T) {
	h, f := annasKey(t)
	unknown := h.newFob()
	unknown.Authenticator.Options.UserHandle = f.Authenticator.Options.UserHandle
	_, said := unknown.signs()
	h.kiosk.Ledger = closedTo{h.ward, "anna"}
	if status, body := f.signs(); status != 409 || body != said {
		t.Errorf("no longer active: %d %s\nunknown: %s", status, body, said)
	}
	h.kiosk.Ledger = h.ward
	h.names["anna"] = "" // she is gone
	status, body := f.signs()
	if status != 409 || body != said || !strings.Contains(body, identity.RefusedPasskey) {
		t.Errorf("gone: %d %s\nunknown: %s", status, body, said)
	}
	if h.state().State != custody.Clean {
		t.Error("somebody has it")
	}
}

// A key is added by who holds the iPad, has just proved who they are, and by
// nobody else.
func TestAddingAKeyAsksForThePINAgain(t *testing.T) {
	h := newHouse(t)
	h.takesKeys(wardPage)
	begin := func() (int, string) { return h.post("passkey/add/begin", m{"epoch": h.state().Epoch}) }
	if status, body := begin(); status != 409 {
		t.Errorf("with nobody signed in: %d %s", status, body)
	}
	h.signIn(annaBadge, annaPIN)
	if status, body := begin(); status != 200 || !h.state().AddKey {
		t.Fatalf("just signed in: %d %s", status, body)
	}
	if status, _ := h.post("passkey/add/begin", m{"epoch": h.state().Epoch - 1}); status != 409 {
		t.Errorf("of an earlier epoch: %d", status)
	}
	h.advance(freshFor - time.Second)
	h.post("touch", m{"epoch": h.state().Epoch})
	h.advance(time.Second)
	if status, body := begin(); status != 409 || !strings.Contains(body, "pin_again") || h.state().AddKey {
		t.Errorf("five minutes later: %d %s", status, body)
	}
	add := func() State {
		status, body := h.post("passkey/add", m{"epoch": h.state().Epoch})
		return h.decode(status, body)
	}
	s := add()
	if s.Asks != asksPIN {
		t.Fatalf("%+v", s)
	}
	status, body := h.post("pin", m{"pin": "111222", "nonce": s.Nonce})
	if s = h.decode(status, body); s.Asks != asksPIN || !strings.Contains(s.Sentence, "not your PIN") || s.AddKey {
		t.Fatalf("%+v", s)
	}
	status, body = h.post("pin", m{"pin": annaPIN, "nonce": s.Nonce})
	if s = h.decode(status, body); s.State != custody.InUse || s.Asks != "" || !s.AddKey {
		t.Fatalf("%+v", s)
	}
	if s = add(); s.Asks != "" || !s.AddKey {
		t.Errorf("it is asked again at once: %+v", s)
	}
	// A lock ends it, and a tap within the PIN grace does not bring it back: the
	// badge may be a thief's.
	h.lock()
	h.post("tap", m{"badge": annaBadge, "nonce": h.state().Nonce})
	if s = h.state(); s.State != custody.InUse || s.AddKey {
		t.Errorf("%+v", s)
	}
	if status, body := begin(); status != 409 {
		t.Errorf("after a tap alone: %d %s", status, body)
	}
	// Guessing is limited as everywhere.
	s = add()
	for range 5 {
		status, body = h.post("pin", m{"pin": "111222", "nonce": s.Nonce})
		s = h.decode(status, body)
	}
	if status, body := h.post("pin", m{"pin": annaPIN, "nonce": s.Nonce}); status != http.StatusTooManyRequests {
		t.Errorf("the sixth guess: %d %s", status, body)
	}
}

// A ceremony that was begun before a lock is not finished after it, and a
// locked iPad adds nothing.
func TestAddingEndsWithTheSession(t *testing.T) {
	h := newHouse(t)
	r := h.takesKeys(wardPage)
	h.signIn(annaBadge, annaPIN)
	f, epoch := h.newFob(), h.state().Epoch
	id, options := h.asks("passkey/add/begin", m{"epoch": epoch})
	h.advance(10 * time.Second) // the challenge still stands
	h.set(ipad, func(c *custody.Custody) { c.State = custody.Locked })
	answer := m{"epoch": epoch, "ceremony": id, "response": f.made(options)}
	if status, body := h.post("passkey/add/finish", answer); status != 409 {
		t.Errorf("locked: %d %s", status, body)
	}
	h.post("tap", m{"badge": annaBadge, "nonce": h.state().Nonce})
	if s := h.state(); s.State != custody.InUse || s.Epoch != epoch {
		t.Fatalf("%+v", s)
	}
	if status, body := h.post("passkey/add/finish", answer); status != 409 || len(r.keys) != 0 {
		t.Errorf("resumed by a tap: %d %s, keys %v", status, body, r.keys)
	}
}

func TestPasskeyRequestsAreTheIPadsOwn(t *testing.T) {
	h := newHouse(t)
	paths := []string{"begin", "finish", "add", "add/begin", "add/finish"}
	for _, path := range paths {
		if status, body := h.post("passkey/"+path, m{}); status != 409 || !strings.Contains(body, "no_passkeys") {
			t.Errorf("%s without passkeys: %d %s", path, status, body)
		}
	}
	h.takesKeys(wardPage)
	good := h.cookie
	for _, path := range paths {
		h.cookie = ""
		if status, _, _ := h.ask("POST", "/kiosk/passkey/"+path, "{}"); status != 403 {
			t.Errorf("%s without a cookie: %d", path, status)
		}
		h.cookie = good
		if status, _, _ := h.ask("POST", "/kiosk/passkey/"+path, "{}", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }); status != 403 {
			t.Errorf("%s from another site: %d", path, status)
		}
		if status, _, _ := h.ask("POST", "/kiosk/passkey/"+path, `{"x":"`+strings.Repeat("x", maxKeyBody)+`"}`); status != 413 {
			t.Errorf("%s, too large: %d", path, status)
		}
		if status, _, _ := h.ask("POST", "/kiosk/passkey/"+path, "{"); status != 400 {
			t.Errorf("%s, broken: %d", path, status)
		}
	}
	for range maxKeys {
		h.post("passkey/begin", m{})
	}
	if status, body := h.post("passkey/begin", m{}); status != http.StatusTooManyRequests {
		t.Errorf("a flood: %d %s", status, body)
	}
}
