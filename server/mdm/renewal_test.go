package mdm_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/mdm/ca"
)

// old is an enrolled device whose certificate was issued so long ago, at rest.
func (s *server) old(serial custody.DeviceID, ago time.Duration) *ipad {
	s.t.Helper()
	p := s.ipad(serial)
	s.ago.Store(int64(ago))
	p.identify(1, 1)
	s.ago.Store(0)
	p.authenticate()
	p.tokenUpdate(true)
	s.rests(p, nil)
	return p
}

// rests sets the device's custody: clean, with what change changes.
func (s *server) rests(p *ipad, change func(*custody.Custody)) {
	row := custody.Custody{Device: p.serial, Ward: "4B", State: custody.Clean, Epoch: 3, Enrolment: ca.Enrolment(p.cert)}
	if change != nil {
		change(&row)
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.store.rows[p.serial] = row
}

var (
	payloadIn   = regexp.MustCompile(`<key>Payload</key>\s*<data>([^<]*)</data>`)
	challengeIn = regexp.MustCompile(`<key>Challenge</key>\s*<string>([^<]*)</string>`)
	commandIn   = regexp.MustCompile(`<key>CommandUUID</key>\s*<string>([^<]*)</string>`)
	payloadID   = regexp.MustCompile(`<key>Payload(UUID|Identifier)</key>\s*<string>[^<]*</string>`)
)

// told returns the profile and the CommandUUID of an InstallProfile; empty if
// the answer is none.
func told(answer []byte) (profile []byte, command string) {
	m, id := payloadIn.FindSubmatch(answer), commandIn.FindSubmatch(answer)
	if m == nil || id == nil {
		return nil, ""
	}
	profile, _ = base64.StdEncoding.DecodeString(string(bytes.Join(bytes.Fields(m[1]), nil)))
	return profile, string(id[1])
}

const almostExpired = 300 * 24 * time.Hour

// TestACertificateIsRenewed from the profile to the first message under the new
// one, which alone ends the old.
func TestACertificateIsRenewed(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	p := s.old("S1", almostExpired)
	link, err := s.engine.EnrolmentLink("S1")
	if err != nil {
		t.Fatal(err)
	}
	_, first := s.do(http.MethodGet, link[len(s.url):], nil, nil)

	_, answer := p.idle()
	profile, command := told(answer)
	if ids := payloadID.FindAll(profile, -1); len(ids) < 6 || !slicesEqual(ids, payloadID.FindAll(first, -1)) {
		t.Fatalf("the profile is no update of the one it enrolled by:\n%s", profile)
	}
	if _, again := p.idle(); !bytes.Equal(again, answer) {
		t.Error("a second connection was told something else")
	}
	if status, b := p.report("Acknowledged", command, ""); status != http.StatusOK || len(b) != 0 {
		t.Errorf("after its report: %d %s", status, b)
	}
	if status, b := p.idle(); status != http.StatusOK || len(b) != 0 {
		t.Errorf("an acknowledgement is no proof, and it is not told again today: %d %s", status, b)
	}
	challenge := string(challengeIn.FindSubmatch(profile)[1])
	stranger := s.ipad("S1")
	if stranger.request("S2", challenge, nil) != nil {
		t.Error("the challenge made a certificate of another serial")
	}
	renewed := *p
	renewed.key = stranger.key
	if renewed.cert = renewed.request("S1", challenge, nil); renewed.cert == nil {
		t.Fatalf("no certificate for the renewal's challenge: %v", s.counts)
	}
	if status, _ := p.idle(); status != http.StatusOK {
		t.Fatalf("the old certificate ended before the new one was seen: %d", status)
	}
	pushes, unlock := len(s.store.pushes), len(s.store.unlock)
	for what, send := range map[string]func() (int, []byte){
		"Authenticate": renewed.authenticate, "TokenUpdate": func() (int, []byte) { return renewed.tokenUpdate(false) }, "Idle": renewed.idle,
	} {
		if status, b := send(); status != http.StatusOK || len(b) != 0 {
			t.Errorf("%s under the new certificate: %d %s, %v", what, status, b, s.counts)
		}
	}
	if len(s.store.pushes) != pushes || len(s.store.unlock) != unlock || pushes == 0 || unlock == 0 {
		t.Error("the enrolment's push record or token was forgotten")
	}
	s.refused("the old certificate", http.StatusForbidden, "revoked_certificate", p.idle)
	_, reports := s.steward.heard()
	if last := reports[len(reports)-1]; last.Enrolment != ca.Hash(p.cert) {
		t.Errorf("the steward hears enrolment %s, not the one that goes on", last.Enrolment)
	}
	s.engine.Now = func() time.Time { return time.Now().Add(48 * time.Hour) }
	if _, b := renewed.idle(); len(b) != 0 {
		t.Errorf("a new certificate is renewed: %s", b)
	}
}

func slicesEqual(a, b [][]byte) bool { return bytes.Equal(bytes.Join(a, nil), bytes.Join(b, nil)) }

// TestARenewalIsTriedEachDay: what failed is tried again with another challenge.
func TestARenewalIsTriedEachDay(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	p := s.old("S1", almostExpired)
	seen := map[string]bool{}
	for n := range 3 {
		s.engine.Now = func() time.Time { return time.Now().Add(time.Duration(n) * 24 * time.Hour) }
		_, answer := p.idle()
		profile, command := told(answer)
		if command == "" || seen[command] || seen[string(challengeIn.Find(profile))] {
			t.Fatalf("day %d: told %q", n, command)
		}
		seen[command], seen[string(challengeIn.Find(profile))] = true, true
		if n == 1 {
			continue // never answered: the next day's does not wait behind it
		}
		if _, b := p.report("Error", command, ""); len(b) != 0 {
			t.Errorf("day %d: and then told %s", n, b)
		}
	}
}

// TestWhoIsNotRenewed: a device in somebody's lock or wipe, and one that is not due.
func TestWhoIsNotRenewed(t *testing.T) {
	for name, change := range map[string]func(*custody.Custody){
		"wiping": func(c *custody.Custody) { c.State = custody.Wiping }, "locked": func(c *custody.Custody) { c.State = custody.Locked },
		"lost": func(c *custody.Custody) { c.State = custody.Lost }, "unproven": func(c *custody.Custody) { c.State = custody.Unproven },
		"opening":        func(c *custody.Custody) { c.State, c.Run = custody.InUse, custody.Run{ID: 4, Goal: custody.GoalOpen} },
		"being enrolled": func(c *custody.Custody) { c.Returning = true },
		"another's":      func(c *custody.Custody) { c.Enrolment = "another" },
		"may be erasing": func(c *custody.Custody) { c.Risk = custody.Risk{Request: "EraseDevice"} },
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, custody.ReturnToService, "S1")
			p := s.old("S1", almostExpired)
			s.rests(p, change)
			if _, b := p.idle(); len(b) != 0 {
				t.Errorf("told %s", b)
			}
			s.rests(p, func(c *custody.Custody) { c.State = custody.InUse })
			_, queued := p.idle()
			if len(queued) == 0 {
				t.Error("in use, with nothing going on, it is not told: is this test looking at anything?")
			}
			s.rests(p, change) // queued, and not answered yet
			if _, b := p.idle(); len(b) != 0 {
				t.Errorf("what was queued before left all the same: %s", b)
			}
			s.rests(p, nil)
			if _, b := p.idle(); !bytes.Equal(b, queued) {
				t.Error("and it is not told again when nothing goes on any more")
			}
		})
	}
	s := serve(t, custody.ReturnToService, "S1", "S2")
	if _, b := s.old("S1", 240*24*time.Hour).idle(); len(b) != 0 {
		t.Errorf("with more than a third of its life left: %s", b)
	}
	p := s.old("S2", almostExpired)
	if _, b := p.report("NotNow", "some-command", ""); len(b) != 0 {
		t.Errorf("it said NotNow, and was told %s", b)
	}
	s.steward.set(func(e *ear) { e.next = nil })
	s.store.setDown(true)
	if status, b := p.idle(); status != http.StatusOK || len(b) != 0 {
		t.Errorf("with the store away: %d %s", status, b)
	}
}

