package live

import (
	"maps"
	"slices"
	"sync"

	"github.com/padwarden/padwarden/server/custody"
)

// Anything, in what a subscriber receives, stands for every device: the feed
// had more than the reader could follow, so whoever is shown should be read again.
const Anything custody.DeviceID = ""

// hub hands what the feed says to this server's viewers. A viewer that is slow
// finds what happened meanwhile merged into one set, as large as its devices
// are many at most; nobody waits for it.
type hub struct {
	mu      sync.Mutex
	closed  bool
	viewers map[*viewer]struct{} // of all wards
	wards   map[string]map[*viewer]struct{}
	devices map[custody.DeviceID]map[*viewer]struct{}
}

type viewer struct{ ch chan []custody.DeviceID }

func newHub() *hub {
	return &hub{
		viewers: map[*viewer]struct{}{},
		wards:   map[string]map[*viewer]struct{}{},
		devices: map[custody.DeviceID]map[*viewer]struct{}{},
	}
}

// Subscribe returns a channel of the devices of a ward ("" for all wards) that
// changed, until cancel or Close closes it. Somebody must run Follow.
func (l *Live) Subscribe(ward string) (<-chan []custody.DeviceID, func()) {
	if ward == "" {
		return l.hub.join(func() map[*viewer]struct{} { return l.hub.viewers }, func() {})
	}
	return join(l.hub, l.hub.wards, ward)
}

// SubscribeDevice is Subscribe for one device.
func (l *Live) SubscribeDevice(id custody.DeviceID) (<-chan []custody.DeviceID, func()) {
	return join(l.hub, l.hub.devices, id)
}

// join adds a viewer under key, and drops the key with its last viewer.
func join[K comparable](h *hub, index map[K]map[*viewer]struct{}, key K) (<-chan []custody.DeviceID, func()) {
	return h.join(func() map[*viewer]struct{} {
		if index[key] == nil {
			index[key] = map[*viewer]struct{}{}
		}
		return index[key]
	}, func() {
		if len(index[key]) == 0 {
			delete(index, key)
		}
	})
}

// join adds a viewer to a set; both functions are called under the lock.
func (h *hub) join(set func() map[*viewer]struct{}, left func()) (<-chan []custody.DeviceID, func()) {
	v := &viewer{ch: make(chan []custody.DeviceID, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		close(v.ch)
		return v.ch, func() {}
	}
	set()[v] = struct{}{}
	return v.ch, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.closed {
			return
		}
		if _, here := set()[v]; here {
			delete(set(), v)
			close(v.ch)
		}
		left()
	}
}

// tell hands one poll's changes, device to wards, to those who watch them.
func (h *hub) tell(changed map[custody.DeviceID][]string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(changed) == 0 {
		return
	}
	if _, ok := changed[Anything]; ok {
		h.each(func(v *viewer) { v.add([]custody.DeviceID{Anything}) })
	}
	all := slices.Sorted(maps.Keys(changed))
	byWard := map[string][]custody.DeviceID{}
	for _, id := range all {
		for _, ward := range changed[id] {
			byWard[ward] = append(byWard[ward], id)
		}
		for v := range h.devices[id] {
			v.add([]custody.DeviceID{id})
		}
	}
	for v := range h.viewers {
		v.add(all)
	}
	for ward, ids := range byWard {
		for v := range h.wards[ward] {
			v.add(ids)
		}
	}
}

// add merges ids into what the viewer has not taken yet. It never waits: only
// the hub sends, under its lock, so the place is free after the first select.
func (v *viewer) add(ids []custody.DeviceID) {
	var waiting []custody.DeviceID
	select {
	case waiting = <-v.ch:
	default:
	}
	merged := slices.Concat(waiting, ids)
	slices.Sort(merged)
	v.ch <- slices.Compact(merged)
}

func (h *hub) each(do func(*viewer)) {
	for v := range h.viewers {
		do(v)
	}
	for _, set := range h.wards {
		for v := range set {
			do(v)
		}
	}
	for _, set := range h.devices {
		for v := range set {
			do(v)
		}
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.each(func(v *viewer) { close(v.ch) })
		h.closed = true
	}
}
