package policytext

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/padwarden/padwarden/server/custody"
)

// seconds draws a duration that people would write.
func seconds(t *rapid.T, name string, from, to time.Duration) time.Duration {
	return time.Duration(rapid.Int64Range(int64(from/time.Second), int64(to/time.Second)).Draw(t, name)) * time.Second
}

var managed = [][]custody.App{{{BundleID: "org.example.chart"}}, {{BundleID: "org.example.chart"}, {BundleID: "org.example.own", Manifest: "https://h.example/own.plist"}}}

// anyPolicy draws a valid policy of any kind.
func anyPolicy(t *rapid.T) custody.Policy {
	fleet := rapid.SampledFrom([]custody.FleetKind{custody.ReturnToService, custody.ManagedApps, custody.SharedIPad, custody.SharedGuest}).Draw(t, "fleet")
	target := custody.TargetNone
	if !fleet.Shared() {
		target = rapid.SampledFrom([]custody.LockTarget{custody.TargetKioskApp, custody.TargetPasscode, custody.TargetSafari}).Draw(t, "target")
	}
	return anyOf(t, fleet, target)
}

// anyOf draws a valid policy of a kind.
func anyOf(t *rapid.T, fleet custody.FleetKind, target custody.LockTarget) custody.Policy {
	p := custody.DefaultPolicy(fleet, target)
	m := time.Minute
	p.Lock = seconds(t, "lock", m, 60*m)
	p.Warn = seconds(t, "warn", time.Second, p.Lock-time.Second)
	p.Resume, p.Longest = seconds(t, "resume", m, 24*60*m), seconds(t, "longest", 60*m, 24*60*m)
	p.PINGrace = seconds(t, "grace", 0, 12*60*m)
	p.Overdue, p.Reserve = seconds(t, "overdue", 11*m, 24*60*m), seconds(t, "reserve", time.Second, 10*m)
	p.AutoLock = seconds(t, "auto", 2*m, 15*m)
	p.SignInGrace = seconds(t, "sign-in", time.Second, 5*m)
	p.OfferReset = rapid.Bool().Draw(t, "reset")
	p.PINDigits = rapid.SampledFrom([]int{0, 6, 8, 12}).Draw(t, "digits")
	p.Baseline = rapid.SampledFrom([]custody.Baseline{"", custody.BaselineCIS1, custody.BaselineCIS2}).Draw(t, "baseline")
	p.IfFound = rapid.SampledFrom([]string{"", "Call 4711", "שלום"}).Draw(t, "found")
	p.LeastOS = rapid.SampledFrom([]string{"", "26.1"}).Draw(t, "os")
	p.SecondDevice = rapid.SampledFrom([]custody.SecondDevice{"", custody.SecondAllow, custody.SecondMove, custody.SecondRefuse}).Draw(t, "second")
	for range rapid.IntRange(0, 2).Draw(t, "repush") {
		p.Repush = append(p.Repush, seconds(t, "push", 10*time.Second, 60*m))
	}
	p.ShiftChanges = rapid.SampledFrom([][]string{nil, {"07:00"}, {"06:30", "14:30", "22:00"}}).Draw(t, "shifts")
	p.WebApps = rapid.SampledFrom([][]custody.WebApp{nil, {{Name: "Charting 2", URL: "https://charts.example.org/ward"}, {Name: "Labs", URL: "https://labs.example.org"}}}).Draw(t, "web")
	if fleet != custody.SharedGuest {
		p.BreakGlass = rapid.SampledFrom([]time.Duration{0, m, 7 * m, 60 * m}).Draw(t, "glass")
		p.PasskeyEvery = rapid.SampledFrom([]time.Duration{0, 13 * m, 24 * 60 * m}).Draw(t, "passkey")
	}
	switch fleet {
	case custody.ReturnToService:
		p.LeastBattery = rapid.IntRange(0, 80).Draw(t, "battery")
		p.LeastGrade = rapid.SampledFrom([]custody.Grade{custody.GradeErased, custody.GradeUserDeleted, custody.GradeAppsRemoved}).Draw(t, "grade")
		p.PreserveApps = rapid.Bool().Draw(t, "keep")
		p.ManagedApps = rapid.SampledFrom(managed).Draw(t, "apps")
	case custody.ManagedApps:
		p.LeastGrade = custody.GradeAppsRemoved
		p.ManagedApps = rapid.SampledFrom(managed).Draw(t, "apps")
	case custody.SharedIPad:
		p.SignOutAfter = seconds(t, "out", time.Second, 24*60*m)
		p.UserSessionTimeout = seconds(t, "timeout", 30*time.Second, 60*m)
		p.SyncWait, p.ForceDelete = seconds(t, "sync", 0, 10*m), rapid.Bool().Draw(t, "force")
	case custody.SharedGuest:
		p.BadgeAlone, p.PINGrace = true, time.Hour
		p.SignOutWait, p.SyncWait = seconds(t, "wait", 2*m, 10*m), seconds(t, "sync", 0, 10*m)
		p.UserSessionTimeout = seconds(t, "timeout", 30*time.Second, 60*m)
	}
	if target == custody.TargetPasscode {
		p.ClinicalApps = rapid.SampledFrom([][]string{nil, {"org.example.notes"}}).Draw(t, "clinical")
	}
	if err := p.Validate(); err != nil {
		t.Fatalf("drew a policy that is not valid: %v", err)
	}
	return p
}

