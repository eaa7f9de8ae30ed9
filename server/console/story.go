package console

import (
	"context"
	"strings"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/words"
)

// phrase is one sentence of a story: a text of the catalogue, and what varies in it.
// A moment among Args is said in the reader's own zone.
type phrase struct {
	Text string
	Args []any
}

func phrased(text string, args ...any) phrase { return phrase{Text: text, Args: args} }

// in is the sentence in a language.
func (t phrase) in(speech *words.Speech) any {
	args := make([]any, len(t.Args))
	for i, a := range t.Args {
		if at, ok := a.(time.Time); ok {
			a = timeTag(at)
		}
		args[i] = a
	}
	return speech.Text(t.Text, args...)
}

// story is what a device's page begins with: how it stands, in sentences, and what
// somebody can do about it.
type story struct {
	Says    []phrase
	Advice  []phrase
	Severe  bool // it needs somebody
	Seen    time.Time
	Battery int // percent; negative: not known
	At      time.Time
}

// story tells it of a device held by holder, a name.
func (d device) story(holder string, seen time.Time, battery int, at time.Time) story {
	s := story{Says: []phrase{d.stands(holder)}, Seen: seen, Battery: battery, At: at, Severe: custody.NeedsHands(d.custody)}
	if c := d.custody; c.Run.Waits != "" && c.Run.Active() {
		s.Says = append(s.Says, phrased("%v", c.Run.Waits))
	}
	switch h := d.custody.Hands; {
	case s.Severe && h.On():
		s.Says = append(s.Says, phrased("Needs hands: %s has it.", h.Name()))
	case s.Severe:
		s.Says = append(s.Says, phrased("Needs hands: nobody has it yet."))
	}
	s.Advice = d.advice()
	return s
}

// stands is the first sentence: the state, what showed it, and since when.
func (d device) stands(holder string) phrase {
	c := d.custody
	switch state := d.state(); state {
	case custody.Clean:
		switch {
		case c.Proof.Attested:
			return phrased("A person attested that it is clean. It is free since %s.", c.Since)
		case c.Proof.Grade != "":
			return phrased("Proven clean (%v), and free since %s.", gradeWords[c.Proof.Grade], c.Since)
		}
		return phrased("Fresh from Setup Assistant, and free since %s.", c.Since)
	case custody.Reset:
		return phrased("Reset, which this ward offers though it is below its grade, and free since %s.", c.Since)
	case custody.Isolated:
		return phrased("Clean, and kept in isolation since %s.", c.Isolation.At)
	case custody.Sealed:
		return phrased("Clean, and sealed for a downtime since %s.", c.Downtime.At)
	case custody.InUse:
		return phrased("%s has it since %s.", holder, c.Since)
	case custody.Locked:
		switch custody.ShowLock(c).Word {
		case custody.LockHolds:
			return phrased("Locked with the session of %s since %s, and the lock is confirmed.", holder, c.Since)
		case custody.LockScreenOff:
			return phrased("Closed with the session of %s since %s, and only its screen is off, which is no lock.", holder, c.Since)
		}
		return phrased("Locked with the session of %s since %s, and nothing confirms the lock yet.", holder, c.Since)
	case custody.Wiping, custody.Unproven:
		return d.wipeStands(state)
	case custody.Lost:
		return phrased("Lost since %s.", c.Since)
	case custody.Enrolling:
		return phrased("Known by its serial number, and not enrolled yet.")
	}
	return phrased("Out of service since %s.", c.Since)
}

// wipeStands is how far a wipe has come; of an unproven device also why it is one.
func (d device) wipeStands(state custody.State) phrase {
	c, p := d.custody, d.custody.Proof
	why := state == custody.Unproven && c.Cause != custody.CauseOverdue && c.Reason != ""
	switch {
	case why:
		return phrased("%v", c.Reason)
	case p.Rung == custody.ProofHandedOver:
		return phrased("The wipe was sent to it %s, and it has not answered since.", p.At[custody.ProofHandedOver])
	case p.Rung == custody.ProofAcknowledged && c.Risk.Erase:
		return phrased("Erase acknowledged %s, no re-enrolment since.", p.At[custody.ProofAcknowledged])
	case p.Rung == custody.ProofAcknowledged:
		return phrased("Wipe acknowledged %s, and what it removes was not seen gone.", p.At[custody.ProofAcknowledged])
	case p.Rung == custody.ProofReturned:
		return phrased("It came back from the wipe %s, and is being set up.", p.At[custody.ProofReturned])
	case state == custody.Unproven:
		return phrased("%v", c.Reason)
	}
	return phrased("A wipe was asked for %s, and it has not come for it yet.", c.WipeAsked)
}

