package console

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

const (
	// gather is how long changes are gathered before they are shown together.
	gather = 100 * time.Millisecond
	// fullBeats is after how many beats everything is read anew, and not only
	// what was written lately.
	fullBeats = 12
	// sleepAfter is how long nobody may look before the board is put away.
	sleepAfter = time.Minute
	// manyAtOnce is how many changes are cheaper read as all there is.
	manyAtOnce = 200
)

// board is what this server's viewers are shown. It follows the feed, reads what
// changed once, renders it once a language, and every viewer is served from its
// present [picture]: a viewer costs no reading of its own. It works only while
// somebody looks.
type board struct {
	s       *Console
	present atomic.Pointer[picture]
	viewers atomic.Int64
	begun   atomic.Int64 // readings of what was written lately, and of everything
	hurry   chan struct{}

	reading sync.Mutex // one at a time, so that a later reading never loses to an earlier one; holds what follows
	asleep  bool
	life    int       // how often it was woken: who follows ends with theirs
	boot    string    // tells this life's pictures from any other's, here or on another server
	asked   time.Time // when somebody last looked
	devices map[custody.DeviceID]*shown
	slots   int
	names   map[string]string         // clinicians'
	said    map[custody.DeviceID]said // what it said of itself
	wards   []ledger.Ward
	offset  time.Duration // from this server's clock to the one that decides
	beats   int64
	failed  int // readings in a row
}

func newBoard(s *Console) *board {
	return &board{s: s, asleep: true, hurry: make(chan struct{}, 1)}
}

// look returns a picture that holds everything committed before it was asked for,
// as far as SQL tells; it wakes the board.
func (b *board) look(ctx context.Context) (*picture, error) {
	before := b.begun.Load()
	b.reading.Lock()
	defer b.reading.Unlock()
	b.asked = time.Now()
	switch {
	case b.asleep:
		if err := b.wake(ctx); err != nil {
			return nil, err
		}
	case b.begun.Load() == before: // else somebody has read it while this one waited
		if err := b.read(ctx, what{lately: 2 * time.Second}); err != nil {
			return nil, err
		}
	}
	return b.present.Load(), nil
}

// wake reads everything and begins to follow.
func (b *board) wake(ctx context.Context) error {
	changed, leave := b.s.Live.Subscribe("") // before the reading, so that nothing falls between
	b.boot = uuid.NewString()
	b.present.Store(nil)
	b.devices, b.names, b.slots = map[custody.DeviceID]*shown{}, nil, 0
	if err := b.read(ctx, what{all: true, beat: true}); err != nil {
		leave()
		return err
	}
	b.asleep = false
	b.life++
	go b.follow(changed, leave, b.life)
	return nil
}

// soon has the board read what no feed tells of, such as what waits for a second
// person, at once and not with the next beat.
func (b *board) soon() {
	select {
	case b.hurry <- struct{}{}:
	default:
	}
}

// follow reads what changes until nobody looks any more, or the server ends.
func (b *board) follow(changed <-chan []custody.DeviceID, leave func(), life int) {
	defer leave()
	tick := time.NewTicker(b.s.Beat)
	defer tick.Stop()
	waiting, next := what{}, time.Now()
	for {
		var due <-chan time.Time
		if waiting.some() {
			due = time.After(time.Until(next))
		}
		select {
		case <-b.s.Base.Done():
			b.sleep(life)
			return
		case ids, ok := <-changed:
			if !ok {
				b.sleep(life)
				return
			}
			waiting.add(ids)
		case <-b.hurry:
			waiting.beat = true
		case <-tick.C:
			waiting.beat = true
			if b.unwatched(life) {
				return
			}
		case <-due:
			if b.round(waiting, life) == nil {
				waiting = what{}
			}
			next = time.Now().Add(gather)
		}
	}
}

// round reads once, in bounded time. What failed twice in a row is told to the
// viewers, whose pages then say that they may be old.
func (b *board) round(w what, life int) error {
	ctx, cancel := context.WithTimeout(b.s.Base, answerIn)
	defer cancel()
	b.reading.Lock()
	defer b.reading.Unlock()
	if b.over(life) {
		return nil
	}
	err := b.read(ctx, w)
	if err == nil {
		return nil
	}
	if b.failed++; b.failed == 2 {
		b.s.Log.Warn("the pool cannot be read; its pages say that they may be old", "err", err)
	}
	if b.failed >= 2 {
		p := *b.present.Load()
		p.failing = err
		b.publish(&p)
	}
	return err
}

// publish replaces the picture and wakes who waits for another.
func (b *board) publish(p *picture) {
	was := b.present.Load()
	p.next = make(chan struct{})
	b.present.Store(p)
	if was != nil {
		close(was.next)
	}
}

// over reports whether a life of the board is over. The caller holds reading.
func (b *board) over(life int) bool { return b.asleep || b.life != life }

// unwatched puts the board away if nobody looks, and says whether this life is over.
func (b *board) unwatched(life int) bool {
	b.reading.Lock()
	defer b.reading.Unlock()
	if b.over(life) {
		return true
	}
	if b.viewers.Load() > 0 || time.Since(b.asked) < sleepAfter {
		return false
	}
	b.away(nil)
	return true
}

func (b *board) sleep(life int) {
	b.reading.Lock()
	defer b.reading.Unlock()
	if !b.over(life) {
		b.away(errAway)
	}
}

var errAway = errors.New("the board is not followed any more")

// away forgets everything; who still looks is told by why.
func (b *board) away(why error) {
	b.asleep, b.devices, b.names, b.said, b.failed = true, nil, nil, nil, 0
	if why != nil {
		p := *b.present.Load()
		p.failing = why
		b.publish(&p)
	}
}

// what is to be read.
type what struct {
	all    bool // everything
	beat   bool // what no feed tells of
	lately time.Duration
	ids    map[custody.DeviceID]struct{}
}

func (w what) some() bool { return w.all || w.beat || w.lately > 0 || len(w.ids) > 0 }

func (w *what) add(ids []custody.DeviceID) {
	if w.ids == nil {
		w.ids = make(map[custody.DeviceID]struct{}, len(ids))
	}
	for _, id := range ids {
		if id == "" {
			w.all = true
		}
		w.ids[id] = struct{}{}
	}
	w.all = w.all || len(w.ids) > manyAtOnce
}