func all(p custody.Policy) string {
	var said []string
	for _, part := range Say(p) {
		if len(part.Sentences) == 0 {
			said = append(said, "NOTHING of "+part.Title)
		}
		said = append(said, part.Sentences...)
	}
	return strings.Join(said, "\n")
}

// Every field of a policy that can be edited is told, and what cannot is not: a
// change of it changes what is said.
func TestEveryFieldThatMattersIsSaid(t *testing.T) {
	told := map[string]bool{}
	rapid.Check(t, func(t *rapid.T) {
		p := anyPolicy(t)
		if said := all(p); strings.Contains(said, "NOTHING") || strings.Contains(said, "%!") || strings.Contains(said, "\n\n") {
			t.Fatalf("of %+v it says:\n%s", p, said)
		}
		other := anyOf(t, p.Fleet, p.Target)
		for _, g := range Groups {
			for _, f := range g.Fields {
				next := p
				if !f.Fits(p) || isFirst(f) || f.Name == "evidence" || f.Of(p) == f.Of(other) || !f.Fits(other) {
					continue
				}
				if err := f.set(&next, f.Of(other)); err != nil {
					t.Fatalf("%s: what it says cannot be read: %v", f.Name, err)
				}
				if next.Validate() != nil {
					continue
				}
				if all(p) == all(next) {
					t.Fatalf("%s went from %q to %q, and nothing else is said:\n%s", f.Name, f.Of(p), f.Of(next), all(p))
				}
				told[f.Name] = true
			}
		}
	})
	for _, g := range Groups {
		for _, f := range g.Fields {
			if !told[f.Name] && !isFirst(f) && f.Name != "evidence" && f.Name != "badge_alone" { // those are told below
				t.Errorf("%s was never seen to be told", f.Name)
			}
		}
	}
}

// The editor has every field of a policy, by its own name.
func TestEveryFieldCanBeEdited(t *testing.T) {
	have := map[string]bool{}
	for _, g := range Groups {
		for _, f := range g.Fields {
			if have[f.Name] {
				t.Errorf("%s is there twice", f.Name)
			}
			have[f.Name] = true
		}
	}
	for i := range reflect.TypeFor[custody.Policy]().NumField() {
		name, _, _ := strings.Cut(reflect.TypeFor[custody.Policy]().Field(i).Tag.Get("json"), ",")
		if !have[name] {
			t.Errorf("%s cannot be edited", name)
		}
		delete(have, name)
	}
	if len(have) > 0 {
		t.Errorf("a policy has no %v", have)
	}
}

// What the editor shows of a policy is read back as that policy.
func TestWhatIsShownIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, base := anyPolicy(t), anyPolicy(t)
		if rapid.Bool().Draw(t, "its own base") {
			base = p
		}
		shown := map[string]string{}
		for _, g := range Groups {
			for _, f := range g.Fields {
				if f.Fits(p) {
					shown[f.Name] = f.Of(p)
				}
			}
		}
		got, faults := Read(base, shown)
		if base.Fleet == p.Fleet && base.Target == p.Target {
			for _, g := range Groups {
				for _, f := range g.Fields {
					if f.Fits(p) && f.Of(got) != f.Of(p) || !f.Fits(p) && f.Of(got) != f.Of(base) {
						t.Fatalf("%s was read as %q, with %v", f.Name, f.Of(got), faults)
					}
				}
			}
			if len(faults) > 0 {
				t.Fatalf("read back with %v", faults)
			}
		} else if said := got.Validate(); (said == nil) != (len(faults) == 0) {
			t.Fatalf("faults %v, and %v", faults, said)
		}
		if got.Fleet != p.Fleet || got.Target != p.Target {
			t.Fatalf("of %s %s it made %s %s", p.Fleet, p.Target, got.Fleet, got.Target)
		}
	})
}

// What padwarden cannot see is never kept quiet.
func TestWhatCannotBeSeenIsSaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := anyPolicy(t)
		said := strings.Join(Unseen(p), "\n")
		for sentence, needed := range map[string]bool{
			"sees no touch here":               p.Evidence == custody.EvidenceDevice,
			"on its own page only":             p.Evidence == custody.EvidencePage,
			"has no passcode":                  p.Target == custody.TargetKioskApp,
			"Safari, Photos, Files":            p.Fleet == custody.ManagedApps,
			"never erased":                     p.Fleet == custody.SharedIPad,
			"Nothing shows that Apple":         p.Fleet == custody.SharedGuest,
			"A reset iPad may still":           p.OfferReset,
			"is Apple's word":                  p.PreserveApps,
			"A badge is no secret":             p.BadgeAlone,
			"padwarden believes the badge":     p.BreakGlass > 0,
			"can come back to the session":     p.PINGrace > 0 && p.Fleet != custody.SharedGuest,
			"an app lock holds Safari to a pa": p.Target == custody.TargetSafari,
		} {
			if strings.Contains(said, sentence) != needed {
				t.Fatalf("%q said: %v, under %+v", sentence, !needed, p)
			}
		}
	})
}

