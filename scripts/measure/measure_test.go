package main

import (
	"strings"
	"testing"
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

func TestWhatCannotBeTakenSaysWhy(t *testing.T) {
	for what, r := range map[string]row{"a missing program": {Needs: "no-such-program-anywhere"}, "too few cores": {Cores: 1 << 20}} {
		if got := take(t.Context(), r); len(got) != 1 || got[0].Why == "" || got[0].bad() {
			t.Errorf("%s: %+v", what, got)
		}
	}
	if p := (row{Bench: "MDM/Idle"}).pattern(); p != "^BenchmarkMDM$/^Idle$" {
		t.Error(p)
	}
	if why := reason("BenchmarkX\n    x_test.go:12: the port is taken\nFAIL", nil); why != "x_test.go:12: the port is taken" {
		t.Errorf("the reason: %q", why)
	}
	if _, err := pick("nonsense"); err == nil || !strings.Contains(err.Error(), "guard") {
		t.Errorf("a row that there is not: %v", err)
	}
}

func TestRowsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rows {
		if r.Name == "" || r.Package == "" || r.Bench == "" || r.Ours == "" || (r.Goal == 0) == (len(r.Against) == 0) || seen[r.Name] {
			t.Errorf("%+v", r)
		}
		for _, a := range r.Against {
			if a.Unit == "" || a.Who == "" || a.Goal == 0 {
				t.Errorf("%s: %+v", r.Name, a)
			}
		}
		seen[r.Name] = true
	}
}
