package plan

import (
	"slices"
	"strings"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
)

// TestTheAckOfARemovalProvesNothing: the list asked for afterwards does.
func TestTheAckOfARemovalProvesNothing(t *testing.T) {
	w := returned(t, appsWard)
	w.ipad.faulty = true
	w.drain()
	if w.c.State != custody.Unproven || w.c.Proof.Rung != custody.ProofAcknowledged || w.count("InstallApplication") != 0 {
		t.Fatalf("%s, %s, told %v", w.c.State, w.c.Proof.Rung, w.steps())
	}
	if n := w.count("RemoveApplication"); n < 4 {
		t.Errorf("told to remove %d times only", n)
	}
	w.ipad.faulty = false
	w.drain()
	w.is(custody.Clean)
}

// TestAnAppThatIsNotThePolicys was the policy's once, and holds data like the others.
func TestAnAppThatIsNotThePolicys(t *testing.T) {
	w := returned(t, appsWard)
	w.ipad.apps["org.example.former"] = true
	w.drain()
	w.is(custody.Clean)
	if _, there := w.ipad.apps["org.example.former"]; there || len(w.ipad.apps) != 2 {
		t.Errorf("clean with %v", w.ipad.apps)
	}
}

// TestARefusedRemovalDoesNotHoldTheOthersUp, nor does one that is refused for good prove anything.
func TestARefusedRemovalDoesNotHoldTheOthersUp(t *testing.T) {
	w := returned(t, appsWard)
	w.ipad.says["RemoveApplication"] = []int{12075}
	w.drain()
	w.is(custody.Clean)
	if n := w.count("RemoveApplication"); n != 3 {
		t.Errorf("told to remove %d times: %v", n, w.steps())
	}
	w = returned(t, appsWard)
	w.ipad.says["RemoveApplication"] = slices.Repeat([]int{12075}, 1000)
	w.drain()
	w.is(custody.Unproven)
}

// TestListsThatProveNothing: an answer without a list, an app without a name.
func TestListsThatProveNothing(t *testing.T) {
	for name, r := range map[string]Report{
		"no list": {}, "a nameless app": {AppsListed: true, Apps: []string{""}},
	} {
		c := custody.Custody{}
		if v := appsLeft("managed")(c, r, Inputs{Policy: appsWard}, c.Opened); v.again == 0 || v.proof != "" {
			t.Errorf("%s: %+v", name, v)
		}
	}
	if v := appsMissing(custody.Custody{}, Report{}, Inputs{Policy: appsWard}, custody.Custody{}.Opened); v.again == 0 {
		t.Errorf("no list of managed apps: %+v", v)
	}
}

// TestAppsAreWaitedForAndAskedForAgain by their status.
func TestAppsAreWaitedForAndAskedForAgain(t *testing.T) {
	both := func(first, second string) Report {
		return Report{Managed: map[string]string{"org.example.records": first, "org.example.charts": second}}
	}
	for _, row := range []struct {
		asked string
		r     Report
		to    string
		about string
	}{
		{"", both("Managed", "Managed"), "restrictions", ""},
		{"", both("", ""), "install", "org.example.records"},
		{"org.example.records", both("Installing", ""), "install", "org.example.charts"},
		{"org.example.charts", both("Installing", "Queued"), "", ""},
		{"org.example.charts", both("Failed", "Managed"), "", ""}, // was asked for in this round
		{"", both("Failed", "Managed"), "install", "org.example.records"},
		{"", both("Managed", "ManagedButUninstalled"), "install", "org.example.charts"},
	} {
		c := custody.Custody{Run: custody.Run{Subject: row.asked}}
		v := appsMissing(c, row.r, Inputs{Policy: appsWard}, c.Opened)
		if v.to != row.to || v.subject != row.about || (v.to == "") != (v.again > 0) {
			t.Errorf("after %q, %v: %+v", row.asked, row.r.Managed, v)
		}
	}
}

// TestThePasscodeGoesWithTheApps: else it would lock the next holder out.
func TestThePasscodeGoesWithTheApps(t *testing.T) {
	w := returned(t, appsPasscode)
	if !w.ipad.passcode {
		t.Fatal("no passcode was set")
	}
	w.ipad.says["ClearPasscode"] = []int{0, 0}
	w.drain()
	w.is(custody.Clean)
	if w.ipad.passcode || w.c.Proof.Grade != custody.GradeAppsRemoved {
		t.Errorf("passcode %v, proven %s", w.ipad.passcode, w.c.Proof.Grade)
	}
}

// TestWithoutAnUnlockToken nothing is removed that leads nowhere, and a person is told.
func TestWithoutAnUnlockToken(t *testing.T) {
	w := returned(t, appsPasscode)
	w.in.UnlockToken = nil
	w.drain()
	if w.c.State != custody.Unproven || w.count("RemoveApplication") != 0 || !strings.Contains(w.c.Reason, "unlock token") {
		t.Errorf("%s %q, told %v", w.c.State, w.c.Reason, w.steps())
	}
}

// TestTheAppLockIsBackBeforeTheIPadIsClean.
func TestTheAppLockIsBackBeforeTheIPadIsClean(t *testing.T) {
	w := returned(t, appsWard)
	w.ipad.loses = "com.padwarden.kiosk"
	w.drain()
	w.is(custody.Unproven)
}
