package app

import (
	"testing"
	"time"
)

func TestReach(t *testing.T) {
	for facts, want := range map[time.Duration]time.Duration{0: 7 * time.Hour, 24 * time.Hour: 25 * time.Hour, -1: -1} {
		if got := reach(Housekeeping{Facts: facts}.schedule()); got != want {
			t.Errorf("asked every %s: %s, want %s", facts, got, want)
		}
	}
}
