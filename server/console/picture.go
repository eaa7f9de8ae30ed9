package console

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/words"
)

// ring is how many changes of the picture a viewer may be behind: a second's worth
// and some. Whoever is further behind is given everything anew, so that nothing
// has to be kept for anybody.
const ring = 64

// picture is the pool at one moment, as all viewers share it. It never changes
// after it was published.
type picture struct {
	boot    string
	seq     int64 // grows with every change of a device
	beat    int64 // grows with every beat
	made    time.Time
	order   []*shown // what needs somebody first
	recent  []change
	clocks  []clock
	wards   []ledger.Ward
	tallies map[string]*tally // by ward
	waits   []wait            // for a second person
	urgent  map[string]int    // emergencies without a review, by ward
	offset  time.Duration
	failing error // it could not be brought up to date
	next    chan struct{}
	faces   *faces // of what is the same for many viewers
}

// change is what came with one picture.
type change struct {
	seq   int64
	shown []*shown
	gone  bool // a device is not there any more: only all of them say it
}

// shown is one device as it is shown. Viewers read all but d, which is the board's own.
type shown struct {
	d      device
	row    row
	slot   int    // its place in a viewer's set, for as long as the board is awake
	left   string // the ward it was in before
	search string // what is searched in, folded
	faces  faces
	frames faces // as events
}

// clock is the idle clock of an open session as it is sent.
type clock struct {
	e    *shown
	text string
}

// add takes in what changed.
func (p *picture) add(changed []*shown, gone bool, all map[custody.DeviceID]*shown) {
	p.seq++
	p.order = make([]*shown, 0, len(all))
	for _, e := range all {
		p.order = append(p.order, e)
	}
	slices.SortFunc(p.order, bySort)
	slices.SortFunc(changed, bySort)
	p.recent = append(slices.Clone(p.recent[max(0, len(p.recent)-ring+1):]), change{seq: p.seq, shown: changed, gone: gone})
}

func bySort(a, b *shown) int { return strings.Compare(a.row.Sort, b.row.Sort) }

// sorted is where a device stands among the others: what needs somebody first.
func sorted(r *row) string {
	rank := 5
	switch {
	case r.NeedsHands && !r.Hands.On():
		rank = 0
	case r.NeedsHands:
		rank = 1
	case r.State == custody.Lost, r.Unreachable != nil, r.Slow != nil, len(r.Against) > 0,
		r.Lock != nil && r.Lock.Word == custody.LockScreenOff:
		rank = 2
	case r.Lock != nil && r.Lock.Word == custody.LockUnconfirmed:
		rank = 3
	case r.State == custody.Wiping, r.Isolation.On():
		rank = 4
	case r.State == custody.Enrolling:
		rank = 6
	case r.State == custody.Retired:
		rank = 7
	}
	return strconv.Itoa(rank) + "\t" + r.Ward + "\t" + strings.ToLower(r.Name) + "\t" + string(r.ID)
}

// since returns what has changed after seq, each device once as it is now; false
// where that is not known any more.
func (p *picture) since(seq int64) (changed []*shown, ok bool) {
	if seq == p.seq {
		return nil, true
	}
	if seq > p.seq || len(p.recent) == 0 || p.recent[0].seq > seq+1 {
		return nil, false
	}
	n, _ := slices.BinarySearchFunc(p.recent, seq+1, func(c change, want int64) int { return cmp.Compare(c.seq, want) })
	if n == len(p.recent)-1 && !p.recent[n].gone {
		return p.recent[n].shown, true
	}
	latest := map[int]*shown{}
	for _, c := range p.recent[n:] {
		if c.gone {
			return nil, false
		}
		for _, e := range c.shown {
			if was := latest[e.slot]; was != nil && was.row.Ward != e.row.Ward { // it was elsewhere when the viewer last looked
				e = &shown{row: e.row, slot: e.slot, left: was.left, search: e.search}
			}
			latest[e.slot] = e
		}
	}
	for _, e := range latest {
		changed = append(changed, e)
	}
	slices.SortFunc(changed, bySort)
	return changed, true
}

// place names a picture, for a page to go on from.
func (p *picture) place() string { return p.boot + "." + strconv.FormatInt(p.seq, 10) }

// placed is the seq that place names; false if it is another board's.
func (p *picture) placed(place string) (int64, bool) {
	boot, n, _ := strings.Cut(place, ".")
	seq, err := strconv.ParseInt(n, 10, 64)
	return seq, err == nil && boot == p.boot
}

// now is the time that decides.
func (p *picture) now(s *Console) time.Time { return s.now().Add(p.offset) }

// face is one way to show something.
type face struct {
	in   *words.Speech
	form string
}

// faces keeps each face of something once it was made.
type faces struct {
	mu   sync.Mutex
	made map[face]string
}

// get returns a face, made by make where nobody has asked for it before.
func (f *faces) get(of face, make_ func() (string, error)) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if text, ok := f.made[of]; ok {
		return text, nil
	}
	text, err := make_()
	if err == nil {
		if f.made == nil {
			f.made = map[face]string{}
		}
		f.made[of] = text
	}
	return text, err
}

// html is the device's row as a page holds it, on one line.
func (e *shown) html(s *Console, of face) (string, error) {
	return e.faces.get(of, func() (string, error) {
		text, err := s.fragment(of.in, of.form, e.row)
		return strings.ReplaceAll(strings.TrimSpace(text), "\n", " "), err
	})
}

// frame is the row as an event, made once for all who see it change.
func (e *shown) frame(s *Console, of face) (string, error) {
	return e.frames.get(of, func() (string, error) {
		html, err := e.html(s, of)
		return browser.Frame("device", html), err
	})
}
