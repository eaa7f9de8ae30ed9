package mdm

import (
	"sync"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// maxRefused bounds how many devices' refused enrolments are remembered.
const maxRefused = 10_000

// refusals remembers, for each device, that an enrolment in its name was
// refused since it last enrolled, so that its page can say so: the device
// itself can tell nobody. This server's memory only. The zero value is empty.
type refusals struct {
	mu  sync.Mutex
	all map[custody.DeviceID]refusedEnrolment
}

type refusedEnrolment struct {
	sentence string
	at       time.Time
}

func (r *refusals) keep(id custody.DeviceID, sentence string, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.all[id]; !known && len(r.all) >= maxRefused {
		return
	}
	if r.all == nil {
		r.all = map[custody.DeviceID]refusedEnrolment{}
	}
	r.all[id] = refusedEnrolment{sentence, at}
}

func (r *refusals) forget(id custody.DeviceID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.all, id)
}

// RefusedEnrolment says in a sentence that an iPad tried to enrol as this
// device and was refused for not being it, and when; empty if none did since
// the device last enrolled. Nothing that the stranger said is repeated.
func (e *Engine) RefusedEnrolment(id custody.DeviceID) (sentence string, at time.Time) {
	e.refused.mu.Lock()
	defer e.refused.mu.Unlock()
	r := e.refused.all[id]
	return r.sentence, r.at
}

// Sentences about enrolments that were refused, by the reason they are counted under.
var refusedSentences = map[string]string{
	"serial_mismatch": "An iPad with this one's certificate says that its serial number is another, and was not let in. " +
		"If it was repaired, add it under its new serial number and make an enrolment link for that; if not, look for it.",
	"udid_mismatch": "An iPad tried to enrol as this one with another UDID, and was not let in. " +
		"If this iPad's logic board was replaced, retire it here and add it under the serial number it shows now.",
	"conflict": "An iPad tried to enrol as this one with the UDID of another that is known here, and was not let in. " +
		"See which of the two it is; if it was repaired, retire its old entry first.",
}

// turnedAway notes an Authenticate that was refused, where its reason is one
// that a person should see at the device it named.
func (e *Engine) turnedAway(v *visit) {
	if sentence, ok := refusedSentences[v.reason]; ok && v.device != "" {
		e.refused.keep(v.device, sentence, e.Now())
	}
}