// TestAReadOnlyStoreHoldsNoMessageUp: a lock never waits for the ledger.
func TestAReadOnlyStoreHoldsNoMessageUp(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	p := s.old("S1", almostExpired)
	renewed := *p
	renewed.cert = p.request("S1", "", p.cert)
	s.store.mu.Lock()
	s.store.readOnly = true
	s.store.mu.Unlock()
	if status, _ := renewed.idle(); status != http.StatusOK {
		t.Errorf("a connect under the new certificate: %d", status)
	}
	s.store.mu.Lock()
	s.store.readOnly = false
	s.store.mu.Unlock()
	renewed.idle()
	s.refused("the old one, once it could be written", http.StatusForbidden, "revoked_certificate", p.idle)
}

// TestExpiringDevicesAreNudged, for an iPad that nobody pushes does not come.
func TestExpiringDevicesAreNudged(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1", "S2", "S3")
	s.old("S1", almostExpired)
	s.old("S2", 100*24*time.Hour)
	s.old("S3", 350*24*time.Hour)
	before := len(s.push.pushed)
	if err := s.engine.NudgeExpiring(t.Context()); err != nil {
		t.Fatal(err)
	}
	var nudged []custody.DeviceID
	for _, p := range s.push.pushed[before:] {
		nudged = append(nudged, p.Device)
	}
	if len(nudged) != 2 || nudged[0] != "S3" || nudged[1] != "S1" {
		t.Errorf("nudged %v, want S3 and S1", nudged)
	}
	if s.counted("errand_failed expires_soon") != 1 || !bytes.Contains([]byte(s.log.String()), []byte("device=S3")) {
		t.Errorf("nobody is told that S3's is about to expire: %v", s.counts)
	}
}
