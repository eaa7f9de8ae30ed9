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
	r := row{Name: "touch", Ours: "touches/s", Other: "bare/s", Goal: 0.8}
	got := r.judge(result{Goal: r.goal()}, read(out, r.Ours), read(out, r.Other))
	if got.Ours.Median != 800.5 || got.Ours.Least != 700 || got.Ours.Most != 900 || got.Other.Median != 1000 || *got.Ratio != 0.8005 || !got.Holds || got.Goal != "≥ 0.8×" {
		t.Errorf("%+v: %v beside %v", got, got.Ours, got.Other)
	}
	r.Goal = 0.81
	if got := r.judge(result{}, read(out, r.Ours), read(out, r.Other)); got.Holds || !got.bad() {
		t.Errorf("0.8005 holds for 0.81: %+v", got)
	}
	r = row{Ours: "ns/op", Goal: 1250, AtMost: true}
	if got := r.judge(result{}, read(out, "ns/op"), nil); !got.Holds || got.Ratio != nil || r.goal() != "≤ 1250 ns/op" {
		t.Errorf("1250 of at most 1250: %+v, %s", got, r.goal())
	}
	if even := sum([]float64{4, 1, 2, 3}, "x"); even.Median != 2.5 {
		t.Errorf("the median of four: %v", even)
	}
}

func TestWhatCannotBeTakenSaysWhy(t *testing.T) {
	got := take(t.Context(), row{Name: "x", Needs: "no-such-program-anywhere"})
	if got.Why == "" || got.bad() {
		t.Errorf("a missing program: %+v", got)
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
		if r.Name == "" || r.Package == "" || r.Bench == "" || r.Ours == "" || r.Goal == 0 || seen[r.Name] || r.Other != "" && r.Beside == "" {
			t.Errorf("%+v", r)
		}
		seen[r.Name] = true
	}
}
