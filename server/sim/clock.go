package sim

import (
	"context"
	"time"
)

// Clock is the time a simulated device lives by.
type Clock interface {
	Now() time.Time
	// After delivers the time once d has passed.
	After(d time.Duration) <-chan time.Time
}

// Wall is the real clock.
type Wall struct{}

// Now returns the wall's time.
func (Wall) Now() time.Time { return time.Now() }

// After is [time.After].
func (Wall) After(d time.Duration) <-chan time.Time { return time.After(d) }

// Timing is how long a device takes for things. Apple publishes none of these
// but the blackout's upper bound, so they are assumed and meant to be varied.
type Timing struct {
	Push     time.Duration // APNs: from accepted to delivered
	Reply    time.Duration // to carry out one command
	Erase    time.Duration // from going dark to Setup Assistant
	Blackout time.Duration // MDM is silent after LogOutUser: up to 2 min (Apple)
	Restart  time.Duration
	Install  time.Duration // of an application
	Retry    time.Duration // before trying again after a failed request
	Page     time.Duration // before the page reconnects

	// Linger is from an acknowledged erase or log-out until it begins, and from a
	// DeviceLock until the page is suspended; until then the page still hears
	// events. [Timing.Faster] leaves it alone, because the page's own lag does not
	// shrink with a demo's speed.
	Linger time.Duration
}

// DefaultTiming is a plausible device on a good network.
func DefaultTiming() Timing {
	return Timing{
		Push:     300 * time.Millisecond,
		Reply:    200 * time.Millisecond,
		Erase:    90 * time.Second,
		Blackout: 2 * time.Minute,
		Restart:  45 * time.Second,
		Install:  20 * time.Second,
		Retry:    20 * time.Second,
		Page:     2 * time.Second,
		Linger:   time.Second,
	}
}

// Faster returns t with every duration but Linger divided by n.
func (t Timing) Faster(n int) Timing {
	if n <= 1 {
		return t
	}
	for _, d := range []*time.Duration{&t.Push, &t.Reply, &t.Erase, &t.Blackout, &t.Restart, &t.Install, &t.Retry, &t.Page} {
		*d /= time.Duration(n)
	}
	return t
}

// pause waits d on the clock, or until ctx ends.
func pause(ctx context.Context, c Clock, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-c.After(d):
		return nil
	}
}