// advice is what a person can do, the first thing first.
func (d device) advice() (all []phrase) {
	c := d.custody
	if d.unreachable() != nil {
		all = append(all, phrased("Ping it, or go and look: it may be off, out of Wi-Fi range, or locked with a passcode since a restart."))
	}
	switch d.state() {
	case custody.Unproven:
		switch {
		case c.Cause == custody.CauseFirst, c.Cause == custody.CauseReinstated:
			return append(all, phrased("Wipe it. It is offered once that is proven."))
		case c.Cause == custody.CauseCheckedOut:
			return append(all, phrased("Enrol it again, then wipe it."))
		}
		return append(all, phrased("Go to it: is it on, charged and on Wi-Fi? It may yet be proven by itself; else wipe it again, or attest that you cleaned it by hand."))
	case custody.Locked:
		if custody.ShowLock(c).Word != custody.LockHolds {
			return append(all, phrased("It is told again by itself. If it stays so, look whether it lies open."))
		}
	case custody.Wiping:
		if d.slow() != nil {
			return append(all, phrased("It takes longer than nearly all before it. Look whether it is charged and on Wi-Fi."))
		}
		if c.Run.Waits == "" {
			return append(all, phrased("Nothing: it is offered once the wipe is proven."))
		}
	case custody.Lost:
		return append(all, phrased("Ask where it is, or have it play a sound, while it is in Lost Mode. Say so once it is found."))
	case custody.Isolated:
		return append(all, phrased("Release it once it is disinfected."))
	case custody.Sealed:
		return append(all, phrased("Bring it back after the downtime, and say who used it."))
	case custody.Enrolling:
		return append(all, phrased("Enrol it with a link of this page, or by automated enrolment."))
	}
	if len(all) == 0 && c.Run.Waits == "" {
		all = append(all, phrased("Nothing."))
	}
	return all
}

// entryView is one line of a history as people read it.
type entryView struct {
	At       time.Time
	Kind     string // as it is sealed
	What     string
	Who      string
	Person   bool // Who is a name
	State    custody.State
	Detail   string
	Standing bool // Detail is of the catalogue
}

// kindWords are what kinds of history entries are called.
var kindWords = map[string]string{
	custody.KindSessionOpened: "Taken into use", custody.KindSessionResumed: "Gone on with", custody.KindSessionEnded: "Session ended",
	custody.KindEmergency: "Opened in an emergency", custody.KindExplained: "Emergency explained", custody.KindReviewed: "Emergency reviewed",
	custody.KindOpenConfirmed: "Opening confirmed", custody.KindLockAsked: "Lock asked for", custody.KindLockEnded: "Lock ended",
	custody.KindWipeAsked: "Wipe asked for", custody.KindWipeEnded: "Wipe ended", custody.KindHandedOver: "Command sent", custody.KindReport: "The iPad reported",
	custody.KindEnrolment: "Enrolment", custody.KindAppleSignIn: "Apple sign-in", custody.KindWaits: "Waits for a person", custody.KindUnproven: "Unproven",
	custody.KindClean: "Proven clean", custody.KindAttested: "Attested clean", custody.KindLostMode: "Lost Mode", custody.KindIsolated: "Put into isolation",
	custody.KindReleased: "Released from isolation", custody.KindSetAside: "Sealed for a downtime", custody.KindBroughtBack: "Brought back from a downtime",
	custody.KindLooked: "Looked at", custody.KindRetired: "Service", custody.KindOwed: "Written afterwards", custody.KindHands: "Needs hands", custody.KindReason: "Reason given",
	custody.KindMoved: "Moved to another ward", custody.KindPolicy: "Policy changed",
}

// entryViews says a history in words; name looks a clinician's up.
func entryViews(ctx context.Context, history []ledger.Recorded, name func(context.Context, string) string) []entryView {
	views := make([]entryView, len(history))
	for i, e := range history {
		v := entryView{At: e.At, Kind: e.Kind, What: kindWords[e.Kind], State: e.State, Detail: e.Detail}
		if v.What == "" {
			v.What = e.Kind
		}
		if word := causeWords[custody.Cause(e.Detail)]; word != "" {
			v.Detail, v.Standing = word, true
		}
		switch {
		case e.Actor == "device":
			v.Who = "the iPad"
		case e.Actor == "" || e.Actor == "timer":
			v.Who = "padwarden"
		case strings.Contains(e.Actor, ":"):
			v.Who, v.Person = strings.NewReplacer("staff:", "", "token:", "").Replace(e.Actor), true
		default:
			v.Who, v.Person = name(ctx, e.Actor), true
		}
		views[i] = v
	}
	return views
}
