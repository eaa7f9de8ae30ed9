package console

import (
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// Unreachable is who was asked and did not come, or is silent for longer than it is
// left alone; never one that is away to be erased, sealed or out of service.
func TestWhatIsCalledUnreachable(t *testing.T) {
	now := time.Date(2026, 3, 2, 6, 40, 0, 0, time.UTC)
	asked := func(n int) custody.Run { return custody.Run{ID: 1, Goal: custody.GoalLock, Nudges: n} }
	for name, c := range map[string]struct {
		row    custody.Custody
		silent time.Duration
		reach  time.Duration
		want   bool
	}{
		"asked thrice":            {custody.Custody{State: custody.Locked, Run: asked(3)}, time.Minute, 7 * time.Hour, true},
		"asked twice":             {custody.Custody{State: custody.Locked, Run: asked(2)}, time.Minute, 7 * time.Hour, false},
		"silent":                  {custody.Custody{State: custody.Clean}, 8 * time.Hour, 7 * time.Hour, true},
		"left alone":              {custody.Custody{State: custody.Clean}, 6 * time.Hour, 7 * time.Hour, false},
		"never asked":             {custody.Custody{State: custody.Clean}, 800 * time.Hour, -1, false},
		"sealed":                  {custody.Custody{State: custody.Clean, Downtime: custody.Downtime{By: "m"}}, 8 * time.Hour, 7 * time.Hour, false},
		"out of service":          {custody.Custody{State: custody.Retired}, 8 * time.Hour, 7 * time.Hour, false},
		"away to be erased":       {custody.Custody{State: custody.Wiping, Run: asked(5), Risk: custody.Risk{Erase: true}, Proof: custody.Proof{Rung: custody.ProofAcknowledged}}, 0, 7 * time.Hour, false},
		"did not come for a wipe": {custody.Custody{State: custody.Wiping, Run: asked(5), Proof: custody.Proof{Rung: custody.ProofRequested}}, 0, 7 * time.Hour, true},
	} {
		c.row.Enrolment = "cert"
		d := device{custody: c.row, said: said{Seen: now.Add(-c.silent)}, reach: c.reach, session: custody.Session{Now: now}}
		if got := d.unreachable() != nil; got != c.want {
			t.Errorf("%s: unreachable %v", name, got)
		}
	}
}
