package policytext

import (
	"errors"
	"strings"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

type policy = custody.Policy

func of(kinds ...custody.FleetKind) func(policy) bool {
	return func(p policy) bool {
		for _, k := range kinds {
			if p.Fleet == k {
				return true
			}
		}
		return false
	}
}

var (
	oneUser   = of(custody.ReturnToService, custody.ManagedApps)
	shared    = of(custody.SharedIPad, custody.SharedGuest)
	notGuests = of(custody.ReturnToService, custody.ManagedApps, custody.SharedIPad)
	pageSeen  = func(p policy) bool { return p.Evidence != custody.EvidenceDevice && p.Fleet != custody.SharedGuest }
)

// first are what decides which other fields there are.
var first = []Field{
	choice("fleet", "Kind of fleet", "How an iPad is cleaned between two people.", func(p *policy) *custody.FleetKind { return &p.Fleet }, nil,
		Option{string(custody.ReturnToService), "Erased after each person"}, Option{string(custody.ManagedApps), "Apps removed after each person"},
		Option{string(custody.SharedIPad), "Apple's Shared iPad, with accounts"}, Option{string(custody.SharedGuest), "Apple's Shared iPad, guests only"}),
	choice("target", "Locked to", "What an idle iPad shows.", func(p *policy) *custody.LockTarget { return &p.Target }, oneUser,
		Option{string(custody.TargetKioskApp), "Our page, in a kiosk browser"}, Option{string(custody.TargetPasscode), "A passcode for the shift"}, Option{string(custody.TargetSafari), "Safari (an experiment)"}),
}

// Groups are all fields of a policy, in the order of the editor.
var Groups = []Group{
	{"Fleet", append(first[:len(first):len(first)],
		choice("evidence", "Who is there shows by", "What counts as a touch.", func(p *policy) *custody.Evidence { return &p.Evidence }, notGuests,
			Option{string(custody.EvidencePage), "Touches on our page"}, Option{string(custody.EvidenceDevice), "The iPad's own auto-lock"}))},
	{"Idle and lock", []Field{
		span("warn", "Ask “Still here?” after", "Before the lock, so that one touch is enough to stay.", func(p *policy) *time.Duration { return &p.Warn }, pageSeen),
		span("lock", "Lock after", "30 s to 1 h without a touch. Hospitals use 1 to 10 min.", func(p *policy) *time.Duration { return &p.Lock }, pageSeen),
		span("resume", "Kept for its holder", "Locked for so long, then wiped. Until the shift's end: minutes would lose drafts.", func(p *policy) *time.Duration { return &p.Resume }, nil),
		span("longest", "Longest session", "From the first tap, whatever happens. A shift and an hour.", func(p *policy) *time.Duration { return &p.Longest }, nil),
		span("sign_out_after", "Sign out after", "Locked for so long, its holder is signed out of the iPad.", func(p *policy) *time.Duration { return &p.SignOutAfter }, of(custody.SharedIPad)),
	}},
	{"Wipe and proof", []Field{
		choice("least_grade", "Clean is what was at least", "Below it an iPad is not offered.", func(p *policy) *custody.Grade { return &p.LeastGrade }, nil,
			Option{string(custody.GradeErased), "erased"}, Option{string(custody.GradeUserDeleted), "erased, or its account deleted"},
			Option{string(custody.GradeAppsRemoved), "freed of its apps"}, Option{string(custody.GradeSignedOut), "signed out"}),
		yes("offer_reset", "Offer what was proven less", "It is marked as reset, and not as clean.", func(p *policy) *bool { return &p.OfferReset }, nil),
		span("overdue", "Needs hands after", "A wipe that is not proven by then is called unproven.", func(p *policy) *time.Duration { return &p.Overdue }, nil),
		span("reserve", "Kept after a take-over", "For who asked for it, once it is clean.", func(p *policy) *time.Duration { return &p.Reserve }, nil),
		number("least_battery", "Least battery, in percent", "With less it waits for its charger before it is erased; 0: it never waits.", func(p *policy) *int { return &p.LeastBattery }, of(custody.ReturnToService)),
		yes("preserve_apps", "Keep apps over an erase", "Without their data, from iPadOS 26 on. It comes back sooner.", func(p *policy) *bool { return &p.PreserveApps }, of(custody.ReturnToService)),
		span("sync_wait", "Wait for what is not synced", "Before giving an account up.", func(p *policy) *time.Duration { return &p.SyncWait }, shared),
		yes("force_delete", "Then delete it all the same", "What was not synced is lost.", func(p *policy) *bool { return &p.ForceDelete }, shared),
		span("sign_out_wait", "Look after a sign-out", "At least 2 min: Apple lets one take that long.", func(p *policy) *time.Duration { return &p.SignOutWait }, of(custody.SharedGuest)),
		lines("repush", "Call again after", "One wait a line, each from 10 s to 1 h.", nil, func(p policy) (all []string) {
			for _, d := range p.Repush {
				all = append(all, Span(d))
			}
			return all
		}, func(p *policy, all []string) error {
			waits := make([]time.Duration, len(all))
			for i, one := range all {
				var err error
				if waits[i], err = ParseSpan(one); err != nil {
					return err
				}
			}
			p.Repush = waits
			return nil
		}),
	}},
	{"Sign-in", []Field{
		number("pin_digits", "Digits of a PIN, at least", "6 to 12.", func(p *policy) *int { return &p.PINDigits }, notGuests),
		span("pin_grace", "PIN grace", "So long after a full sign-in a tap alone comes back; 0: never.", func(p *policy) *time.Duration { return &p.PINGrace }, notGuests),
		span("passkey_every", "A passkey once in", "In between badge and PIN are enough; 0: always.", func(p *policy) *time.Duration { return &p.PasskeyEvery }, notGuests),
		span("sign_in_grace", "An Apple sign-in waits for its tap", "Then it is signed out.", func(p *policy) *time.Duration { return &p.SignInGrace }, shared),
		yes("badge_alone", "A badge alone is enough", "No page can ask a guest for a PIN, so a guests' ward has to say this.", func(p *policy) *bool { return &p.BadgeAlone }, of(custody.SharedGuest)),
		choice("second_device", "A second iPad", "Who holds one of the ward's iPads and taps at another.", func(p *policy) *custody.SecondDevice { return &p.SecondDevice }, nil,
			Option{string(custody.SecondAllow), "is theirs too"}, Option{string(custody.SecondMove), "is theirs, and the first is locked"}, Option{string(custody.SecondRefuse), "is refused"}),
	}},
	{"Emergencies", []Field{
		span("break_glass", "A badge alone opens an iPad for", "1 min to 1 h, explained and reviewed afterwards; 0: never.", func(p *policy) *time.Duration { return &p.BreakGlass }, notGuests),
	}},
	{"Shifts", []Field{
		lines("shift_changes", "Shift changes", "One time a line, as the ward's clocks show it: 07:00. Empty: its busiest hours.", nil,
			func(p policy) []string { return p.ShiftChanges }, func(p *policy, all []string) error { p.ShiftChanges = all; return nil }),
	}},
	{"Apps", []Field{
		lines("web_apps", "Apps that the page offers", "One a line: its name, then its https address. They are shown while somebody is signed in, in this order.", nil, func(p policy) (all []string) {
			for _, a := range p.WebApps {
				all = append(all, strings.TrimSpace(a.Name+" "+a.URL))
			}
			return all
		}, func(p *policy, all []string) error {
			p.WebApps = nil
			for _, one := range all {
				at := strings.LastIndexByte(one, ' ')
				if at < 0 {
					return errors.New("Write the name of an app, a space, and its https address.")
				}
				p.WebApps = append(p.WebApps, custody.WebApp{Name: strings.TrimSpace(one[:at]), URL: one[at+1:]})
			}
			return nil
		}),
		lines("managed_apps", "Apps that a wipe installs", "One bundle id a line; an app of your own is followed by the https address of its manifest.", oneUser, func(p policy) (all []string) {
			for _, a := range p.ManagedApps {
				all = append(all, strings.TrimSpace(a.BundleID+" "+a.Manifest))
			}
			return all
		}, func(p *policy, all []string) error {
			p.ManagedApps = nil
			for _, one := range all {
				words := strings.Fields(one)
				if len(words) > 2 {
					return errors.New("Write a bundle id, and at most one address after it.")
				}
				app := custody.App{BundleID: words[0]}
				if len(words) == 2 {
					app.Manifest = words[1]
				}
				p.ManagedApps = append(p.ManagedApps, app)
			}
			return nil
		}),
		lines("clinical_apps", "Apps that open after the passcode", "One bundle id a line.", func(p policy) bool { return p.Target == custody.TargetPasscode },
			func(p policy) []string { return p.ClinicalApps }, func(p *policy, all []string) error { p.ClinicalApps = all; return nil }),
	}},
	{"The iPad's own timers", []Field{
		span("auto_lock", "Auto-lock", "2 to 15 min; 0: off. It works without a network.", func(p *policy) *time.Duration { return &p.AutoLock }, nil),
		span("user_session_timeout", "Apple ends an idle session after", "30 s to 24 h; 0: off. It works without a network.", func(p *policy) *time.Duration { return &p.UserSessionTimeout }, shared),
	}},
	{"Restrictions and enrolment", []Field{
		choice("baseline", "Restrictions", "By the CIS Apple iPadOS Benchmark.", func(p *policy) *custody.Baseline { return &p.Baseline }, nil,
			Option{string(custody.BaselineCIS1), "level 1"}, Option{string(custody.BaselineCIS2), "level 2, stricter"}),
		text("if_found", "The lock screen says", "To who finds it, below its name; empty: the ward's name.", 200, func(p *policy) *string { return &p.IfFound }, nil),
		text("least_os", "Oldest iPadOS", "Such as 26.1: an older one has to update before it enrols; empty: any.", 10, func(p *policy) *string { return &p.LeastOS }, nil),
	}},
}
