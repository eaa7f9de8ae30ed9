package sim

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// ledger seals entries as the server does.
func ledger(t *testing.T, es ...entry) []entry {
	prev := ""
	for i := range es {
		es[i].Device, es[i].Version = "d", int64(i+1)
		es[i].At = time.Date(2026, 3, 1, 7, 0, i, 123e6, time.UTC)
		var err error
		es[i].Hash, err = es[i].seal(prev)
		must(t, err)
		prev = es[i].Hash
	}
	return es
}

func right() []entry {
	return []entry{
		{Kind: "session.opened", Epoch: 2, State: "in_use", Actor: "A"},
		{Kind: "lock.asked", Epoch: 2, State: "locked", Run: 2, Detail: "idle"},
		{Kind: "command.handed_over", Epoch: 2, State: "locked", Run: 2},
		{Kind: "lock.ended", Epoch: 2, State: "locked", Run: 2},
		{Kind: "wipe.asked", Epoch: 2, State: "wiping", Run: 5},
		{Kind: "wipe.ended", Epoch: 2, State: "clean", Run: 5},
	}
}

func TestHistory(t *testing.T) {
	drop := func(es []entry, i int) []entry { return append(es[:i:i], es[i+1:]...) }
	for name, c := range map[string]struct {
		before func([]entry) []entry // as if the server had written it so
		after  func([]entry) []entry // tampered with afterwards
		what   string                // of the one violation; empty: none
	}{
		"right":            {},
		"altered":          {after: func(es []entry) []entry { es[1].Detail = "return"; return es }, what: "entry 1"},
		"left out":         {after: func(es []entry) []entry { return drop(es, 2) }, what: "entry 2"},
		"swapped":          {after: func(es []entry) []entry { es[1], es[2] = es[2], es[1]; return es }, what: "entry 1"},
		"time moved":       {after: func(es []entry) []entry { es[5].At = es[5].At.Add(time.Millisecond); return es }, what: "entry 5"},
		"lock never ended": {before: func(es []entry) []entry { return drop(es, 3) }, what: "the lock of run 2 was asked 1 times and ended 0 times"},
		"wipe ended twice": {before: func(es []entry) []entry { return append(es, es[5]) }, what: "the wipe of run 5 was asked 1 times and ended 2 times"},
		"wipe asked twice": {before: func(es []entry) []entry { return append(es, es[4]) }, what: "the wipe of run 5 was asked 2 times"},
		"wipe not asked":   {before: func(es []entry) []entry { return drop(es, 4) }, what: "nobody asked for"},
		"not recorded":     {before: func(es []entry) []entry { return drop(es, 0) }, what: "A's session of epoch 2 is recorded 0 times"},
		"recorded twice":   {before: func(es []entry) []entry { return append(es, es[0]) }, what: "recorded 2 times"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.shows(inUse, 2, "A")
			es := right()
			if c.before != nil {
				es = c.before(es)
			}
			es = ledger(t, es...)
			if c.after != nil {
				es = c.after(es)
			}
			raw, err := json.Marshal(es)
			must(t, err)
			b.o.History("d", raw)
			got := find(b.o.Verdict(), AllRecorded).Violations
			again := find(b.o.Verdict(), AllRecorded).Violations
			if len(got) != len(again) {
				t.Errorf("a second verdict found %d, the first %d", len(again), len(got))
			}
			switch {
			case c.what == "" && len(got) > 0:
				t.Fatalf("%v", got)
			case c.what != "" && (len(got) == 0 || !strings.Contains(got[0].What, c.what)):
				t.Fatalf("want %q: %v", c.what, got)
			}
		})
	}
}

func TestHistoryOfAnother(t *testing.T) {
	b := newBench(t)
	es := right()
	es = ledger(t, es...)
	raw, err := json.Marshal(es)
	must(t, err)
	b.o.History("other", raw)
	b.o.History("broken", []byte("<html>"))
	v := find(b.o.Verdict(), AllRecorded).Violations
	if len(v) != 1+len(es) {
		t.Fatalf("%v", v)
	}
}

// The seal is over the same bytes as the server's: fields in this order, empty
// ones left out, times as RFC 3339.
func TestSealIsOverTheseBytes(t *testing.T) {
	e := entry{Device: "d", Epoch: 2, Version: 3, At: time.Date(2026, 3, 1, 7, 0, 0, 120e6, time.UTC), Kind: "clean", State: "clean"}
	e.Hash = "prev"
	raw, err := json.Marshal(e)
	must(t, err)
	want := `{"device":"d","epoch":2,"version":3,"at":"2026-03-01T07:00:00.12Z","kind":"clean","state":"clean","hash":"prev"}`
	if string(raw) != want {
		t.Fatalf("%s\nwant\n%s", raw, want)
	}
}
