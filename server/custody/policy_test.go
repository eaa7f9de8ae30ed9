package custody

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestDefaultPoliciesAreValid(t *testing.T) {
	for _, p := range []Policy{kiosk, passcode, shared} {
		if err := p.Validate(); err != nil {
			t.Errorf("%s %s: %v", p.Fleet, p.Target, err)
		}
		if !p.Accepts(GradeErased) || !p.Accepts(GradeUserDeleted) || p.Accepts(GradeAppsRemoved) || p.OfferReset {
			t.Errorf("%s %s offers below user_deleted", p.Fleet, p.Target)
		}
	}
}

// TestWeakerProofsAreChosen: a managed-apps ward says itself that apps_removed
// is enough; of guests nothing better can be proven.
func TestWeakerProofsAreChosen(t *testing.T) {
	p := DefaultPolicy(ManagedApps, TargetKioskApp)
	if err := p.Validate(); err == nil || !strings.Contains(err.Error(), "least_grade") || !strings.Contains(err.Error(), "managed_apps") {
		t.Errorf("the default of managed-apps: %v", err)
	}
	if apps.Accepts(GradeSignedOut) || !apps.Accepts(GradeAppsRemoved) {
		t.Error("a managed-apps ward takes the wrong proofs")
	}
	if guest.LeastGrade != GradeSignedOut || guest.OfferReset || !guest.Accepts(GradeSignedOut) || guest.Accepts("") {
		t.Errorf("guest: %s", guest.LeastGrade)
	}
}

