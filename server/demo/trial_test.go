package demo

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A whole trial of a simulated iPad of each fleet kind, with a scripted
// administrator: every step is passed by what the history and the iPad show,
// and the signed table calls it a simulation.
func TestTrialsOfEveryFleetKind(t *testing.T) {
	t.Parallel() // it waits, most of its time
	h := hospital(t, nil)
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	core := []string{"open", "lock", "resume", "wipe"}
	var wg sync.WaitGroup
	for i, w := range []struct {
		ward, device string
		only         []string
		passed       string
	}{
		{"4-east", "4E-01", nil, "Open Lock Resume Wipe Wi-Fi loss Restart Dead battery"},
		{passcodeWardID, "TH-01", append(core, "restart", "battery"), "Open Lock Resume Wipe Restart Dead battery"},
		{"children", "CH-01", core, "Open Lock Resume Wipe"},
		{"visitors", "VI-01", nil, "Open Wipe Wi-Fi loss Dead battery"},
		{"radiology", "RA-01", append(core, "battery"), "Open Lock Resume Wipe Dead battery"},
	} {
		wg.Go(func() {
			dir := t.TempDir()
			said, err := h.at(i, w.device).tries(ctx, w.ward, filepath.Join(dir, "trial.json"), w.only...)
			if err != nil {
				t.Errorf("%s: %v\n%s", w.ward, err, said)
				return
			}
			text, err := os.ReadFile(filepath.Join(dir, "trial.md"))
			if err != nil {
				t.Errorf("%s: %v\n%s", w.ward, err, said)
				return
			}
			var passed []string
			for line := range strings.Lines(string(text)) {
				if name, ok := strings.CutPrefix(line, "### "); ok && strings.Contains(name, ": passed") {
					name, _, _ = strings.Cut(name, ":")
					passed = append(passed, name)
				}
			}
			if got := strings.Join(passed, " "); got != w.passed {
				t.Errorf("%s: passed %q, want %q\n%s\n%s", w.ward, got, w.passed, said, text)
			}
			if !strings.Contains(string(text), "SIMULATED") {
				t.Errorf("%s: the table calls a simulation hardware:\n%s", w.ward, text)
			}
			if testing.Verbose() {
				t.Logf("%s\n%s\n%s", w.ward, said, text)
			}
		})
	}
	wg.Wait()
}
