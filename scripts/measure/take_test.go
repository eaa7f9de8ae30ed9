package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// sample is a row of testdata/sample.
func sample(bench string) row {
	return row{Name: strings.ToLower(bench), Package: "./testdata/sample", Bench: bench, Ours: "ours/s", Rounds: 2, Time: "1x",
		Against: []against{{Unit: "other/s", Who: "the other", Goal: 1.5}}}
}

func TestHoweverARowEndsTheRestIsTaken(t *testing.T) {
	pids := filepath.Join(t.TempDir(), "pid")
	t.Setenv("PID_FILE", pids)
	taker := &taker{folder: t.TempDir(), whole: time.Minute, limit: 2 * time.Second, built: map[string]string{}}
	unbuilt, needy, big := sample("Good"), sample("Good"), sample("Good")
	unbuilt.Name, unbuilt.Package = "unbuilt", "./testdata/nowhere"
	needy.Name, needy.Needs = "needy", "no-such-program-anywhere"
	big.Name, big.Cores = "big", 1<<20
	taken, err := taker.all(t.Context(), []row{needy, big, unbuilt, sample("Fails"), sample("Skips"), sample("Silent"), sample("Zero"), sample("Hangs"), sample("Good")},
		func(row, []result) error { return nil })
	if err != nil || len(taken) != 9 {
		t.Fatalf("%d rows: %v", len(taken), err)
	}
	for i, want := range []struct {
		why string
		bad bool
	}{
		{"no-such-program-anywhere is not installed", false},
		{"it needs 1048576", false},
		{"does not build", true},
		{"7 of 100 failed, the first with: refused", true},
		{"skipped: no such-program on PATH", false},
		{"did not report its figures", true},
		{"reports 0 other/s", true},
		{"did not end within 2s", true},
	} {
		if got := taken[i]; !strings.Contains(got.Why, want.why) || got.bad() != want.bad || got.Ours != nil {
			t.Errorf("%s: %q, want %q (bad: %v)", got.Name, got.Why, want.why, got.bad())
		}
	}
	if good := taken[8]; !good.Holds || *good.Ratio != 1.5 || good.Spread.Least != 1.5 || good.Ours.Median != 3 {
		t.Errorf("%+v", good)
	}
	raw, err := os.ReadFile(pids)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(string(raw))
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); alive(pid); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("what a row that hung had started goes on")
		}
	}
}

// alive: a process that has ended and that nobody has waited for yet is not.
func alive(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestAnInterruptedRunKeepsWhatItHas(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	taker := &taker{folder: t.TempDir(), whole: time.Minute, limit: time.Minute, built: map[string]string{}}
	var told []string
	taken, err := taker.all(ctx, []row{sample("Good"), sample("Fails"), sample("Skips")}, func(r row, _ []result) error {
		told = append(told, r.Name)
		stop()
		return nil
	})
	if err != nil || len(taken) != 2 || !taken[0].Holds || taken[1].Why != "the run was interrupted" {
		t.Errorf("%+v: %v", taken, err)
	}
	if len(told) != 1 || told[0] != "good" {
		t.Errorf("told of %v: a row that was interrupted is not kept in the place of a whole one", told)
	}
}

func TestARunEndsWhateverHangs(t *testing.T) {
	t.Setenv("PID_FILE", filepath.Join(t.TempDir(), "pid"))
	taker := &taker{folder: t.TempDir(), whole: time.Minute, limit: time.Minute, built: map[string]string{}}
	if _, err := taker.build(t.Context(), "./testdata/sample"); err != nil {
		t.Fatal(err)
	}
	taker.whole = 500 * time.Millisecond
	taken, err := taker.all(t.Context(), []row{sample("Hangs"), sample("Good")}, func(row, []result) error { return nil })
	if err != nil || len(taken) != 2 || taken[0].Why != "the 500ms of a whole run were over" || taken[1].Why != taken[0].Why {
		t.Errorf("%+v: %v", taken, err)
	}
}
