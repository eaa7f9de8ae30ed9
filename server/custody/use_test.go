package custody

import (
	"maps"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// uses is what d's changes counted for, over a story.
type uses map[UseKind]int

// counts decides events and adds up what they count for.
func (d *device) counts(all uses, events ...Event) {
	d.t.Helper()
	for _, e := range events {
		prev := d.c
		out := d.do(e)
		all.add(Change{Prev: prev, Next: out.Next, Entries: out.Entries})
	}
}

func (all uses) add(ch Change) {
	for _, u := range UsesOf(ch) {
		all[u.Kind] += u.N
	}
}

func TestWhatCounts(t *testing.T) {
	d, all := cleanDevice(t, kiosk), uses{}
	d.counts(all, Claim{By: "a"})
	d.after(kiosk.Lock).counts(all, Idle{d.c.Epoch})
	d.counts(all, Progress{Run: d.c.Run, Lock: &LockMark{LockAcknowledged, ScreenOff, "asleep"}}) // it is idle once
	d.after(time.Minute).counts(all, Resume{By: "a"}, Resume{By: "a"})                            // the second shows nothing new
	d.after(kiosk.Lock).counts(all, LockNow{By: "m"})                                             // not idle
	d.after(time.Minute).counts(all, Return{"a"})
	d.after(kiosk.Overdue).counts(all, Tick{})
	if want := (uses{UseOpened: 1, UseIdle: 1, UseResumed: 1, UseHeld: 0, UseUnproven: 1}); !maps.Equal(all, want) {
		t.Errorf("%v, want %v", all, want)
	}

	d, all = cleanDevice(t, guest), uses{}
	d.counts(all, Claim{By: "a"})
	d.after(guest.UserSessionTimeout).counts(all, Idle{d.c.Epoch})
	if want := (uses{UseOpened: 1, UseIdle: 1, UseHeld: 0}); !maps.Equal(all, want) {
		t.Errorf("a guest's idle session ends, and is idle: %v, want %v", all, want)
	}

	d, all = cleanDevice(t, kiosk), uses{}
	d.counts(all, Claim{By: "a", How: AssuranceBreakGlass, With: "badge:x"})
	if all[UseEmergency] != 1 || all[UseOpened] != 1 {
		t.Errorf("an emergency: %v", all)
	}

	d = risky(t, kiosk)
	unproven := Change{Prev: Custody{Ward: "icu", State: Wiping}, Next: d.c, Entries: d.entries[len(d.entries)-1:]}
	if got := UsesOf(unproven); len(got) != 1 || got[0] != (Use{Ward: "icu", At: d.now, Kind: UseUnproven, Why: CauseOverdue, N: 1}) {
		t.Errorf("%+v", got)
	}

	moved := Change{Prev: inUse(t, kiosk).c}
	moved.Next = moved.Prev
	moved.Next.Ward = "4B"
	if got := UsesOf(moved); len(got) != 2 || got[0].Ward != "icu" || got[0].N != -1 || got[1].Ward != "4B" || got[1].N != 1 {
		t.Errorf("a held iPad that goes to another ward: %+v", got)
	}
}

// Whatever happens, what was counted of a device adds up to whether somebody holds it.
func TestHeldAddsUp(t *testing.T) {
	for _, p := range []Policy{kiosk, shared, guest, apps} {
		rapid.Check(t, func(t *rapid.T) {
			d, all := cleanDevice(t, p), uses{}
			for range rapid.IntRange(1, 60).Draw(t, "events") {
				d.after(waits.Draw(t, "wait"))
				prev := d.c
				if out, err := d.try(anyEvent(t, d.c)); err == nil && out.Changed {
					all.add(Change{Prev: prev, Next: out.Next, Entries: out.Entries})
				}
				if held := all[UseHeld]; held < 0 || held > 1 || (held == 1) != d.c.Held() {
					t.Fatalf("%d were counted as held, and it is %s", held, d.c.State)
				}
			}
		})
	}
}

func TestShiftChanges(t *testing.T) {
	p := kiosk
	p.ShiftChanges = []string{"07:00", "14:30", "21:00"}
	if err := p.Validate(); err != nil {
		t.Error(err)
	}
	for _, bad := range [][]string{{"7:00"}, {"07:00 "}, {"24:00"}, {"07:60"}, {""}, {"07:00", "07:00"}, {"21:00", "07:00"}, strings.Fields("01:00 02:00 03:00 04:00 05:00 06:00 07:00 08:00 09:00")} {
		p.ShiftChanges = bad
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), "shift_changes") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
