package custody

import (
	"strings"
	"time"
)

// Hands is who sees to a device that needs hands. It is gone as soon as the
// device needs none any more.
type Hands struct {
	Who string    `json:"who,omitempty"` // staff, as the history names them
	By  string    `json:"by,omitempty"`  // who said so: themselves, or another of the staff
	At  time.Time `json:"at,omitzero"`
}

// On reports whether somebody has the device in hand.
func (h Hands) On() bool { return h.Who != "" }

// Name is Who as people say it.
func (h Hands) Name() string { return strings.TrimPrefix(h.Who, "staff:") }

// RefusedTaken: somebody else has it in hand, or nobody any more.
const RefusedTaken = "taken"

// NeedsHands reports whether a device does not go on without a person: nobody
// can say that its data is gone, or its plan waits for what only somebody there
// can mend.
func NeedsHands(c Custody) bool {
	return c.State == Unproven || c.Run.Active() && c.Run.Waits != ""
}

// assign gives a device that needs hands to somebody, or, with nobody named, hands
// it back. From is who had it when that was decided: of two who take it at once
// the second is told who was first.
func (d *decision) assign(e Assign) error {
	c := d.prev
	switch {
	case e.Epoch != 0 && e.Epoch != c.Epoch:
		return ErrStale
	case e.By == "":
		return refuse(RefusedOther, "Who says so must be named.")
	case !NeedsHands(c):
		return refuse(RefusedOther, "This iPad needs no hands any more.")
	case e.Who == c.Hands.Who:
		return nil
	case e.From != c.Hands.Who && c.Hands.On():
		return refuse(RefusedTaken, "%s was first and has this iPad in hand. Ask them, or look again and give it to somebody else.", c.Hands.Name())
	case e.From != c.Hands.Who:
		return refuse(RefusedTaken, "Nobody has this iPad in hand any more. Look again, then take it if it must be.")
	}
	switch was := c.Hands.Name(); e.Who {
	case "":
		d.next.Hands = Hands{}
		d.note(KindHands, e.By, "handed back by %s", was)
		return nil
	case e.By:
		d.note(KindHands, e.By, "taken")
	default:
		d.note(KindHands, e.By, "given to %s", Hands{Who: e.Who}.Name())
	}
	d.next.Hands = Hands{Who: e.Who, By: e.By, At: d.now}
	return nil
}
