package console

import (
	"fmt"
	"html/template"
	"net/url"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/words"
)

// The words that people read for what the ladders and states say.
var (
	stateWords = map[custody.State]string{
		custody.Enrolling: "Setting up", custody.Clean: "Clean", custody.InUse: "In use", custody.Locked: "Locked",
		custody.Wiping: "Being wiped", custody.Unproven: "Unproven", custody.Lost: "Lost", custody.Retired: "Retired",
	}
	causeWords = map[custody.Cause]string{
		custody.CauseIdle: "idle", custody.CauseReturn: "given back", custody.CauseTakeOver: "taken over",
		custody.CauseManager: "a manager asked", custody.CauseTooLong: "the longest session ended",
		custody.CauseResumeOver: "the resume window ended", custody.CauseRevoked: "badge or person revoked",
		custody.CauseStranger: "an Apple sign-in without a tap", custody.CauseSignIn: "another Apple sign-in during the wipe",
		custody.CauseReenrolled: "enrolled again unexplained", custody.CauseCheckedOut: "management removed",
		custody.CauseOverdue: "the wipe is overdue", custody.CauseMoved: "its holder took another iPad", custody.CauseEmergency: "the time of an emergency was over",
		custody.CauseFailed: "the wipe failed", custody.CauseLiveLost: "session state was lost",
		custody.CauseFirst: "first enrolment", custody.CauseLostMode: "Lost Mode", custody.CauseReinstated: "back in service", custody.CauseDowntime: "brought back from a downtime", custody.CauseBelowGrade: "below the ward's grade", custody.CauseOtherWard: "from another ward",
	}
	proofWords = map[custody.ProofRung]string{
		custody.ProofRequested: "Wipe asked, not sent yet", custody.ProofHandedOver: "Wipe sent, no answer yet",
		custody.ProofAcknowledged: "Wipe acknowledged, not proven", custody.ProofReturned: "Came back, being set up",
		custody.ProofProven: "Wipe proven",
	}
	gradeWords = map[custody.Grade]string{
		custody.GradeErased: "erased", custody.GradeUserDeleted: "user deleted",
		custody.GradeAppsRemoved: "apps removed", custody.GradeSignedOut: "signed out",
	}
	rungWords = map[custody.ProofRung]string{
		custody.ProofRequested: "Asked for", custody.ProofHandedOver: "Sent to the iPad",
		custody.ProofAcknowledged: "Acknowledged by the iPad", custody.ProofReturned: "Came back from the wipe",
		custody.ProofProven: "Proven",
	}
	lockRungWords = map[custody.LockRung]string{
		custody.LockRequested: "Asked for", custody.LockAcknowledged: "Acknowledged by the iPad", custody.LockConfirmed: "Confirmed",
	}
)

// scopeWords are what a token may be allowed, in words.
var scopeWords = map[identity.Action]string{
	identity.View: "Look at iPads and their history", identity.Ping: "Ping iPads",
	identity.Try: "Walk trials and file their tables", identity.SCIM: "Keep people as the hospital's directory has them (SCIM)",
}

// stateWord is a state's, or that of a clean device that is not simply to be had.
func stateWord(s custody.State) string {
	switch s {
	case custody.Reset:
		return "Reset"
	case custody.Isolated:
		return "Isolated"
	case custody.Sealed:
		return "Sealed"
	}
	return stateWords[s]
}

// summary is the order in which states are counted; reset, isolated, sealed and the last three only if there are any.
var summary = []custody.State{custody.Clean, custody.Reset, custody.InUse, custody.Locked, custody.Wiping, custody.Unproven,
	custody.Isolated, custody.Sealed, custody.Lost, custody.Enrolling, custody.Retired}

// terms are what the templates say these words with, in one language; time is
// a moment that the page's script puts into the reader's own zone.
func (s *Console) terms(in *words.Speech) template.FuncMap {
	return template.FuncMap{
		"word":      func(state custody.State) string { return in.Say(stateWord(state)) },
		"scope":     func(a identity.Action) string { return in.Say(scopeWords[a]) },
		"cause":     func(c custody.Cause) string { return in.Say(causeWords[c]) },
		"iso":       iso,
		"plain":     plain,
		"time":      timeTag,
		"wardclock": func(t time.Time) string { return t.In(s.zone()).Format("15:04") },
		"troubles":  s.serverTroubles,
		"seg":       url.PathEscape,
		"fault":     func(name, says string, anew bool) fieldNews { return fieldNews{name, says, anew} },
		"office":    func(path string, does any, danger bool) officeEnd { return officeEnd{path, does, danger} },
		"hm":        hourTag,
		"ms":        millis,
		"shows":     shows,
		"bulks":     bulks,
		"showing":   func(show string) string { return in.Say(showName(show)) },
		"says":      blank,
		"ago":       agoTag,
		"tell":      func(t phrase) any { return t.in(in) },
	}
}

func iso(t time.Time) string   { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
func plain(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// millis is t as scripts have it; 0: none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// hourTag is a moment of which only the hour and the minute are said.
func hourTag(t time.Time) template.HTML {
	return template.HTML(`<time class="hm" datetime="` + iso(t) + `">` + t.UTC().Format("15:04 UTC") + `</time>`) //nolint:gosec // digits only
}

// blank is the place in a question that the page's script fills with what the
// question is about: a word of the button's data.
func blank(word string) template.HTML {
	return template.HTML(`<bdi data-says="` + template.HTMLEscapeString(word) + `"></bdi>`) //nolint:gosec // it was escaped
}

// agoTag is a moment of which it is said how long ago it was.
func agoTag(t time.Time) template.HTML {
	return template.HTML(`<time class="ago" datetime="` + iso(t) + `">` + plain(t) + `</time>`) //nolint:gosec // digits only
}

func timeTag(t time.Time) template.HTML {
	return template.HTML(`<time datetime="` + iso(t) + `">` + plain(t) + `</time>`) //nolint:gosec // digits only
}

// lockWord says in a sentence what the lock of a locked device is. A dark
// screen is not called a lock.
func lockWord(c custody.Custody) string {
	switch l := custody.ShowLock(c); {
	case l.Word == custody.LockHolds && l.How != "":
		return fmt.Sprintf("Lock confirmed: %s", l.How)
	case l.Word == custody.LockHolds:
		return "Lock confirmed"
	case l.Word == custody.LockScreenOff:
		return "Screen off only: no enforced lock"
	case c.Lock.Rung == custody.LockAcknowledged:
		return "Lock acknowledged, unconfirmed"
	}
	return "Lock asked, unconfirmed"
}

// evidence says in a few words how far the lock or the wipe is.
func evidence(state custody.State, c custody.Custody) string {
	switch state {
	case custody.InUse:
		if c.Run.Goal == custody.GoalOpen && c.Run.Active() {
			return "Opening, not confirmed yet"
		}
	case custody.Locked:
		return lockWord(c)
	case custody.Wiping, custody.Unproven:
		return proofWords[c.Proof.Rung]
	case custody.Clean, custody.Reset, custody.Isolated, custody.Sealed:
		if c.Proof.Attested {
			return "Attested clean by a person"
		}
		if c.Proof.Grade != "" {
			return fmt.Sprintf("Proven: %s", gradeWords[c.Proof.Grade])
		}
		if c.Fresh {
			return "Fresh from Setup Assistant"
		}
	}
	return ""
}
