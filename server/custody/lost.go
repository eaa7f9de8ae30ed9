package custody

import "unicode/utf8"

// LostNote is what a lost iPad shows on its screen, and who asked for that. It
// is in the row, so that the command is worked out anew at every delivery.
type LostNote struct {
	By       string `json:"by,omitempty"` // staff
	Message  string `json:"message,omitempty"`
	Phone    string `json:"phone,omitempty"`
	Footnote string `json:"footnote,omitempty"`
}

// MaxNote bounds each text of a [LostNote], in characters: Apple names no
// limit, and a row stays small.
const MaxNote = 300

const (
	lostAsked   = "Lost Mode is asked for; the iPad has not confirmed it yet."
	lostShown   = "In Lost Mode, seen on the iPad."
	lostEnding  = "Found; the iPad has not confirmed yet that Lost Mode is off."
	lostIsFound = "Found after Lost Mode: nobody can say who had it. Wipe it."
)

// lose ends whatever goes on with a device and has it locked by Lost Mode,
// which only an MDM command undoes.
func (d *decision) lose(e Lose) error {
	c := d.prev
	switch {
	case e.Epoch != 0 && e.Epoch != c.Epoch:
		return ErrStale
	case c.State == Retired, c.State == Enrolling:
		return refuse(RefusedUnavailable, "This iPad is %s: no command reaches it.", c.State)
	case c.State == Lost && c.Run.Goal == GoalLose && (c.Run.Active() || c.Lock.Rung == LockConfirmed):
		return refuse(RefusedOther, "Lost Mode is on, or asked for, on this iPad already.")
	case e.By == "" || e.Why == "":
		return refuse(RefusedOther, "Lost Mode needs a name and a reason.")
	case e.Message == "" && e.Phone == "":
		return refuse(RefusedOther, "A lost iPad must show a message or a phone number.")
	case tooLong(e.Message) || tooLong(e.Phone) || tooLong(e.Footnote):
		return refuse(RefusedOther, "Each text on a lost iPad has at most %d characters.", MaxNote)
	}
	d.endSession(CauseLostMode, e.By)
	d.endRun("superseded by Lost Mode")
	d.enter(Lost, CauseLostMode)
	d.next.Reserved = Reservation{}
	d.next.Lost = LostNote{By: e.By, Message: e.Message, Phone: e.Phone, Footnote: e.Footnote}
	d.note(KindLostMode, e.By, "asked for: %s", e.Why)
	d.searchOn()
	return nil
}

func tooLong(s string) bool { return utf8.RuneCountInString(s) > MaxNote }

// searchOn starts the plan that turns Lost Mode on.
func (d *decision) searchOn() {
	d.next.Reason = lostAsked
	d.next.Lock = Lock{}.climb(LockMark{Rung: LockRequested, How: "Lost Mode"}, d.now)
	d.startRun(GoalLose)
}

// found asks the device to leave Lost Mode. It stays lost until it has: what it
// shows decides, not who says that they hold it.
func (d *decision) found(e Found) error {
	c := d.prev
	switch {
	case e.Epoch != 0 && e.Epoch != c.Epoch:
		return ErrStale
	case c.State != Lost:
		return refuse(RefusedOther, "This iPad is not lost.")
	case e.By == "":
		return refuse(RefusedOther, "Who found it must be named.")
	case c.Run.Goal == GoalFind && c.Run.Active():
		return refuse(RefusedOther, "Lost Mode is being turned off already.")
	}
	d.endRun("superseded: found")
	d.next.Reason = lostEnding
	d.note(KindLostMode, e.By, "found")
	d.startRun(GoalFind)
	return nil
}

// lostReached: Lost Mode was seen on, or off.
func (d *decision) lostReached() {
	if d.next.Run.Goal == GoalLose {
		d.next.Reason = lostShown
		d.note(KindLostMode, "device", "on, seen by DeviceInformation")
		d.endRun("")
		return
	}
	d.note(KindLostMode, "device", "off, seen by DeviceInformation")
	d.endRun("")
	d.next.Lost = LostNote{}
	d.unproven(CauseLostMode, lostIsFound)
}

// lostFailed: the device refused Lost Mode. It stays lost with the sentence,
// and "found" is the way out.
func (d *decision) lostFailed(sentence string) {
	d.next.Reason = sentence
	d.note(KindLostMode, "", "failed: %s", sentence)
	d.endRun("")
	d.alert = true
}

// lostAndEnrolled: a lost device that enrols again is in Lost Mode no more.
func (d *decision) lostAndEnrolled() {
	d.endRun("superseded by an enrolment")
	d.note(KindLostMode, "device", "enrolled again: Lost Mode is asked for anew")
	d.searchOn()
	d.alert = true
}
