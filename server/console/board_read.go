package console

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/plan"
)

// said is what the board shows of what a device said of itself.
type said struct {
	Seen time.Time
	Low  bool // its battery
}

// read brings the board up to date and publishes a picture of it. The caller
// holds reading. A device whose row cannot be read is left out, and is in no count.
func (b *board) read(ctx context.Context, w what) error {
	if w.beat {
		b.beats++
		w.all = w.all || b.beats%fullBeats == 0
		w.lately = max(w.lately, 3*b.s.Beat)
	}
	if w.all || w.lately > 0 {
		b.begun.Add(1)
	}
	fresh, err := b.rows(ctx, w)
	if err != nil {
		return err
	}
	settled := true // the wards are as they were
	if w.all || w.lately > 0 {
		wards, err := b.s.Ledger.Wards(ctx)
		if err != nil {
			return err
		}
		settled = reflect.DeepEqual(wards, b.wards)
		b.wards = wards
	}
	gone := b.keep(fresh, w)
	changed := b.redraw(ctx, fresh, w.beat || !settled)
	p := &picture{boot: b.boot, wards: b.wards, offset: b.offset, beat: b.beats, made: time.Now(), faces: &faces{}}
	was := b.present.Load()
	if was != nil {
		p.seq, p.order, p.recent, p.waits, p.urgent, p.clocks = was.seq, was.order, was.recent, was.waits, was.urgent, was.clocks
	}
	if w.beat {
		b.s.readBeside(ctx, p)
		p.clocks = b.clocks()
	}
	if len(changed) > 0 || gone {
		p.add(changed, gone, b.devices)
	}
	p.count()
	b.failed = 0
	if w.beat || len(changed) > 0 || gone || !settled || was == nil || was.failing != nil {
		b.publish(p)
	}
	return nil
}

// now is the time that decides, as this server last saw it.
func (b *board) now() time.Time { return b.s.now().Add(b.offset) }

// rows reads custody and what belongs to it.
func (b *board) rows(ctx context.Context, w what) (map[custody.DeviceID]device, error) {
	fresh := make(map[custody.DeviceID]device, len(w.ids))
	take := func(c custody.Custody) error { fresh[c.Device] = device{custody: c}; return nil }
	switch {
	case w.all:
		inventory, err := b.s.Ledger.Devices(ctx, "")
		if err != nil {
			return nil, err
		}
		if err := b.tolerant(b.s.Ledger.Rows(ctx, 0, take)); err != nil {
			return nil, err
		}
		all := make(map[custody.DeviceID]device, len(inventory))
		for _, d := range inventory {
			if c, ok := fresh[d.ID]; ok {
				all[d.ID] = device{Device: d, custody: c.custody}
			}
		}
		return all, nil
	case w.lately > 0:
		if err := b.tolerant(b.s.Ledger.Rows(ctx, w.lately, take)); err != nil {
			return nil, err
		}
	}
	for id := range w.ids {
		c, err := b.s.Ledger.Custody(ctx, id)
		if errors.Is(err, custody.ErrNotFound) {
			continue
		}
		if err := b.tolerant(err); err != nil {
			return nil, err
		}
		fresh[id] = device{custody: c}
	}
	for id, d := range fresh {
		known, ok := b.devices[id]
		if ok {
			d.Device = known.d.Device
		} else {
			one, err := b.s.Ledger.Device(ctx, id)
			if errors.Is(err, custody.ErrNotFound) {
				delete(fresh, id)
				continue
			}
			if err != nil {
				return nil, err
			}
			d.Device = one
		}
		fresh[id] = d
	}
	return fresh, nil
}

// tolerant lets a row pass that does not decode: the others are shown.
func (b *board) tolerant(err error) error {
	if errors.Is(err, ledger.ErrBroken) {
		b.s.Log.Warn("a device is left out of the pool: its row cannot be read", "err", err)
		return nil
	}
	return err
}

// keep drops the devices that are not there any more, and reports whether any was.
// With everything it forgets what is to be read anew.
func (b *board) keep(fresh map[custody.DeviceID]device, w what) (gone bool) {
	if !w.all {
		return false
	}
	maps.DeleteFunc(b.devices, func(id custody.DeviceID, _ *shown) bool {
		_, there := fresh[id]
		gone = gone || !there
		return !there
	})
	b.names, b.said = map[string]string{}, nil
	return gone
}

