package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

const out = `goos: linux
BenchmarkTouch-2   	  100	   1200 ns/op	  900.0 touches/s	  1000 bare/s
BenchmarkTouch-2   	  100	   1300 ns/op	  700.0 touches/s	  1100 bare/s
BenchmarkTouch-2   	  100	   1250 ns/op	  800.5 touches/s	  1000 bare/s
PASS`

func TestFiguresAreReadAndJudged(t *testing.T) {
	r := row{Name: "touch", Ours: "touches/s", Also: []string{"ns/op"}, Against: []against{{Unit: "bare/s", Who: "bare", Goal: 0.8}, {Unit: "peer/s", Who: "a peer", Goal: 2, Optional: true}}}
	both := r.judge("x_test.go:9: without peer: it is not installed\n" + out)
	got := both[0]
	if got.Ours.Median != 800.5 || got.Ours.Least != 700 || got.Ours.Most != 900 || got.Other.Median != 1000 || *got.Ratio != 0.8005 || !got.Holds || got.Goal != "≥ 0.8×" {
		t.Errorf("%+v: %v beside %v", got, got.Ours, got.Other)
	}
	if got.Also["ns/op"].Median != 1250 {
		t.Errorf("what is shown beside it: %+v", got.Also)
	}
	if both[1].Why != "it is not installed" || both[1].bad() || both[1].Ours != nil {
		t.Errorf("a peer that is not there: %+v", both[1])
	}
	r.Against = []against{{Unit: "bare/s", Who: "bare", Goal: 0.81}}
	if got := r.judge(out)[0]; got.Holds || !got.bad() {
		t.Errorf("0.8005 holds for 0.81: %+v", got)
	}
	r = row{Ours: "ns/op", Goal: 1250, AtMost: true}
	if got := r.judge(out)[0]; !got.Holds || got.Ratio != nil || got.Goal != "≤ 1250 ns/op" {
		t.Errorf("1250 of at most 1250: %+v", got)
	}
	if even := sum([]float64{4, 1, 2, 3}, "x"); even.Median != 2.5 {
		t.Errorf("the median of four: %v", even)
	}
}

func TestTimesAreReadable(t *testing.T) {
	for want, f := range map[string]*figure{
		"1250 ns/op": {1250, 1250, 1250, "ns/op"}, "666 (600–1200) ms/op": {665_556_378, 6e8, 1.2e9, "ns/op"}, "32 µs/op": {32e3, 32e3, 32e3, "ns/op"},
		"2 s/op": {2e9, 2e9, 2e9, "ns/op"}, "60000 bytes": {6e4, 6e4, 6e4, "bytes"}, "-": nil,
	} {
		if got := f.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if goal := (row{Ours: "ns/op", AtMost: true}).goal(against{Goal: 2e9}); goal != "≤ 2 s/op" {
		t.Error(goal)
	}
}

func TestNamesAndReasons(t *testing.T) {
	if p := (row{Bench: "MDM/Idle"}).pattern(); p != "^BenchmarkMDM$/^Idle$" {
		t.Error(p)
	}
	if why := reason("BenchmarkX\n    x_test.go:12: the port is taken\nFAIL", nil); why != "x_test.go:12: the port is taken" {
		t.Errorf("the reason: %q", why)
	}
	if why := reason("    x_test.go:9: without peer: it is not there\n    x_test.go:12: 3 of 9 failed\nFAIL", nil); why != "x_test.go:12: 3 of 9 failed" {
		t.Errorf("the reason: %q", why)
	}
	if _, err := pick(rows, "nonsense"); err == nil || !strings.Contains(err.Error(), "guard") {
		t.Errorf("a row that there is not: %v", err)
	}
	if some, err := pick(rows, "start, guard,start"); err != nil || len(some) != 2 || some[0].Name != "start" {
		t.Errorf("%+v %v", some, err)
	}
}

func TestTheTableIsReadableInATerminal(t *testing.T) {
	ratio := 0.85
	said := table([]result{
		{Name: "touch", Ours: &figure{31234, 29000, 33000, "touches/s"}, Other: &figure{41234, 39000, 42000, "bare/s"}, Ratio: &ratio, Goal: "≥ 0.8×", Holds: true,
			Beside: "a bare fiber handler with one EVALSHA of as many keys and arguments, on the same Redis, in memory, with nothing else"},
		{Name: "start", Ours: &figure{611, 600, 700, "ready-ms"}, Goal: "≤ 500 ready-ms"},
		{Name: "mdm-idle", Beside: "stock NanoMDM", Goal: "≥ 1.5×", Why: "nanomdm does not build"},
	})
	want := `row       ours                 other             ratio  goal            holds      beside
touch     31234 touches/s ±6%  41234 bare/s ±4%  0.85×  ≥ 0.8×          yes        a bare fiber handler with one EVALSH…
start     611 ready-ms ±8%     -                 -      ≤ 500 ready-ms  NO
mdm-idle  -                    -                 -      ≥ 1.5×          not taken  stock NanoMDM
mdm-idle beside stock NanoMDM was not taken: nanomdm does not build
`
	if said != want {
		t.Errorf("%s", said)
	}
	for line := range strings.Lines(said) {
		if n := utf8.RuneCountInString(line); n > columns+1 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}
