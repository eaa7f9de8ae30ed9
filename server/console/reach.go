package console

import (
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

const (
	// askedOften is how many nudges in a row without a connect are no chance any
	// more: they are sent 30 s, 2 min and 5 min after the first.
	askedOften = 3
	// lowBattery is the charge, in percent, below which it is said.
	lowBattery = 20
	// defaultReach is an hour more than a device is left alone by default.
	defaultReach = 7 * time.Hour
)

// unreachable is a device that does not come when it is asked to.
type unreachable struct {
	Seen  time.Time `json:"seen_at,omitzero"` // when it connected last; zero: not known
	Asked int       `json:"asked"`            // so many times since
}

// unreachable is nil for a device that comes, or of which nobody expects it: one
// that is not in service, sealed, or away to be erased.
func (d device) unreachable() *unreachable {
	c := d.custody
	away := c.Risk.Erase && (c.Proof.Rung == custody.ProofHandedOver || c.Proof.Rung == custody.ProofAcknowledged)
	if c.Enrolment == "" || c.State == custody.Enrolling || c.State == custody.Retired || c.Downtime.On() || away {
		return nil
	}
	u := &unreachable{Seen: d.said.Seen}
	if c.Run.Active() {
		u.Asked = c.Run.Nudges
	}
	silent := d.reach > 0 && !u.Seen.IsZero() && d.session.Now.Sub(u.Seen) > d.reach
	if u.Asked < askedOften && !silent {
		return nil
	}
	return u
}

// against is why a clean iPad is of no use until somebody goes there; empty where
// nothing is known against it.
func (d device) against() string {
	for _, t := range d.troubles {
		if t.Severe {
			return t.Sentence
		}
	}
	switch u := d.unreachable(); {
	case u != nil && u.Seen.IsZero():
		return "It does not come when it is asked to: go and look, it may be switched off or out of Wi-Fi range."
	case u != nil:
		return fmt.Sprintf("Not seen for %s: go and look, it may be switched off or out of Wi-Fi range.", span(d.session.Now.Sub(u.Seen)))
	case d.said.Low:
		return "Its battery was low when it last said so: put it on a charger."
	}
	return ""
}

// readyBy is when a device that is being wiped is ready, as nine of ten of its
// ward's were; zero where nothing can be said, or it takes longer.
func (d device) readyBy() time.Time {
	c := d.custody
	if c.State != custody.Wiping || c.WipeAsked.IsZero() || !d.pace.Enough() || d.pace.P90 == 0 {
		return time.Time{}
	}
	if by := c.WipeAsked.Add(d.pace.P90); by.After(d.session.Now) {
		return by
	}
	return time.Time{}
}
