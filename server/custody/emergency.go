package custody

import "time"

// Emergency is one break-glass session and what became of it. It is a
// projection of the device's history: opened, explained by who opened it,
// reviewed by somebody else.
type Emergency struct {
	Device    DeviceID
	Ward      string
	Epoch     int64
	Version   int64 // of the row that it was opened with: names it with Device
	Clinician string
	Opened    time.Time

	Reason    string // what who opened it said; empty: not yet
	Explained time.Time

	Reviewed time.Time // zero: not yet
	Reviewer string
	Finding  string
}

// MaxReason bounds what is said of an emergency, in characters.
const MaxReason = 500

// explain: who opened the device in an emergency says why. It may be told
// later than the session, and on any device: Version names the emergency.
func (d *decision) explain(e Explain) error {
	if e.By == "" || e.Why == "" || e.Version <= 0 || e.Version > d.prev.Version {
		return refuse(RefusedOther, "Say in a few words why this iPad was opened in an emergency.")
	}
	d.note(KindExplained, e.By, "%s", e.Why)
	d.entries[len(d.entries)-1].Run = e.Version
	return nil
}

// review: somebody else looked at an emergency, and says what they found.
func (d *decision) review(e Review) error {
	if e.By == "" || e.Found == "" || e.Version <= 0 || e.Version > d.prev.Version {
		return refuse(RefusedOther, "Say in a few words what you found.")
	}
	d.note(KindReviewed, e.By, "%s", e.Found)
	d.entries[len(d.entries)-1].Run = e.Version
	return nil
}
