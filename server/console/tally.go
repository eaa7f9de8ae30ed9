package console

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// tally is how one ward's devices stand, or those of several.
type tally struct {
	All         int
	States      map[custody.State]int
	Hands       int // need hands
	Nobody      int // of those, nobody has in hand
	Unconfirmed int // locked, and nothing confirms it
	Unreachable int
	Isolation   int // whatever their state
	Look        int // clean, and of no use until somebody has looked at them
	Slow        int
	// Ready is when those that are being wiped are ready, as nine of ten of the
	// ward's were; without those that take longer or of which nothing can be said.
	Ready []time.Time
}

// count tallies each ward.
func (p *picture) count() {
	p.tallies = map[string]*tally{}
	for _, e := range p.order {
		t := p.tallies[e.row.Ward]
		if t == nil {
			t = &tally{States: map[custody.State]int{}}
			p.tallies[e.row.Ward] = t
		}
		t.take(&e.row)
	}
	for _, t := range p.tallies {
		slices.SortFunc(t.Ready, time.Time.Compare)
	}
}

func (t *tally) take(r *row) {
	t.All++
	t.States[r.State]++
	if r.NeedsHands {
		t.Hands++
		if !r.Hands.On() {
			t.Nobody++
		}
	}
	if r.Lock != nil && r.Lock.Word != custody.LockHolds {
		t.Unconfirmed++
	}
	if r.Unreachable != nil {
		t.Unreachable++
	}
	if r.Isolation.On() {
		t.Isolation++
	}
	if r.Look {
		t.Look++
	}
	if r.Slow != nil {
		t.Slow++
	}
	if !r.ReadyBy.IsZero() {
		t.Ready = append(t.Ready, r.ReadyBy)
	}
}

// sum is the tally of those wards that mine holds of.
func (p *picture) sum(mine func(ward string) bool) tally {
	all := tally{States: map[custody.State]int{}}
	for ward, t := range p.tallies {
		if !mine(ward) {
			continue
		}
		all.All += t.All
		for s, n := range t.States {
			all.States[s] += n
		}
		all.Hands, all.Nobody, all.Unconfirmed = all.Hands+t.Hands, all.Nobody+t.Nobody, all.Unconfirmed+t.Unconfirmed
		all.Unreachable, all.Isolation, all.Slow, all.Look = all.Unreachable+t.Unreachable, all.Isolation+t.Isolation, all.Slow+t.Slow, all.Look+t.Look
		all.Ready = append(all.Ready, t.Ready...)
	}
	slices.SortFunc(all.Ready, time.Time.Compare)
	return all
}

// pressing is how many emergencies wait for somebody's review in wards that may be seen.
func (p *picture) pressing(may func(ward string) bool) (n int) {
	for ward, k := range p.urgent {
		if may(ward) {
			n += k
		}
	}
	return n
}

// covered are the wards of the picture that mine holds of, as one word.
func (p *picture) covered(mine func(ward string) bool) string {
	return strings.Join(slices.DeleteFunc(slices.Sorted(maps.Keys(p.tallies)), func(w string) bool { return !mine(w) }), "\n")
}

// tile is one number above the devices, and the way to those it counts.
type tile struct {
	Show, Class, Name string
	N                 int
	Link              string
	On                bool
	More              int       // are ready by Until
	Until             time.Time // zero: nothing can be said
	Says              string
	Nobody            int   // of those that need hands
	Look              int   // of those that are clean
	Also              *tile // counted apart
}

// summaryView is what is above the devices, under a filter.
type summaryView struct {
	tally
	filter filter
	more   int
	until  time.Time
}

// summary is of those wards that mine holds of.
func (p *picture) summary(f filter, mine func(ward string) bool, now time.Time) summaryView {
	v := summaryView{tally: p.sum(mine), filter: f}
	for _, at := range v.Ready {
		if at.After(now) {
			v.more, v.until = v.more+1, at
		}
	}
	return v
}

// Tiles are the numbers in their order. Only what is proven clean counts as usable;
// of the rarer states those that there are.
func (v summaryView) Tiles() []tile {
	usable := v.tile(string(custody.Clean), string(custody.Clean), v.States[custody.Clean])
	usable.Says, usable.Look = "proven clean", v.Look
	wiping := v.tile(string(custody.Wiping), string(custody.Wiping), v.States[custody.Wiping])
	wiping.More, wiping.Until = v.more, v.until
	if v.more == 0 && wiping.N > 0 {
		wiping.Says = "when is not known"
	}
	locked := v.tile(string(custody.Locked), string(custody.Locked), v.States[custody.Locked])
	if v.Unconfirmed > 0 {
		also := v.tile(showUnconfirmed, "", v.Unconfirmed)
		locked.Also = &also
	}
	hands := v.tile(showHands, calm(v.Hands, string(custody.Unproven)), v.Hands)
	hands.Nobody = v.Nobody
	if v.Hands > 0 && v.Nobody == 0 {
		hands.Says = "somebody has each"
	}
	all := []tile{usable, wiping, v.tile(string(custody.InUse), string(custody.InUse), v.States[custody.InUse]), locked, hands,
		v.tile(showUnreachable, calm(v.Unreachable, string(custody.Locked)), v.Unreachable),
		v.tile(showIsolation, calm(v.Isolation, string(custody.Isolated)), v.Isolation)}
	for _, s := range []custody.State{custody.Reset, custody.Sealed, custody.Lost, custody.Enrolling, custody.Retired} {
		if n := v.States[s]; n > 0 {
			all = append(all, v.tile(string(s), string(s), n))
		}
	}
	return all
}

// calm is how a number looks that is nothing to see to while it is 0.
func calm(n int, class string) string {
	if n == 0 {
		return "calm"
	}
	return class
}

func (v summaryView) tile(show, class string, n int) tile {
	t := tile{Show: show, Class: class, Name: showName(show), N: n, Link: v.filter.With("show", show), On: v.filter.Show == show}
	if t.On {
		t.Link = v.filter.With("show", "") // pressed again, all are shown
	}
	return t
}
