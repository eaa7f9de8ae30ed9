package console

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/words"
)

// recheck is how old a viewer's rights may be when something is shown to them.
const recheck = time.Second

// seat is one open stream of the pool: who sits there, what they may and want to
// see, and how far they have been told. It keeps no queue: what it has missed is
// in the picture, or it is shown everything anew.
type seat struct {
	console *Console
	sink    *browser.Sink
	who     asker
	filter  filter
	speech  *words.Speech

	since string // the picture that the page was made of; empty: none that counts

	rights  map[string]bool // by ward, as asked of this session's role and wards
	checked time.Time
	seq     int64 // of the picture that was shown last; negative: show everything
	beat    int64
	has     bits // what is on the page, by slot
	told    map[string]string
}

// serve tells the seat of every picture until ctx ends, its session does, or it is gone.
func (v *seat) serve(ctx context.Context) {
	b := v.console.board
	b.viewers.Add(1)
	defer b.viewers.Add(-1)
	p, err := v.first(ctx)
	if err == nil { // who is cut off says so when they come back, and are shown everything (HTML, 9.2.4)
		err = v.sink.Frames(slices.Values([]string{"id: " + p.place() + "\n\n"}))
	}
	tick := time.NewTicker(v.console.Beat)
	defer tick.Stop()
	if err == nil {
		if seq, ok := p.placed(v.since); ok {
			v.seq = seq
		}
	}
	for err == nil {
		if err = v.step(ctx, p); err != nil {
			break
		}
		select {
		case <-ctx.Done():
			return
		case <-p.next:
			if p = b.present.Load(); p == nil {
				return
			}
		case <-tick.C: // whether or not anything is to be shown
			v.checked = time.Time{}
			err = v.sink.Beat()
		}
	}
}

func (v *seat) first(ctx context.Context) (*picture, error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	return v.console.board.look(ctx)
}

// step shows what is new in p.
func (v *seat) step(ctx context.Context, p *picture) error {
	if p.failing != nil {
		return p.failing // the page says that it may be old, and asks again
	}
	if err := v.check(ctx, p.beat != v.beat); err != nil {
		return err
	}
	changed, known := p.since(v.seq)
	if known && v.seq >= 0 && v.has == nil {
		v.resume(p, changed)
	}
	switch {
	case v.seq < 0 || !known:
		if err := v.everything(p); err != nil {
			return err
		}
		v.beat = -1
	case len(changed) > 0:
		if err := v.sink.Frames(v.frames(changed)); err != nil {
			return err
		}
	}
	if p.seq != v.seq || p.beat != v.beat {
		if err := v.tellSummary(p); err != nil {
			return err
		}
	}
	v.seq = p.seq
	if p.beat == v.beat {
		return nil
	}
	v.beat = p.beat
	return v.withBeat(p)
}

// resume takes it that the page shows what it was made of: what is to be seen now,
// and of what changed since whatever could be seen then.
func (v *seat) resume(p *picture, changed []*shown) {
	v.has = bits{}
	for e := range v.seen(p) {
		v.has.set(e.slot)
	}
	for _, e := range changed {
		if v.may(e.row.Ward) || v.may(e.left) {
			v.has.set(e.slot)
		}
	}
}

