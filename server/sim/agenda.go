package sim

import (
	"context"
	"sync"
	"time"
)

// agenda is what a device will do, in order of time. One goroutine does it all,
// so nothing a device does by itself overlaps.
type agenda struct {
	clock Clock
	bell  chan struct{}

	mu    sync.Mutex
	tasks map[string]task // bounded by the handful of keys in use
	order int
	doing bool // a task is being carried out
}

type task struct {
	due   time.Time
	order int
	do    func(context.Context)
}

func newAgenda(c Clock) *agenda {
	return &agenda{clock: c, bell: make(chan struct{}, 1), tasks: map[string]task{}}
}

// at plans do in d. A task of the same key that comes sooner stays; a later one is replaced.
func (a *agenda) at(d time.Duration, key string, do func(context.Context)) {
	a.mu.Lock()
	due := a.clock.Now().Add(d)
	if old, ok := a.tasks[key]; !ok || due.Before(old.due) {
		a.order++
		a.tasks[key] = task{due, a.order, do}
	}
	a.mu.Unlock()
	select {
	case a.bell <- struct{}{}:
	default:
	}
}

// drop forgets what was planned under key.
func (a *agenda) drop(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.tasks, key)
}

// clear forgets everything that was planned.
func (a *agenda) clear() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.tasks)
}

// next takes the first task if it is due; otherwise it says how long until one is (-1: none).
func (a *agenda) next() (do func(context.Context), wait time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.doing = false
	first := ""
	for key, t := range a.tasks {
		f, ok := a.tasks[first]
		if !ok || t.due.Before(f.due) || (t.due.Equal(f.due) && t.order < f.order) {
			first = key
		}
	}
	t, ok := a.tasks[first]
	if !ok {
		return nil, -1
	}
	if wait = t.due.Sub(a.clock.Now()); wait > 0 {
		return nil, wait
	}
	delete(a.tasks, first)
	a.doing = true
	return t.do, 0
}

// run does what is due until ctx ends.
func (a *agenda) run(ctx context.Context) {
	for ctx.Err() == nil {
		do, wait := a.next()
		if do != nil {
			do(ctx)
			continue
		}
		var timer <-chan time.Time
		if wait > 0 {
			timer = a.clock.After(wait)
		}
		select {
		case <-ctx.Done():
		case <-a.bell:
		case <-timer:
		}
	}
}
