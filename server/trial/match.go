package trial

import (
	"fmt"
	"strings"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// Found is what a history shows of a step.
type Found struct {
	Seen    []ledger.Recorded // the entries of its marks, in order
	Whole   bool              // all of them are there
	Missing string            // otherwise: what is not, in words
	// Over: this try cannot become whole any more, whatever comes after.
	Over bool
}

// Match looks for a step in a piece of a device's history, oldest entry first.
// Of several tries the first that is whole counts, or else the one that came
// furthest.
func Match(s Step, entries []ledger.Recorded) Found {
	marks, quiet := s.marks()
	best := Found{}
	for i := range entries {
		f := from(marks, quiet, entries[i:])
		if f.Whole {
			return f
		}
		if best.Missing == "" || len(f.Seen) > len(best.Seen) {
			best = f
		}
	}
	if best.Missing == "" && len(marks) > 0 {
		best.Missing = "not seen: " + marks[0].Says
	}
	return best
}

// from matches the marks, the first of them with the first entry.
func from(marks []Mark, quiet map[int]Duration, entries []ledger.Recorded) Found {
	f := Found{}
	for i, m := range marks {
		at := -1
		for j, e := range entries {
			if m.fits(e.Entry, f.Seen) {
				at = j
				break
			}
			if i == 0 {
				break
			}
		}
		if at < 0 {
			f.Missing = "not seen: " + m.Says
			return f
		}
		e := entries[at]
		if n := len(f.Seen); n > 0 {
			if took := e.At.Sub(f.Seen[n-1].At); m.Within > 0 && took > time.Duration(m.Within) {
				f.Over, f.Missing = true, fmt.Sprintf("%s took %s, longer than %s", m.Says, took.Round(time.Second), time.Duration(m.Within))
				return f
			}
		}
		f.Seen, entries = append(f.Seen, e), entries[at+1:]
		if q := quiet[i]; q > 0 {
			if heard, ok := Heard(entries); ok && heard.Sub(e.At) < time.Duration(q) {
				f.Over, f.Missing = true, fmt.Sprintf("the iPad was heard %s after: %s. It was not away", heard.Sub(e.At).Round(time.Millisecond), m.Says)
				return f
			}
		}
	}
	f.Whole = len(marks) > 0
	return f
}

func (m Mark) fits(e custody.Entry, before []ledger.Recorded) bool {
	if e.Kind != m.Kind || !strings.HasPrefix(e.Detail, m.Detail) || m.Device && !byDevice(e) {
		return false
	}
	return !m.Same || len(before) > 0 && e.Run == before[len(before)-1].Run
}

// byDevice reports whether the iPad itself caused an entry: nothing is handed
// over but to one that has connected.
func byDevice(e custody.Entry) bool { return e.Actor == "device" || e.Kind == custody.KindHandedOver }

// Heard returns when the iPad was first heard in a piece of its history.
func Heard(entries []ledger.Recorded) (time.Time, bool) {
	for _, e := range entries {
		if byDevice(e.Entry) {
			return e.At, true
		}
	}
	return time.Time{}, false
}

// Took is the time from a step's first mark to its last.
func (f Found) Took() time.Duration {
	if len(f.Seen) == 0 {
		return 0
	}
	return f.Seen[len(f.Seen)-1].At.Sub(f.Seen[0].At)
}

// Cited are the entries found, as a claim cites them.
func (f Found) Cited() (cited []Cited) {
	for _, e := range f.Seen {
		cited = append(cited, Cited{Seq: e.Seq, Hash: e.Hash})
	}
	return cited
}