// check reads who this is, and has everything shown anew to who may now see something else.
func (v *seat) check(ctx context.Context, anyway bool) error {
	if !anyway && time.Since(v.checked) < recheck {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	staff, err := v.console.Identity.StaffSession(ctx, v.who.session, false)
	if err != nil {
		return err
	}
	if v.rights == nil || staff.Role != v.who.Role || !slices.Equal(staff.Wards, v.who.Wards) {
		if v.rights != nil {
			v.seq = -1
		}
		v.rights = map[string]bool{}
	}
	v.who.Staff, v.checked = staff, time.Now()
	return nil
}

// may reports whether the ward's devices may be seen here.
func (v *seat) may(ward string) bool {
	yes, ok := v.rights[ward]
	if !ok {
		yes = allowed(v.who, identity.View, ward) == nil
		v.rights[ward] = yes
	}
	return yes
}

// covers reports whether the ward is one that this page is about.
func (v *seat) covers(ward string) bool {
	return (v.filter.Ward == "" || v.filter.Ward == ward) && v.may(ward)
}

func (v *seat) sees(e *shown) bool { return v.may(e.row.Ward) && v.filter.match(e, v.who.Actor()) }

// seen are the devices of the picture that are to be seen, in its order.
func (v *seat) seen(p *picture) iter.Seq[*shown] {
	return func(yield func(*shown) bool) {
		for _, e := range p.order {
			if v.sees(e) && !yield(e) {
				return
			}
		}
	}
}

// everything sends a snapshot: one event of all rows, a line each.
func (v *seat) everything(p *picture) error {
	v.has = bits{}
	var failed error
	err := v.sink.Frames(func(yield func(string) bool) {
		if !yield("event: snapshot\n") {
			return
		}
		n := 0
		for e := range v.seen(p) {
			html, err := e.html(v.console, v.face())
			if err != nil {
				failed = err
				break
			}
			v.has.set(e.slot)
			if n++; !yield("data: ") || !yield(html) || !yield("\n") {
				return
			}
		}
		if n == 0 {
			yield("data: \n") // an event without data is none (HTML, 9.2.6)
		}
		yield("\n")
	})
	return errors.Join(err, failed)
}

// frames are the events of what changed: a row that is to be seen, or that one is not any more.
func (v *seat) frames(changed []*shown) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, e := range changed {
			var text string
			switch {
			case v.sees(e):
				frame, err := e.frame(v.console, v.face())
				if err != nil {
					v.console.Log.Warn("a device cannot be shown", "device", e.row.ID, "err", err)
					continue
				}
				v.has.set(e.slot)
				text = frame
			case v.has.is(e.slot):
				v.has.clear(e.slot)
				text = browser.Frame("gone", string(e.row.ID))
			default:
				continue
			}
			if !yield(text) {
				return
			}
		}
	}
}

func (v *seat) face() face {
	if v.filter.View == viewTable {
		return face{in: v.speech, form: "pool-row"}
	}
	return face{in: v.speech, form: "pool-card"}
}

// tellSummary sends the summary if it is another than was told last. Viewers of
// the same wards share one.
func (v *seat) tellSummary(p *picture) error {
	key := strings.Join([]string{"summary", v.filter.Ward, v.filter.Show, v.filter.Q, v.filter.View, p.covered(v.covers)}, "\n")
	text, err := p.faces.get(face{in: v.speech, form: key}, func() (string, error) {
		return v.console.fragment(v.speech, "pool-summary", p.summary(v.filter, v.covers, p.now(v.console)))
	})
	if err != nil {
		return err
	}
	return v.tell("summary", text)
}

// tell sends what differs from what was told last.
func (v *seat) tell(name, text string) error {
	if was, ok := v.told[name]; ok && was == text {
		return nil
	}
	if v.told == nil {
		v.told = map[string]string{}
	}
	v.told[name] = text
	return v.sink.Event(name, text)
}

// withBeat sends what comes with a beat: what time it is, the idle clocks, and what is
// known beside the devices.
func (v *seat) withBeat(p *picture) error {
	if err := v.sink.Event("now", strconv.FormatInt(p.now(v.console).UnixMilli(), 10)); err != nil {
		return err
	}
	for name, data := range map[string]any{
		"troubles": v.console.serverTroubles(), "approvals": v.console.approvalsFor(v.who, p.waits, v.covers), "urgent": p.pressing(v.may),
	} {
		text, err := v.console.fragment(v.speech, name, data)
		if err != nil {
			return err
		}
		if err := v.tell(name, text); err != nil {
			return err
		}
	}
	var b strings.Builder
	for _, c := range p.clocks {
		if !v.has.is(c.e.slot) {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Quote(string(c.e.row.ID)) + ":" + c.text)
	}
	if b.Len() == 0 {
		return nil
	}
	return v.sink.Event("clocks", "{"+b.String()+"}")
}
