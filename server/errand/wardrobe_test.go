package errand

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/plan"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// wardrobe is a ward with its first iPad clean, and what that lists if all is as wanted.
func wardrobe(t *testing.T) (*ward, map[string]string) {
	t.Helper()
	w := newWard(t)
	w.row(func(c *custody.Custody) { c.State = custody.Clean })
	policy := custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)
	wanted, err := plan.Wanted(plan.Outfit{Policy: policy, Name: "4B-00", Ward: "Ward 4B"})
	if err != nil || len(wanted) != 3 {
		t.Fatalf("%d profiles wanted, %v", len(wanted), err)
	}
	seen := map[string]string{}
	for _, p := range wanted {
		seen[p.Identifier] = strings.ToUpper(p.UUID)
	}
	return w, seen
}

// lists is a report of a ProfileList.
func lists(command string, seen map[string]string) plan.Report {
	list := []plan.ProfileFact{}
	for id, uuid := range seen {
		list = append(list, plan.ProfileFact{Identifier: id, UUID: uuid})
	}
	return report(plan.StatusAcknowledged, command, plan.Fact{Kind: plan.FactProfiles, Value: list})
}

// drain has the iPad connect and answer until there is nothing to tell, and
// returns what it was told. A list shows seen; all else is answered with status.
func (w *ward) drain(status string, seen map[string]string) (heard []string) {
	w.t.Helper()
	for range 20 {
		c := w.custody()
		cmd := w.Next(w.t.Context(), c, false)
		if cmd == nil {
			return heard
		}
		heard = append(heard, strings.ReplaceAll(cmd.Request, ours, ""))
		if cmd.Request == Look || cmd.Request == Profiles {
			w.Heard(w.t.Context(), lists(cmd.UUID, seen))
			continue
		}
		w.Heard(w.t.Context(), report(status, cmd.UUID))
	}
	w.t.Fatalf("told for ever: %v", heard)
	return nil
}

const ours = "com.padwarden."

func TestDriftIsPutRightWhileTheIPadIsClean(t *testing.T) {
	w, seen := wardrobe(t)
	drifted := maps.Clone(seen)
	drifted[encode.RestrictionsID] = "an older version"
	delete(drifted, encode.LockScreenID)
	delete(drifted, encode.KioskID) // the plans'
	drifted[ours+"old"], drifted["org.example.other"] = "x", "y"
	w.Heard(t.Context(), lists("a-plans", drifted))
	heard := w.drain(plan.StatusAcknowledged, seen)
	slices.Sort(heard[:max(len(heard)-1, 0)]) // the look is the last
	if want := "[install-profile:lock-screen install-profile:restrictions remove-profile:old look]"; fmt.Sprint(heard) != want {
		t.Errorf("told %v, want %s", heard, want)
	}
	if ds, at, err := w.Drift(t.Context(), "D000"); err != nil || !at.Equal(w.clock()) || plan.DriftSentence(ds) != "" {
		t.Errorf("afterwards: %q at %s, %v", plan.DriftSentence(ds), at, err)
	}
	policy := custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)
	policy.Baseline = custody.BaselineCIS2
	if err := w.ledger.PutPolicy(t.Context(), "4B", policy); err != nil {
		t.Fatal(err)
	}
	if ds, _, err := w.Drift(t.Context(), "D000"); err != nil || !strings.Contains(plan.DriftSentence(ds), "restrictions") {
		t.Errorf("the policy has changed, and: %q, %v", plan.DriftSentence(ds), err)
	}
	if _, _, err := w.Drift(t.Context(), "D001"); err == nil {
		t.Error("one that has never listed its profiles is compared")
	}
}

// TestARefusalDoesNotGoRound: a profile that an iPad will not take is asked for
// once a list, and the list that follows mending asks for nothing.
func TestARefusalDoesNotGoRound(t *testing.T) {
	w, seen := wardrobe(t)
	delete(seen, encode.LockScreenID)
	for range 2 {
		w.Heard(t.Context(), lists("a-plans", seen))
		if heard := w.drain(plan.StatusError, seen); fmt.Sprint(heard) != "[install-profile:lock-screen look]" {
			t.Errorf("told %v", heard)
		}
		w.wait(time.Minute)
	}
}

