package errand

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

var start = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// idle is a device that may be asked anything.
func idle() custody.Custody {
	return custody.Custody{Device: "D000", Ward: "4B", State: custody.InUse, Epoch: 3, Enrolment: "cert"}
}

func TestFree(t *testing.T) {
	run := func(g custody.Goal, command string, acked, done bool) func(*custody.Custody) {
		return func(c *custody.Custody) {
			c.Run = custody.Run{ID: 2, Goal: g, Command: command, Acked: acked, Done: done}
		}
	}
	for name, row := range map[string]struct {
		change func(*custody.Custody)
		want   bool
	}{
		"in use":                   {func(*custody.Custody) {}, true},
		"clean":                    {func(c *custody.Custody) { c.State = custody.Clean }, true},
		"locked":                   {func(c *custody.Custody) { c.State = custody.Locked }, true},
		"unproven":                 {func(c *custody.Custody) { c.State = custody.Unproven }, true},
		"lost":                     {func(c *custody.Custody) { c.State = custody.Lost }, true},
		"wiping":                   {func(c *custody.Custody) { c.State = custody.Wiping }, false},
		"enrolling":                {func(c *custody.Custody) { c.State = custody.Enrolling }, false},
		"retired":                  {func(c *custody.Custody) { c.State = custody.Retired }, false},
		"not enrolled":             {func(c *custody.Custody) { c.Enrolment = "" }, false},
		"coming back":              {func(c *custody.Custody) { c.Returning = true }, false},
		"an erase may be executed": {func(c *custody.Custody) { c.Risk = custody.Risk{Request: "EraseDevice"} }, false},
		"an erase is over":         {func(c *custody.Custody) { c.Risk = custody.Risk{Request: "EraseDevice", Settled: true} }, true},
		"a lock waits to be sent":  {run(custody.GoalLock, "", false, false), false},
		"a lock is out":            {run(custody.GoalLock, "u", false, false), false},
		"a lock is acknowledged":   {run(custody.GoalLock, "u", true, false), false},
		"a lock is done":           {run(custody.GoalLock, "", false, true), true},
		"an overdue wipe goes on":  {func(c *custody.Custody) { c.State = custody.Unproven; run(custody.GoalWipe, "", false, false)(c) }, false},
		"an open waits":            {run(custody.GoalOpen, "", false, false), true},
		"an open's command is out": {run(custody.GoalOpen, "u", false, false), false},
		"an open's is executed":    {run(custody.GoalOpen, "u", true, false), true},
		"a run nobody knows of":    {run("something", "", false, false), false},
	} {
		c := idle()
		row.change(&c)
		if got := Free(c); got != row.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// kindsFor are kinds of every sort.
func kindsFor() Kinds {
	return Kinds{"any": {}, "personal": {Personal: true}, "lost": {In: func(c custody.Custody) bool { return c.State == custody.Lost }}}
}

func TestChoose(t *testing.T) {
	ask := func(id, kind string, change ...func(*ledger.Ask)) ledger.Ask {
		a := ledger.Ask{ID: id, Kind: kind, Epoch: 3, Asked: start, Expires: start.Add(time.Hour)}
		for _, f := range change {
			f(&a)
		}
		return a
	}
	out := func(a *ledger.Ask) { a.HandedOver = start }
	answered := func(a *ledger.Ask) { a.HandedOver, a.Answered = start, start }
	before := func(a *ledger.Ask) { a.Epoch = 2 }
	expired := func(a *ledger.Ask) { a.Expires = start }
	later := func(a *ledger.Ask) { a.NotBefore = start.Add(time.Second) }
	for name, row := range map[string]struct {
		asks  []ledger.Ask
		busy  bool // the device does not report Idle
		want  string
		again bool
		over  int
	}{
		"the first that waits":                     {asks: []ledger.Ask{ask("1", "any", answered), ask("2", "any"), ask("3", "any")}, want: "2"},
		"nothing":                                  {},
		"after another's report":                   {asks: []ledger.Ask{ask("1", "any")}, busy: true, want: "1"},
		"what is out, again":                       {asks: []ledger.Ask{ask("1", "any"), ask("2", "any", out)}, want: "2", again: true},
		"not while one is out and it is at work":   {asks: []ledger.Ask{ask("1", "any"), ask("2", "any", out)}, busy: true},
		"one that was out and has expired":         {asks: []ledger.Ask{ask("1", "any", out, expired), ask("2", "any")}, want: "2"},
		"an expired one":                           {asks: []ledger.Ask{ask("1", "any", expired)}},
		"one it would not do":                      {asks: []ledger.Ask{ask("1", "any", later), ask("2", "any")}, want: "2"},
		"another epoch's inventory":                {asks: []ledger.Ask{ask("1", "any", before)}, want: "1"},
		"a person's of another epoch":              {asks: []ledger.Ask{ask("1", "personal", before)}},
		"a person's of another epoch, that is out": {asks: []ledger.Ask{ask("1", "personal", before, out), ask("2", "any")}, want: "2", over: 1},
		"a person's":                               {asks: []ledger.Ask{ask("1", "personal")}, want: "1"},
		"several of a kind":                        {asks: []ledger.Ask{ask("1", "any:wifi")}, want: "1"},
		"not in this state":                        {asks: []ledger.Ask{ask("1", "lost")}},
		"a kind that is gone":                      {asks: []ledger.Ask{ask("1", "what")}},
	} {
		ch := choose(kindsFor(), row.asks, idle(), !row.busy, start)
		if ch.ask.ID != row.want || ch.found != (row.want != "") || ch.again != row.again || len(ch.overtook) != row.over {
			t.Errorf("%s: %+v", name, ch)
		}
	}
	wiping := idle()
	wiping.State = custody.Wiping
	if ch := choose(kindsFor(), []ledger.Ask{ask("1", "any", out), ask("2", "any")}, wiping, true, start); ch.found || len(ch.overtook) > 0 {
		t.Errorf("while wiping: %+v", ch)
	}
}

// Whatever waits: never one that is answered, expired, out of its epoch, or
// beside one that is out.
func TestChooseIsNeverWrong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := func(label string) time.Time {
			if n := rapid.IntRange(-3, 3).Draw(t, label); n != 0 {
				return start.Add(time.Duration(n) * time.Minute)
			}
			return time.Time{}
		}
		kind := rapid.SampledFrom([]string{"any", "personal", "lost", "what"})
		asks := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) ledger.Ask {
			return ledger.Ask{Kind: kind.Draw(t, "kind"), Epoch: rapid.Int64Range(2, 3).Draw(t, "epoch"),
				HandedOver: at("out"), Answered: at("answered"), NotBefore: at("not before"), Expires: at("expires")}
		}), 0, 6).Draw(t, "asks")
		c := idle()
		c.State = rapid.SampledFrom([]custody.State{custody.InUse, custody.Lost, custody.Wiping}).Draw(t, "state")
		ch := choose(kindsFor(), asks, c, rapid.Bool().Draw(t, "idle"), start)
		if !ch.found {
			return
		}
		a := ch.ask
		switch {
		case c.State == custody.Wiping, !a.Answered.IsZero(), !start.Before(a.Expires), a.Kind == "what",
			a.Kind == "personal" && a.Epoch != c.Epoch, a.Kind == "lost" && c.State != custody.Lost:
			t.Fatalf("%+v for %+v", ch, c)
		case ch.again != a.Outstanding(start):
			t.Fatalf("again: %+v", ch)
		}
		for _, other := range asks {
			if other.Outstanding(start) && !ch.again && fits(kindsFor(), other, c) {
				t.Fatalf("%+v while %+v is out", a, other)
			}
		}
	})
}

func TestOwns(t *testing.T) {
	for id, want := range map[string]bool{
		NewID(): true, "": false, "e1": false,
		"0b0d3c8a-6f3e-5d2c-9d0e-5f1c7a2b9e44":          false, // version 5: a plan's
		"{0b0d3c8a-6f3e-4d2c-9d0e-5f1c7a2b9e44}":        false,
		"urn:uuid:0b0d3c8a-6f3e-4d2c-9d0e-5f1c7a2b9e44": false,
	} {
		if Owns(id) != want {
			t.Errorf("%q: %v", id, !want)
		}
	}
}