// TestAbsurdPolicies: each is refused, and named by its field.
func TestAbsurdPolicies(t *testing.T) {
	const s, m, h = time.Second, time.Minute, time.Hour
	for _, row := range []struct {
		field string
		base  Policy
		set   func(p *Policy)
	}{
		{"fleet", kiosk, func(p *Policy) { p.Fleet = "" }},
		{"fleet", kiosk, func(p *Policy) { p.Fleet = "laptops" }},
		{"target", kiosk, func(p *Policy) { p.Target = TargetNone }},
		{"target", kiosk, func(p *Policy) { p.Target = "billboard" }},
		{"target", shared, func(p *Policy) { p.Target = TargetKioskApp }},
		{"target", shared, func(p *Policy) { p.Target = TargetPasscode }},
		{"least_os", kiosk, func(p *Policy) { p.LeastOS = "new" }},
		{"least_os", kiosk, func(p *Policy) { p.LeastOS = "26" }},
		{"least_os", kiosk, func(p *Policy) { p.LeastOS = "26.1\n" }},
		{"least_os", shared, func(p *Policy) { p.LeastOS = "26.1.1.1" }},
		{"evidence", kiosk, func(p *Policy) { p.Evidence = "" }},
		{"evidence", kiosk, func(p *Policy) { p.Evidence = "camera" }},
		{"evidence", kiosk, func(p *Policy) { p.Evidence = EvidenceDevice }},
		{"evidence", passcode, func(p *Policy) { p.AutoLock = 0 }},
		{"lock", kiosk, func(p *Policy) { p.Lock = 0 }},
		{"lock", kiosk, func(p *Policy) { p.Lock, p.Warn = 29*s, 10*s }},
		{"lock", kiosk, func(p *Policy) { p.Lock = h + s }},
		{"lock", kiosk, func(p *Policy) { p.Lock = -m }},
		{"warn", kiosk, func(p *Policy) { p.Warn = 0 }},
		{"warn", kiosk, func(p *Policy) { p.Warn = p.Lock }},
		{"warn", kiosk, func(p *Policy) { p.Warn = -s }},
		{"resume", kiosk, func(p *Policy) { p.Resume = 59 * s }},
		{"resume", kiosk, func(p *Policy) { p.Resume = 24*h + s }},
		{"longest", kiosk, func(p *Policy) { p.Longest = p.Lock - s }},
		{"longest", kiosk, func(p *Policy) { p.Longest = 24*h + s }},
		{"pin_grace", kiosk, func(p *Policy) { p.PINGrace = -s }},
		{"pin_grace", kiosk, func(p *Policy) { p.PINGrace = 12*h + s }},
		{"least_grade", kiosk, func(p *Policy) { p.LeastGrade = "" }},
		{"least_grade", kiosk, func(p *Policy) { p.LeastGrade = "shredded" }},
		{"least_grade", shared, func(p *Policy) { p.LeastGrade = GradeErased }},
		{"overdue", kiosk, func(p *Policy) { p.Overdue = 59 * s }},
		{"overdue", kiosk, func(p *Policy) { p.Overdue = 24*h + s }},
		{"reserve", kiosk, func(p *Policy) { p.Reserve = 0 }},
		{"reserve", kiosk, func(p *Policy) { p.Reserve = 10*m + s }},
		{"sign_in_grace", kiosk, func(p *Policy) { p.SignInGrace = 0 }},
		{"sign_in_grace", kiosk, func(p *Policy) { p.SignInGrace = 5*m + s }},
		{"sign_in_grace", shared, func(p *Policy) { p.Overdue, p.SyncWait = m, 0 }},
		{"sign_out_after", shared, func(p *Policy) { p.SignOutAfter = 0 }},
		{"sign_out_after", shared, func(p *Policy) { p.SignOutAfter = 24*h + s }},
		{"sync_wait", shared, func(p *Policy) { p.SyncWait = -s }},
		{"sync_wait", shared, func(p *Policy) { p.SyncWait = p.Overdue }},
		{"user_session_timeout", shared, func(p *Policy) { p.UserSessionTimeout = 29 * s }}, // Apple's minimum
		{"user_session_timeout", shared, func(p *Policy) { p.UserSessionTimeout = -s }},
		{"user_session_timeout", shared, func(p *Policy) { p.UserSessionTimeout = 24*h + s }},
		{"auto_lock", shared, func(p *Policy) { p.AutoLock = 119 * s }}, // Apple's minimum
		{"auto_lock", shared, func(p *Policy) { p.AutoLock = -s }},
		{"auto_lock", passcode, func(p *Policy) { p.AutoLock = 16 * m }},
		{"repush", kiosk, func(p *Policy) { p.Repush = nil }},
		{"repush", kiosk, func(p *Policy) { p.Repush = make([]time.Duration, 11) }},
		{"repush", kiosk, func(p *Policy) { p.Repush = []time.Duration{30 * s, 9 * s} }},
		{"repush", kiosk, func(p *Policy) { p.Repush = []time.Duration{h + s} }},
		{"target", guest, func(p *Policy) { p.Target = TargetKioskApp }},
		{"evidence", guest, func(p *Policy) { p.UserSessionTimeout = 0 }},
		{"least_grade", guest, func(p *Policy) { p.LeastGrade = GradeAppsRemoved }},
		{"sign_out_wait", guest, func(p *Policy) { p.SignOutWait = 119 * s }},
		{"sign_out_wait", guest, func(p *Policy) { p.SignOutWait = p.Overdue }},
		{"sync_wait", guest, func(p *Policy) { p.SyncWait = p.Overdue }},
		{"target", apps, func(p *Policy) { p.Target = TargetNone }},
		{"evidence", kiosk, func(p *Policy) { p.Target, p.Evidence = TargetSafari, EvidenceDevice }},
		{"least_battery", kiosk, func(p *Policy) { p.LeastBattery = 81 }},
		{"least_battery", kiosk, func(p *Policy) { p.LeastBattery = -1 }},
		{"least_battery, preserve_apps", shared, func(p *Policy) { p.LeastBattery = 20 }},
		{"least_battery, preserve_apps", apps, func(p *Policy) { p.PreserveApps = true }},
		{"preserve_apps", kiosk, func(p *Policy) { p.PreserveApps = true }},
		{"managed_apps", kiosk, func(p *Policy) { p.ManagedApps = []App{{BundleID: ""}} }},
		{"least_grade", apps, func(p *Policy) { p.LeastGrade = GradeUserDeleted }}, // the default: an explicit choice is wanted
		{"managed_apps", apps, func(p *Policy) { p.ManagedApps = nil }},
		{"badge_alone", guest, func(p *Policy) { p.BadgeAlone = false }},
		{"if_found", kiosk, func(p *Policy) { p.IfFound = strings.Repeat("é", maxIfFound+1) }},
		{"baseline", kiosk, func(p *Policy) { p.Baseline = "cis-3" }},
		{"badge_alone", kiosk, func(p *Policy) { p.BadgeAlone = true }},
		{"managed_apps", apps, func(p *Policy) { p.ManagedApps = make([]App, maxApps+1) }},
		{"managed_apps", apps, func(p *Policy) { p.ManagedApps = []App{{BundleID: ""}} }},
		{"managed_apps", apps, func(p *Policy) { p.ManagedApps = []App{{BundleID: "a"}, {BundleID: "a"}} }},
		{"managed_apps", apps, func(p *Policy) { p.ManagedApps = []App{{BundleID: "a", Manifest: "http://h.example/a.plist"}} }},
	} {
		p := row.base
		row.set(&p)
		if err := p.Validate(); err == nil || !strings.Contains("\n"+err.Error(), "\n"+row.field+": ") {
			t.Errorf("%s: want it named, got %v", row.field, err)
		}
	}
	if err := (Policy{}).Validate(); err == nil || strings.Count(err.Error(), "\n") < 8 {
		t.Errorf("an empty policy: all that is wrong in one error, got %v", err)
	}
}