// redraw makes of what was read what is shown, and returns what is shown otherwise
// than before. Time itself may have changed any of them, and so may a ward's policy:
// with all, each is looked at.
func (b *board) redraw(ctx context.Context, fresh map[custody.DeviceID]device, all bool) (changed []*shown) {
	if all {
		for id, e := range b.devices {
			if _, ok := fresh[id]; !ok {
				fresh[id] = device{Device: e.d.Device, custody: e.d.custody}
			}
		}
	}
	sessions := b.sessions(ctx, fresh)
	policies := make(map[string]ledger.Ward, len(b.wards))
	for _, ward := range b.wards {
		policies[ward.ID] = ward
	}
	if b.said == nil {
		b.said = b.s.said(ctx)
	}
	now := b.now()
	for id, d := range fresh {
		ward := policies[d.custody.Ward]
		d.session, d.policy = sessions[id], ward.Policy
		if d.session.Now.IsZero() {
			d.session.Now = now
		}
		d.pace = b.s.pace(ctx, d.custody)
		b.s.trouble(&d)
		d.said, d.reach = b.said[id], b.s.Reach
		e := &shown{d: d, row: d.row(b.name(ctx, d.custody.Holder))}
		e.row.WardName = cmp.Or(ward.Name, d.custody.Ward)
		was, ok := b.devices[id]
		switch {
		case !ok:
			e.slot, b.slots = b.slots, b.slots+1
		case was.same(e):
			was.d = d
			continue
		default:
			e.slot, e.left = was.slot, was.row.Ward
		}
		e.index()
		b.devices[id] = e
		changed = append(changed, e)
	}
	return changed
}

// sessions are those of the devices that somebody works on; no other's is shown.
// They tell what time it is, too.
func (b *board) sessions(ctx context.Context, fresh map[custody.DeviceID]device) map[custody.DeviceID]custody.Session {
	var ids []custody.DeviceID
	for id, d := range fresh {
		if d.custody.State == custody.InUse {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	sessions := b.s.sessions(ctx, ids...)
	for _, s := range sessions {
		if !s.Now.IsZero() {
			b.offset = s.Now.Sub(b.s.now())
			break
		}
	}
	return sessions
}

func (b *board) name(ctx context.Context, id string) string {
	name, ok := b.names[id]
	if !ok && id != "" {
		name = id
		if who, err := b.s.Ledger.Clinician(ctx, id); err == nil {
			name = who.Name
		}
		b.names[id] = name
	}
	return name
}

// clocks are the idle clocks of the open sessions. A touch changes nothing else,
// and is in no feed.
func (b *board) clocks() (all []clock) {
	for _, e := range b.devices {
		if e.d.open() {
			idle, lock := e.d.idle()
			text, _ := json.Marshal([2]int64{idle, lock}) // two numbers always encode
			all = append(all, clock{e: e, text: string(text)})
		}
	}
	slices.SortFunc(all, func(a, b clock) int { return cmp.Compare(a.e.row.ID, b.e.row.ID) })
	return all
}

// said reads what every device said of itself. It decides nothing, so what cannot be read is left out.
func (s *Console) said(ctx context.Context) map[custody.DeviceID]said {
	all := map[custody.DeviceID]said{}
	facts, err := s.Ledger.FactsOf(ctx, "", plan.FactSeen, plan.FactBattery)
	if err != nil {
		s.Log.Warn("what devices said of themselves cannot be read", "err", err)
	}
	for _, f := range facts {
		x := all[f.Device]
		if f.Observed.After(x.Seen) {
			x.Seen = f.Observed
		}
		if f.Kind == plan.FactBattery {
			n := percent(f.Body)
			x.Low = n >= 0 && n < lowBattery
		}
		all[f.Device] = x
	}
	return all
}

func percent(body json.RawMessage) int {
	var n float64
	if json.Unmarshal(body, &n) != nil || n < 0 || n > 1 { // Apple says -1 where it does not know
		return -1
	}
	return int(n * 100)
}

// same reports whether e is shown as o is, but for its clocks.
func (e *shown) same(o *shown) bool {
	a, b := e.row, o.row
	a.Touched, a.LockAt, b.Touched, b.LockAt = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	return reflect.DeepEqual(a, b)
}

// readBeside reads what no device's row says: what waits for a second person, and
// the emergencies that nobody has reviewed.
func (s *Console) readBeside(ctx context.Context, p *picture) {
	waits, err := s.waits(ctx)
	if err == nil {
		p.waits = waits
	}
	open, urgentErr := s.Ledger.Emergencies(ctx, false)
	if urgentErr == nil {
		p.urgent = map[string]int{}
		for _, e := range open {
			p.urgent[e.Ward]++
		}
	}
	if err := errors.Join(err, urgentErr); err != nil {
		s.Log.Warn("what is beside the pool cannot be read", "err", err)
	}
}
