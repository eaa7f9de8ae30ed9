package sim

import (
	"fmt"
	"net/http"
	"time"
)

// line is a device's connection to the push server. Its device hears a push
// only while it is up.
type line struct {
	hub    *APNs
	device string

	// Under hub.mu.
	up   bool
	own  map[string]*inbox
	gone []string // tokens that were given up, the last few
}

// inbox is one token's place: the device channel's or a user's.
type inbox struct {
	line    *line
	topic   string
	magic   string
	hear    func()
	open    bool  // a user's is open while the user is signed in
	kept    *push // the last one not delivered
	retired time.Time
}

// goneTokens bounds how many of a device's past tokens answer 410.
const goneTokens = 16

func (a *APNs) newLine(device string) *line {
	return &line{hub: a, device: device, own: map[string]*inbox{}}
}

// listen registers token; hear is called, without locks, at each delivery.
func (l *line) listen(token, topic, magic string, hear func()) {
	l.hub.mu.Lock()
	defer l.hub.mu.Unlock()
	b := &inbox{line: l, topic: topic, magic: magic, hear: hear, open: true}
	l.hub.boxes[token], l.own[token] = b, b
}

// retire gives token up: pushes to it answer 410 Unregistered from now on.
func (l *line) retire(token string) {
	l.hub.mu.Lock()
	defer l.hub.mu.Unlock()
	b := l.hub.boxes[token]
	if b == nil || !b.retired.IsZero() {
		return
	}
	b.retired, b.kept, b.hear = l.hub.clock.Now(), nil, nil
	delete(l.own, token)
	l.gone = append(l.gone, token)
	if len(l.gone) > goneTokens {
		delete(l.hub.boxes, l.gone[0])
		l.gone = l.gone[1:]
	}
}

// setOpen opens or closes one token's inbox, without giving the token up.
func (l *line) setOpen(token string, open bool) {
	l.hub.mu.Lock()
	b := l.hub.boxes[token]
	if b != nil {
		b.open = open
	}
	hear := b.take(l.hub.clock.Now())
	l.hub.mu.Unlock()
	call(hear)
}

// set brings the line up or down. What was kept and has not expired is delivered.
func (l *line) set(up bool) {
	l.hub.mu.Lock()
	l.up = up
	var hears []func()
	for _, b := range l.own {
		hears = append(hears, b.take(l.hub.clock.Now()))
	}
	l.hub.mu.Unlock()
	for _, hear := range hears {
		call(hear)
	}
}

// take removes the kept push, if it can be delivered now, and returns who hears it.
func (b *inbox) take(now time.Time) func() {
	if b == nil || b.kept == nil || !b.line.up || !b.open {
		return nil
	}
	expires := b.kept.expires
	b.kept = nil
	if !expires.IsZero() && expires.Before(now) {
		return nil
	}
	return b.hear
}

func call(f func()) {
	if f != nil {
		f()
	}
}

// route delivers an accepted push or keeps it.
func (a *APNs) route(token, topic string, p push) (status int, reason string, since time.Time) {
	a.mu.Lock()
	b := a.boxes[token]
	switch {
	case b == nil:
		a.mu.Unlock()
		return http.StatusBadRequest, "BadDeviceToken", since
	case !b.retired.IsZero():
		since = b.retired
		a.mu.Unlock()
		return http.StatusGone, "Unregistered", since
	case b.topic != topic:
		a.mu.Unlock()
		return http.StatusBadRequest, "DeviceTokenNotForTopic", since
	}
	a.accepted++
	device := b.line.device
	if b.magic != p.magic { // APNs cannot know; the device drops it without a word
		a.mu.Unlock()
		a.violation(device, fmt.Sprintf("a push with PushMagic %q, which the device ignores", p.magic))
		return http.StatusOK, "", since
	}
	if up := b.line.up && b.open; up || !p.expires.IsZero() {
		b.kept = &p // coalesced: only the last is kept
	}
	hear := b.take(a.clock.Now())
	a.mu.Unlock()
	call(hear)
	return http.StatusOK, "", since
}
