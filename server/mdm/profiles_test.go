package mdm_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/groob/plist"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/plan"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// listed is the inside of a ProfileList's result.
func listed(seen map[string]string) string {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(seen)) {
		b.WriteString("<dict>" + pair("PayloadIdentifier", id) + pair("PayloadUUID", strings.ToUpper(seen[id])) + "</dict>")
	}
	return "<key>ProfileList</key><array>" + b.String() + "</array>"
}

// told is the RequestType and CommandUUID of an answer, and the identifier of
// the profile that it installs or removes.
func told(t *testing.T, body []byte) (request, id, profile string) {
	t.Helper()
	if len(body) == 0 {
		return "", "", ""
	}
	var d struct {
		Command struct {
			RequestType, Identifier string
			Payload                 []byte
		}
		CommandUUID string
	}
	if err := plist.NewXMLDecoder(bytes.NewReader(body)).Decode(&d); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	profile = d.Command.Identifier
	if len(d.Command.Payload) > 0 {
		profile, _, _ = encode.Identity(d.Command.Payload)
	}
	return d.Command.RequestType, d.CommandUUID, profile
}

// wardrobe is a server with one iPad and what its list shows if all is as wanted.
func wardrobe(t *testing.T, state custody.State) (*server, *ipad, map[string]string) {
	t.Helper()
	s := serve(t, custody.ReturnToService, "S1")
	p := s.ipad("S1").enrol(1, 1)
	s.store.row.State = state
	d, _ := s.store.Device(t.Context(), "S1")
	w, _ := s.store.Ward(t.Context(), "4B")
	os, err := encode.ParseVersion(d.OSVersion)
	if err != nil {
		t.Fatal(err)
	}
	wanted, err := plan.Wanted(plan.Outfit{Policy: w.Policy, OS: os, Name: d.Name, Ward: w.Name})
	if err != nil || len(wanted) != 3 {
		t.Fatalf("%d profiles wanted, %v", len(wanted), err)
	}
	seen := map[string]string{}
	for _, w := range wanted {
		seen[w.Identifier] = w.UUID
	}
	return s, p, seen
}

// drained answers what a device is told until there is nothing more to tell.
func drained(t *testing.T, p *ipad, body []byte, answer func(request string) (status, more string)) (heard []string) {
	t.Helper()
	for range 20 {
		request, id, profile := told(t, body)
		if request == "" {
			return heard
		}
		heard = append(heard, strings.TrimSpace(request+" "+strings.TrimPrefix(profile, "com.padwarden.")))
		status, more := answer(request)
		_, body = p.report(status, id, more)
	}
	t.Fatalf("told for ever: %v", heard)
	return nil
}

func TestDriftIsPutRightWhileTheIPadIsClean(t *testing.T) {
	s, p, seen := wardrobe(t, custody.Clean)
	drifted := maps.Clone(seen)
	drifted[encode.RestrictionsID] = "an older version"
	delete(drifted, encode.LockScreenID)
	delete(drifted, encode.KioskID)
	drifted["com.padwarden.old"], drifted["org.example.other"] = "x", "y"
	_, body := p.report("Acknowledged", "u", listed(drifted))
	heard := drained(t, p, body, func(request string) (string, string) {
		if request == "ProfileList" {
			return "Acknowledged", listed(seen)
		}
		return "Acknowledged", ""
	})
	want := "[InstallProfile restrictions InstallProfile lock-screen RemoveProfile old ProfileList]"
	if fmt.Sprint(heard) != want {
		t.Errorf("told %v, want %s", heard, want)
	}
	if ds, at, err := s.engine.Drift(t.Context(), "S1"); err != nil || at.IsZero() || plan.DriftSentence(ds) != "" {
		t.Errorf("afterwards: %q at %s, %v", plan.DriftSentence(ds), at, err)
	}
	s.store.name("S1", "4B-08")
	if ds, _, err := s.engine.Drift(t.Context(), "S1"); err != nil || !strings.Contains(plan.DriftSentence(ds), "lock-screen text") {
		t.Errorf("it was renamed, and: %q, %v", plan.DriftSentence(ds), err)
	}
	if got := s.store.seen["S1"].Versions[encode.RestrictionsID]; got != seen[encode.RestrictionsID] {
		t.Errorf("kept %q", got)
	}
	if _, body := p.idle(); len(body) > 0 {
		t.Errorf("more is told: %s", body)
	}
}

// TestARefusalDoesNotGoRound: a profile that an iPad will not take is asked for
// once a list, and the list that follows mending asks for nothing.
func TestARefusalDoesNotGoRound(t *testing.T) {
	s, p, seen := wardrobe(t, custody.Clean)
	delete(seen, encode.LockScreenID)
	for range 2 {
		_, body := p.report("Acknowledged", "u", listed(seen))
		heard := drained(t, p, body, func(request string) (string, string) {
			if request == "ProfileList" {
				return "Acknowledged", listed(seen)
			}
			return "Error", ""
		})
		if fmt.Sprint(heard) != "[InstallProfile lock-screen ProfileList]" {
			t.Errorf("told %v", heard)
		}
	}
	if s.store.kept != 1 {
		t.Errorf("the same list was written %d times", s.store.kept)
	}
}

