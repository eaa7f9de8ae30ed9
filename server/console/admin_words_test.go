package console

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/policytext"
	"github.com/padwarden/padwarden/web"
)

var (
	aText  = regexp.MustCompile(`\bt "((?:[^"\\]|\\.)*)"`)
	aCount = regexp.MustCompile(`\bn [^"}]*"(?:[^"\\]|\\.)*" "((?:[^"\\]|\\.)*)"`)
)

// All of administration is there in German: what its pages say, what a policy
// says, and what is refused.
func TestAdministrationInGerman(t *testing.T) {
	e := newEstate(t)
	de := e.console.words.Match("de", "")
	for _, name := range []string{"admin.html", "admin-wards.html", "admin-ward.html", "admin-edit.html", "admin-devices.html", "admin-readers.html", "admin-system.html", "import.html"} {
		page, err := fs.ReadFile(web.FS, "console/"+name)
		e.must(err)
		found := append(aText.FindAllStringSubmatch(string(page), -1), aCount.FindAllStringSubmatch(string(page), -1)...)
		for _, m := range found {
			if !de.Has(m[1]) {
				t.Errorf("%s: %q has no German", name, m[1])
			}
		}
	}
	said := func(sentence string) {
		t.Helper()
		if de.Say(sentence) == sentence && sentence != "Name" && sentence != "Apps" {
			t.Errorf("%q has no German", sentence)
		}
	}
	for _, g := range policytext.Groups {
		said(g.Title)
		for _, f := range g.Fields {
			said(f.Label)
			said(f.Help)
			for _, o := range f.Options {
				said(o.Label)
			}
		}
	}
	for _, fleet := range []custody.FleetKind{custody.ReturnToService, custody.ManagedApps, custody.SharedIPad, custody.SharedGuest} {
		for _, target := range []custody.LockTarget{custody.TargetKioskApp, custody.TargetPasscode, custody.TargetSafari, custody.TargetNone} {
			strict := custody.DefaultPolicy(fleet, target)
			loose := strict
			loose.Lock, loose.AutoLock, loose.PINGrace, loose.BreakGlass, loose.PasskeyEvery = 20*time.Minute, 0, 0, 0, time.Hour
			loose.LeastGrade, loose.OfferReset, loose.LeastBattery, loose.PreserveApps, loose.ForceDelete, loose.BadgeAlone = custody.GradeAppsRemoved, true, 0, true, true, fleet == custody.SharedGuest
			loose.ManagedApps, loose.ClinicalApps, loose.WebApps = []custody.App{{BundleID: "org.example.a"}}, []string{"org.example.b"}, []custody.WebApp{{Name: "Labs", URL: "https://labs.example.org"}}
			loose.SecondDevice, loose.Baseline, loose.IfFound, loose.LeastOS, loose.ShiftChanges, loose.UserSessionTimeout = custody.SecondMove, custody.BaselineCIS2, "Call 1", "26.1", []string{"07:00"}, time.Hour
			for _, p := range []custody.Policy{strict, loose} {
				for _, part := range policytext.Say(p) {
					said(part.Title)
					for _, s := range part.Sentences {
						if s != "" { // a target that the kind does not have
							said(s)
						}
					}
				}
				for _, s := range policytext.Unseen(p) {
					said(s)
				}
				for _, w := range policytext.Warnings(p) {
					said(w.Sentence)
				}
				for _, s := range policytext.Changes(strict, p) {
					said(s)
				}
			}
		}
	}
	cookie, csrf := e.signedIn(identity.Administrator)
	_, page, _ := e.ask("POST", "/console/admin/wards/4B", form(map[string]string{"lock": "20 s", "warn": "soon", "resume": "30 s"}), as(cookie+"; language=de", csrf))
	for _, want := range []string{"20 s liegt nicht zwischen 30 s und 1 h.", "Schreiben Sie Minuten", "30 s liegt nicht zwischen 1 min und 24 h.", "Noch ist nichts gespeichert"} {
		if !strings.Contains(page, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	status, page, _ := e.ask("POST", "/console/admin/wards/4B/remove", `{"version":"1"}`, as(cookie+"; language=de", csrf))
	if status != 409 || !strings.Contains(page, "Diese Station hat iPads oder Leser.") {
		t.Errorf("%d %s", status, page)
	}
}