// TestNobodysIPadIsTouched: what an iPad lists that is used, locked, lost,
// sealed, isolated or being wiped is put right once it is clean, and the
// inventory does not wait behind it.
func TestNobodysIPadIsTouched(t *testing.T) {
	for name, change := range map[string]func(*custody.Custody){
		"in use": func(c *custody.Custody) { c.State = custody.InUse }, "locked": func(c *custody.Custody) { c.State = custody.Locked },
		"lost": func(c *custody.Custody) { c.State = custody.Lost }, "unproven": func(c *custody.Custody) { c.State = custody.Unproven },
		"sealed": func(c *custody.Custody) { c.Downtime.By = "maria" }, "isolated": func(c *custody.Custody) { c.Isolation.By = "maria" },
	} {
		t.Run(name, func(t *testing.T) {
			w, seen := wardrobe(t)
			w.row(change)
			seen[encode.RestrictionsID] = "an older version"
			w.Heard(t.Context(), lists("a-plans", seen))
			w.ask(Security, RankInventory)
			if heard := w.drain(plan.StatusAcknowledged, seen); fmt.Sprint(heard) != "[security]" {
				t.Errorf("told %v", heard)
			}
			w.row(func(c *custody.Custody) {
				c.State, c.Downtime, c.Isolation = custody.Clean, custody.Downtime{}, custody.Isolation{}
			})
			if heard := w.drain(plan.StatusAcknowledged, seen); fmt.Sprint(heard) != "[install-profile:restrictions look]" {
				t.Errorf("told %v once it is clean", heard)
			}
		})
	}
	w, seen := wardrobe(t)
	delete(seen, encode.LockScreenID)
	w.row(func(c *custody.Custody) { c.State = custody.Wiping })
	w.Heard(t.Context(), lists("a-plans", seen))
	if heard := w.drain(plan.StatusAcknowledged, seen); len(heard) > 0 {
		t.Errorf("told %v while it is wiped", heard)
	}
}

// TestTheKioskPagesSecretIsNoDrift: each run has another secret in its badge-in
// page, and that is no other version to anybody.
func TestTheKioskPagesSecretIsNoDrift(t *testing.T) {
	w, seen := wardrobe(t)
	for _, version := range []string{"one", "two"} {
		seen[encode.KioskID] = version
		w.Heard(t.Context(), lists("a-plans", seen))
		if heard := w.drain(plan.StatusAcknowledged, seen); len(heard) > 0 {
			t.Errorf("told %v", heard)
		}
	}
}

// TestAFloodOfLeftOversIsBounded: an iPad that lists any number of profiles of
// our name costs so many errands, and has places left for others.
func TestAFloodOfLeftOversIsBounded(t *testing.T) {
	w, seen := wardrobe(t)
	for i := range 150 {
		seen[fmt.Sprintf("%sold-%d", ours, i)] = "x"
	}
	w.Heard(t.Context(), lists("a-plans", seen))
	asks, err := w.ledger.Asks(t.Context(), "D000")
	if err != nil || len(asks) != maxMends+1 {
		t.Errorf("%d errands, %v", len(asks), err)
	}
}

// TestASharedIPadsTimersFollowThePolicy: they are its only lock while no server
// is reached.
func TestASharedIPadsTimersFollowThePolicy(t *testing.T) {
	w := newWard(t)
	if err := w.ledger.AddWard(t.Context(), ledger.Ward{ID: "5A", Name: "5A", Policy: custody.DefaultPolicy(custody.SharedIPad, custody.TargetNone)}); err != nil {
		t.Fatal(err)
	}
	says := func(user time.Duration) {
		w.Heard(t.Context(), report(plan.StatusAcknowledged, "a-plans", plan.Fact{
			Kind: plan.FactTimers, Value: plan.SharedTimers{User: user, Guest: 15 * time.Minute}}))
	}
	w.row(func(c *custody.Custody) { c.Ward = "5A" })
	says(time.Minute)
	if heard := w.drain(plan.StatusAcknowledged, nil); len(heard) > 0 {
		t.Errorf("somebody has it, and it is told %v", heard)
	}
	w.row(func(c *custody.Custody) { c.State = custody.Clean })
	cmd := w.Next(t.Context(), w.custody(), true)
	if cmd == nil || cmd.Request != Timers || !bytes.Contains(cmd.Body, []byte("<integer>900</integer>")) {
		t.Fatalf("told %+v", cmd)
	}
	w.Heard(t.Context(), report(plan.StatusAcknowledged, cmd.UUID))
	says(15 * time.Minute)
	if heard := w.drain(plan.StatusAcknowledged, nil); len(heard) > 0 {
		t.Errorf("they are right, and it is told %v", heard)
	}
}