// TestLimitsThemselvesAreAllowed: the edge of each range is inside it.
func TestLimitsThemselvesAreAllowed(t *testing.T) {
	low, high := shared, shared
	low.Lock, low.Warn, low.Resume, low.Longest, low.PINGrace = 30*time.Second, time.Nanosecond, time.Minute, 30*time.Second, 0
	low.Overdue, low.Reserve, low.SignInGrace, low.SyncWait, low.SignOutAfter = time.Minute, 1, 1, 0, 1
	low.UserSessionTimeout, low.AutoLock, low.LeastGrade = 30*time.Second, 2*time.Minute, GradeSignedOut
	low.Repush = []time.Duration{10 * time.Second}
	high.Lock, high.Resume, high.Longest, high.PINGrace = time.Hour, 24*time.Hour, 24*time.Hour, 12*time.Hour
	high.Overdue, high.Reserve, high.SignInGrace, high.SignOutAfter = 24*time.Hour, 10*time.Minute, 5*time.Minute, 24*time.Hour
	high.UserSessionTimeout, high.AutoLock, high.Repush = 24*time.Hour, 15*time.Minute, []time.Duration{time.Hour}
	off := shared
	off.UserSessionTimeout, off.AutoLock = 0, 0 // Apple: 0 is off
	reset := shared
	reset.LeastGrade, reset.OfferReset = GradeErased, true
	guestReset, appsReset := guest, apps
	guestReset.LeastGrade, guestReset.OfferReset = GradeErased, true
	appsReset.LeastGrade, appsReset.OfferReset = GradeUserDeleted, true
	for name, p := range map[string]Policy{"low": low, "high": high, "off": off, "reset": reset,
		"guest": guest, "apps": apps, "guest, reset offered": guestReset, "apps, reset offered": appsReset} {
		if err := p.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFasterDividesEveryDuration: one that is forgotten would play a demo at two speeds.
func TestFasterDividesEveryDuration(t *testing.T) {
	p := shared
	p.SignOutWait, p.PasskeyEvery = guest.SignOutWait, 12*time.Hour
	fast := p.Faster(10)
	was, is := reflect.ValueOf(p), reflect.ValueOf(fast)
	durations := 0
	for i := range was.NumField() {
		switch d := was.Field(i).Interface().(type) {
		case time.Duration:
			durations++
			if d == 0 || is.Field(i).Interface() != d/10 {
				t.Errorf("%s: %s became %s", was.Type().Field(i).Name, d, is.Field(i).Interface())
			}
		case []time.Duration:
			for j, want := range d {
				if got := is.Field(i).Index(j).Interface(); got != want/10 {
					t.Errorf("%s %d: %s became %s", was.Type().Field(i).Name, j, want, got)
				}
			}
		default:
			if !reflect.DeepEqual(d, is.Field(i).Interface()) {
				t.Errorf("%s changed", was.Type().Field(i).Name)
			}
		}
	}
	if durations < 12 {
		t.Errorf("only %d durations seen", durations)
	}
	if p.Repush[0] != 30*time.Second {
		t.Error("the policy it was made from has changed")
	}
	for _, n := range []int{1, 0, -3} {
		if !reflect.DeepEqual(p.Faster(n), p) {
			t.Errorf("%d times faster is not the same", n)
		}
	}
}