func TestWarningsAreOfTheirField(t *testing.T) {
	p := custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)
	fields := func(p custody.Policy) (all []string) {
		for _, w := range Warnings(p) {
			all = append(all, w.Field)
		}
		return all
	}
	if got := fields(p); !slices.Equal(got, []string{"pin_grace"}) { // an hour, as recommended; DISA's 15 min are less
		t.Errorf("the recommended policy: %v", got)
	}
	p.PINGrace = 0
	if got := fields(p); got != nil {
		t.Errorf("the strict policy: %v", got)
	}
	p.Lock, p.AutoLock, p.BreakGlass, p.LeastGrade, p.OfferReset, p.LeastBattery = 3*time.Minute, 5*time.Minute, 20*time.Minute, custody.GradeAppsRemoved, true, 0
	if got := fields(p); !slices.Equal(got, []string{"lock", "auto_lock", "break_glass", "least_grade", "offer_reset", "least_battery"}) {
		t.Errorf("weaker: %v", got)
	}
}

func TestFaultsAreBesideTheirFields(t *testing.T) {
	p := custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)
	_, faults := Read(p, map[string]string{"lock": "20 s", "warn": "soon", "least_battery": "90", "pin_digits": "four", "fleet": "laptops", "if_found": "a\x00b"})
	for field, said := range map[string]string{"lock": "20 s is outside 30 s to 1 h.", "warn": errSpan.Error(), "least_battery": "90 is outside 0 to 80 percent.",
		"pin_digits": "Write a whole number.", "fleet": "Choose one of these.", "if_found": "It has characters that cannot be shown. Type it anew."} {
		if faults[field] != said {
			t.Errorf("%s: %q, want %q", field, faults[field], said)
		}
	}
	if got := Faults(custody.Policy{}.Validate()); got["lock"] == "" || got[""] != "" {
		t.Errorf("an empty policy: %v", got)
	}
	if _, faults := Read(p, map[string]string{"if_found": strings.Repeat("x", 900)}); !strings.Contains(faults["if_found"], "200") {
		t.Errorf("too long: %v", faults)
	}
}

// Another kind of fleet brings what it recommends for what the old one did not have.
func TestAnotherKindOfFleet(t *testing.T) {
	p := custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)
	shown := map[string]string{"lock": "4 min", "evidence": "page", "least_battery": "30"}
	shown["fleet"] = string(custody.SharedIPad)
	got, faults := Read(p, shown)
	if len(faults) > 0 || got.Target != custody.TargetNone || got.SignOutAfter == 0 || got.LeastBattery != 0 || got.Lock != 4*time.Minute {
		t.Errorf("a shared ward: %v %+v", faults, got)
	}
	shown["fleet"], shown["target"] = string(custody.ReturnToService), string(custody.TargetPasscode)
	if got, faults = Read(p, shown); len(faults) > 0 || got.Evidence != custody.EvidenceDevice || got.LeastBattery != 30 {
		t.Errorf("a passcode ward: %v %+v", faults, got)
	}
	shown["fleet"] = string(custody.SharedGuest)
	if _, faults = Read(p, shown); faults["badge_alone"] == "" || len(faults) != 1 {
		t.Errorf("a guests' ward has to be chosen knowingly: %v", faults)
	}
}

func TestSpans(t *testing.T) {
	for text, want := range map[string]time.Duration{"3": 3 * time.Minute, "1,5": 90 * time.Second, "90 s": 90 * time.Second, "90s": 90 * time.Second, "2 min 15 s": 135 * time.Second,
		"12 h": 12 * time.Hour, "1h30m": 90 * time.Minute, "0": 0, "1.5 h": 90 * time.Minute, "2 Minutes": 2 * time.Minute, " 5 min ": 5 * time.Minute} {
		if got, err := ParseSpan(text); err != nil || got != want {
			t.Errorf("%q: %v %v", text, got, err)
		}
	}
	for _, text := range []string{"", "soon", "-3", "3 weeks", "1e9", "99999999999", "∞", "3 min 2", "NaN"} {
		if got, err := ParseSpan(text); err == nil {
			t.Errorf("%q became %s", text, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, int64(900*time.Hour/time.Millisecond)).Draw(t, "ms")) * time.Millisecond
		if got, err := ParseSpan(Span(d)); err != nil || got != d {
			t.Fatalf("%s was written %q and read as %s, %v", d, Span(d), got, err)
		}
	})
	if s := strconv.Quote(Span(-time.Minute)); s != `"−1 min"` {
		t.Error(s)
	}
}
