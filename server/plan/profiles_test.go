package plan

import (
	"strings"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

func outfit(p custody.Policy) Outfit { return Outfit{Policy: p, Name: "4B-07", Ward: "Ward 4B"} }

// dressed is a list that shows all that is wanted.
func dressed(t *testing.T, o Outfit) map[string]string {
	t.Helper()
	wanted, err := Wanted(o)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, w := range wanted {
		seen[w.Identifier] = strings.ToUpper(w.UUID) // Apple writes them so
	}
	return seen
}

// mended is the command that puts a drift right.
func mended(d Drift) string {
	switch {
	case d.Profile != nil:
		return "InstallProfile"
	case d.Removable():
		return "RemoveProfile"
	}
	return ""
}

// list is what an iPad lists that has these, UUID by identifier.
func list(seen map[string]string) (out []ProfileFact) {
	for id, uuid := range seen {
		out = append(out, ProfileFact{Identifier: id, UUID: uuid})
	}
	return out
}

func drifts(t *testing.T, o Outfit, seen map[string]string) map[string]Drift {
	t.Helper()
	ds, err := Drifts(o, list(seen))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]Drift{}
	for _, d := range ds {
		out[d.Identifier] = d
	}
	return out
}

// TestDrift: a list as wanted has none; a change of policy, a profile that is
// gone, one that is left over and a stranger's each show as what they are, and
// only what no plan is for is mended.
func TestDrift(t *testing.T) {
	o := outfit(passcodeWard)
	o.Policy.ClinicalApps = []string{"org.example.charts"}
	wifi, err := encode.WiFi(encode.WiFiParams{SSID: "ward", Passphrase: "not-a-real-passphrase"})
	if err != nil {
		t.Fatal(err)
	}
	o.WiFi = []byte(strings.ReplaceAll(string(wifi), encode.WiFiID, "org.example.wifi"))
	seen := dressed(t, o)
	seen[encode.EnrolmentID], seen[encode.ClinicalID], seen["org.example.wifi"] = "e", "c", "w"
	seen[encode.KioskID] = "another secret's"
	for id, d := range drifts(t, o, seen) {
		if request := mended(d); d.State != ProfileInstalled || request != "" {
			t.Errorf("%s: %s, mended by %q", id, d.State, request)
		}
	}
	if ds, _ := Drifts(o, list(seen)); DriftSentence(ds) != "" {
		t.Errorf("no drift, and it says %q", DriftSentence(ds))
	}

	o.Policy.Baseline, o.Name = custody.BaselineCIS2, "4B-08"
	delete(seen, encode.PasscodeID)
	delete(seen, encode.KioskID)
	seen["com.padwarden.old"], seen["org.example.other"] = "x", "o"
	got := drifts(t, o, seen)
	for id, want := range map[string]struct {
		state  DriftState
		mended string
	}{
		encode.RestrictionsID: {ProfileDiffers, "InstallProfile"}, encode.PasscodeID: {ProfileMissing, "InstallProfile"},
		encode.LockScreenID: {ProfileDiffers, "InstallProfile"}, encode.HomeScreenID: {ProfileInstalled, ""},
		encode.KioskID: {ProfileMissing, ""}, "com.padwarden.old": {ProfileLeftOver, "RemoveProfile"}, "org.example.other": {ProfileStranger, ""},
	} {
		if request := mended(got[id]); got[id].State != want.state || request != want.mended {
			t.Errorf("%s: %s, mended by %q; want %v", id, got[id].State, request, want)
		}
	}
	if len(got) != 7 {
		t.Errorf("%d profiles looked at, want 7: %v", len(got), got)
	}
	ds, _ := Drifts(o, list(seen))
	for _, word := range []string{"missing: passcode rules, badge-in page", "another version: restrictions, lock-screen text", `left over: "com.padwarden.old"`, `"org.example.other"`} {
		if s := DriftSentence(ds); !strings.Contains(s, word) {
			t.Errorf("%q does not say %q", s, word)
		}
	}
}

// TestWhatLocksIsNeverMended: whatever a list shows, in any ward, nothing puts
// on or takes off the app lock, and nothing takes off what a plan put on.
func TestWhatLocksIsNeverMended(t *testing.T) {
	for _, p := range []custody.Policy{
		kioskWard, passcodeWard, sharedWard, guestWard, appsWard, custody.DefaultPolicy(custody.ReturnToService, custody.TargetSafari),
	} {
		o, everything := outfit(p), map[string]string{}
		for _, id := range passing {
			everything[id] = "another"
		}
		for _, seen := range []map[string]string{nil, everything} {
			for id, d := range drifts(t, o, seen) {
				request := mended(d)
				locks := id == encode.KioskID || id == encode.SafariLockID || id == encode.ClinicalID
				if locks && request != "" || request == "RemoveProfile" {
					t.Errorf("%s %s: %s on %s", p.Fleet, p.Target, request, id)
				}
			}
		}
	}
}

// TestOldIPadsAreSentWhatTheyKnow: what an iPad of a version is sent, and is
// compared with, follows its version.
func TestOldIPadsAreSentWhatTheyKnow(t *testing.T) {
	o := outfit(kioskWard)
	now := dressed(t, o)
	o.OS = encode.Oldest
	old := dressed(t, o)
	if now[encode.RestrictionsID] == old[encode.RestrictionsID] || now[encode.LockScreenID] != old[encode.LockScreenID] {
		t.Error("17.0 wants what the newest does")
	}
}

// TestEachFleetsOutfit: which profiles a ward's iPads are to have.
func TestEachFleetsOutfit(t *testing.T) {
	both := []string{encode.RestrictionsID, encode.LockScreenID}
	for _, c := range []struct {
		policy custody.Policy
		want   []string
	}{
		{kioskWard, append(both[:2:2], encode.KioskID)},
		{passcodeWard, append(both[:2:2], encode.PasscodeID, encode.HomeScreenID, encode.KioskID)},
		{appsWard, append(both[:2:2], encode.KioskID)},
		{sharedWard, both}, {guestWard, both},
	} {
		if got := dressed(t, outfit(c.policy)); len(got) != len(c.want) {
			t.Errorf("%s %s: %v", c.policy.Fleet, c.policy.Target, got)
		} else {
			for _, id := range c.want {
				if _, there := got[id]; !there {
					t.Errorf("%s %s: no %s", c.policy.Fleet, c.policy.Target, id)
				}
			}
		}
	}
}
