package custody

import (
	"testing"
	"time"
)

// wakes asserts a row's next wake as a time from now.
func wakes(t *testing.T, d *device, in time.Duration) {
	t.Helper()
	if got := Wake(d.c, d.p); !got.Equal(d.now.Add(in)) {
		t.Errorf("%s wakes in %s, want %s", d.c.State, got.Sub(d.now), in)
	}
}

// quiet ends the row's run, so that only the state's own timer is left.
func quiet(d *device) *device {
	d.c.Run.Done = true
	return d
}

func TestWakeIsTheEarliest(t *testing.T) {
	if w := Wake(cleanDevice(t, kiosk).c, kiosk); !w.IsZero() {
		t.Errorf("a clean device wakes at %s", w)
	}
	wakes(t, inUse(t, kiosk), 30*time.Second) // the open run's nudge
	wakes(t, quiet(inUse(t, kiosk)), kiosk.Longest)
	wakes(t, quiet(locked(t, kiosk)), kiosk.Resume)
	late := inUse(t, kiosk)
	late.after(3 * time.Hour).do(Idle{late.c.Epoch})
	wakes(t, quiet(late), kiosk.Longest-3*time.Hour) // before the resume window ends
	wakes(t, quiet(wiping(t, kiosk)), kiosk.Overdue)
	if w := Wake(quiet(risky(t, kiosk)).c, kiosk); !w.IsZero() {
		t.Errorf("unproven with nothing to do wakes at %s", w)
	}
	if w := Wake(retired(t).c, kiosk); !w.IsZero() {
		t.Errorf("a retired device wakes at %s", w)
	}
	d := columns["kept"](t)
	wakes(t, d, kiosk.Reserve)
}

// TestReNudges: 30 s, 2 min, 5 min, then doubling up to an hour, until the device connects.
func TestReNudges(t *testing.T) {
	p := kiosk
	p.Longest = 24 * time.Hour
	d := inUse(t, p)
	for i, wait := range []time.Duration{30 * time.Second, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute,
		20 * time.Minute, 40 * time.Minute, time.Hour, time.Hour} {
		wakes(t, d, wait)
		if out := d.after(wait - time.Millisecond).do(Tick{}); out.Changed {
			t.Errorf("nudge %d is early", i)
		}
		if out := d.after(time.Millisecond).do(Tick{}); !out.Nudge || d.c.Run.Nudges != i+1 || len(out.Entries) > 0 {
			t.Errorf("nudge %d: %+v", i, d.c.Run)
		}
	}
	d.handOver("ProfileList", false)
	wakes(t, d, 30*time.Second)
	if d.c.Run.Nudges != 0 {
		t.Errorf("%d nudges since it connected", d.c.Run.Nudges)
	}
	held := d.c.Run
	held.NotBefore = d.now.Add(5 * time.Second)
	d.do(Progress{Run: held})
	wakes(t, d, 5*time.Second) // asked back when the step is let go
	if got := (Policy{}).repush(3); got != 30*time.Second {
		t.Errorf("without waits: %s", got)
	}
}

func TestANudgeIsDueWithTheOverdueDeadline(t *testing.T) {
	d := wiping(t, kiosk)
	out := d.after(d.p.Overdue).do(Tick{})
	if d.c.State != Unproven || !out.Nudge {
		t.Errorf("overdue: %s, nudge %v", d.c.State, out.Nudge)
	}
	if w := Wake(d.c, d.p); !w.After(d.now) {
		t.Errorf("wakes at %s, now is %s", w, d.now)
	}
}

func TestTimesAreUTCMilliseconds(t *testing.T) {
	zone := time.FixedZone("ward", 3600)
	d := cleanDevice(t, kiosk)
	d.now = d.now.Add(1234567 * time.Nanosecond).In(zone)
	d.do(Claim{By: "a"})
	if got := d.c.Opened; got.Location() != time.UTC || got.Nanosecond()%1e6 != 0 {
		t.Errorf("opened %s", got)
	}
}