// TestNobodysIPadIsTouched: what a list shows of an iPad in use, locked, lost,
// sealed or isolated is kept and left as it is, and an errand that was put
// before is dropped. One that is being wiped has it wait until it is clean.
func TestNobodysIPadIsTouched(t *testing.T) {
	sealed, isolated := custody.Custody{State: custody.Clean}, custody.Custody{State: custody.Clean}
	sealed.Downtime.By, isolated.Isolation.By = "manager", "manager"
	if !sealed.Downtime.On() || !isolated.Isolation.On() {
		t.Fatal("the fixtures are not what they are called")
	}
	for _, row := range []custody.Custody{
		{State: custody.InUse}, {State: custody.Locked}, {State: custody.Lost}, {State: custody.Unproven}, {State: custody.Enrolling}, sealed, isolated,
	} {
		t.Run(string(row.State), func(t *testing.T) {
			s, p, seen := wardrobe(t, custody.Clean)
			seen[encode.RestrictionsID] = "an older version"
			_, body := p.report("Acknowledged", "u", listed(seen))
			_, id, _ := told(t, body)
			if len(s.store.errands) != 2 {
				t.Fatalf("%d errands", len(s.store.errands))
			}
			s.store.row = row
			inventory := ledger.Errand{UUID: "i", Device: "S1", Body: []byte("inventory"), Rank: 20, Expires: s.store.errands[0].Expires}
			s.store.errands = append(s.store.errands, inventory)
			if _, body := p.report("NotNow", id, ""); len(body) != 0 {
				t.Errorf("told %s", body)
			}
			if _, body := p.idle(); string(body) != "inventory" || len(s.store.errands) != 1 {
				t.Errorf("told %q, %d errands wait", body, len(s.store.errands))
			}
			s.store.errands = nil
			seen["org.example.new"] = "z"
			if _, body := p.report("Acknowledged", "u", listed(seen)); len(body) != 0 || len(s.store.errands) != 0 {
				t.Errorf("told %s, %d errands wait", body, len(s.store.errands))
			}
			if s.store.seen["S1"].Versions["org.example.new"] != "z" {
				t.Error("the list was not kept")
			}
		})
	}
}

func TestDriftWaitsForTheEndOfAWipe(t *testing.T) {
	s, p, seen := wardrobe(t, custody.Wiping)
	delete(seen, encode.LockScreenID)
	if _, body := p.report("Acknowledged", "u", listed(seen)); len(body) != 0 || len(s.store.errands) != 2 {
		t.Fatalf("told %s while it is wiped, %d errands wait", body, len(s.store.errands))
	}
	s.store.row.State = custody.Clean
	_, body := p.idle()
	if request, _, profile := told(t, body); request != "InstallProfile" || profile != encode.LockScreenID {
		t.Errorf("told %s %s once it is clean", request, profile)
	}
}

// TestTheKioskPagesSecretIsNoDrift: each run has another secret in its badge-in
// page, and that is no other version to anybody.
func TestTheKioskPagesSecretIsNoDrift(t *testing.T) {
	s, p, seen := wardrobe(t, custody.Clean)
	for _, version := range []string{"one", "two"} {
		seen[encode.KioskID] = version
		if _, body := p.report("Acknowledged", "u", listed(seen)); len(body) != 0 {
			t.Errorf("told %s", body)
		}
	}
	if s.store.kept != 1 {
		t.Errorf("written %d times", s.store.kept)
	}
}

// TestASharedIPadsTimersFollowThePolicy: they are its only lock while no server
// is reached.
func TestASharedIPadsTimersFollowThePolicy(t *testing.T) {
	says := func(user, guest int) string {
		return fmt.Sprintf("<key>QueryResponses</key><dict><key>UserSessionTimeout</key><integer>%d</integer><key>TemporarySessionTimeout</key><integer>%d</integer></dict>", user, guest)
	}
	s := serve(t, custody.SharedIPad, "S1")
	p := s.ipad("S1").enrol(1, 1)
	s.store.row.State = custody.InUse
	if _, body := p.report("Acknowledged", "u", says(60, 900)); len(body) != 0 || len(s.store.errands) != 0 {
		t.Errorf("somebody has it, and it is told %s", body)
	}
	s.store.row.State = custody.Clean
	if _, body := p.report("Acknowledged", "u", says(900, 900)); len(body) != 0 {
		t.Errorf("they are right, and it is told %s", body)
	}
	_, body := p.report("Acknowledged", "u", says(60, 900))
	request, id, _ := told(t, body)
	if request != "Settings" || !bytes.Contains(body, []byte("<integer>900</integer>")) {
		t.Fatalf("told %s", body)
	}
	if _, body := p.report("Acknowledged", id, ""); len(body) != 0 || len(s.store.errands) != 0 {
		t.Errorf("then %s", body)
	}
}
