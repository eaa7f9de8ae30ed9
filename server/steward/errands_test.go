package steward

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// chores always have an errand for who is asked, and remember who was.
type chores struct {
	heard  []string // statuses
	states []custody.State
	idle   []bool
}

func (c *chores) Owns(command string) bool { return strings.HasPrefix(command, "errand") }

func (c *chores) Heard(_ context.Context, r plan.Report) { c.heard = append(c.heard, r.Status) }

func (c *chores) Next(_ context.Context, row custody.Custody, idle bool) *plan.Command {
	c.states, c.idle = append(c.states, row.State), append(c.idle, idle)
	return &plan.Command{UUID: "errand-1", Request: "DeviceInformation"}
}

// TestErrandsWaitBehindThePlan: a device gets what its plan says and, only
// where that is nothing, an errand; after a NotNow of either, none.
func TestErrandsWaitBehindThePlan(t *testing.T) {
	w, p, _ := ready(t, wrapper{})
	c := &chores{}
	w.servers[0].Errands = c
	exchange := func(status, command string) string {
		t.Helper()
		cmd, err := w.servers[0].Exchange(w.ctx, p.report(status, command), nil)
		w.must(err)
		if cmd == nil {
			return ""
		}
		return cmd.Request
	}
	if got := exchange(plan.StatusIdle, ""); got != "DeviceInformation" {
		t.Errorf("a clean one: %q", got)
	}
	w.must(w.apply(0, p, custody.Claim{By: "a"}))
	w.must(w.apply(0, p, custody.Return{By: "a"}))
	// Its answer comes when the wipe waits: the wipe goes first, in the same connection.
	c.states = nil
	first, err := w.servers[0].Exchange(w.ctx, p.report(plan.StatusAcknowledged, "errand-1"), nil)
	w.must(err)
	if first == nil || strings.HasPrefix(first.UUID, "errand") || len(c.states) != 0 {
		t.Fatalf("told %+v while a wipe waits", first)
	}
	if got := exchange(plan.StatusNotNow, "errand-1"); got != first.Request {
		t.Errorf("NotNow to an errand held the wipe up: %q", got)
	}
	if got := exchange(plan.StatusNotNow, first.UUID); got != "" {
		t.Errorf("after NotNow to the plan: %q", got)
	}
	if want := []string{"Idle", "Acknowledged", "NotNow", "NotNow"}; !slices.Equal(c.heard, want) {
		t.Errorf("heard %v, want %v", c.heard, want)
	}
	old := p.report(plan.StatusAcknowledged, "errand-1")
	old.Enrolment = "another"
	if cmd, err := w.servers[0].Exchange(w.ctx, old, nil); err != nil || cmd != nil || len(c.heard) != 4 {
		t.Errorf("under an old enrolment: %v, %v, heard %v", cmd, err, c.heard)
	}
}

// TestAnErrandsAnswerIsNoneOfThePlans: whatever it says, the row stays as it
// is, where the same report of the plan's own command moves it on; and it is
// not the Idle that a wipe's last step waits for.
func TestAnErrandsAnswerIsNoneOfThePlans(t *testing.T) {
	w, p, _ := ready(t, wrapper{})
	w.servers[0].Errands = &chores{}
	w.must(w.apply(0, p, custody.Claim{By: "a"}))
	w.must(w.apply(0, p, custody.Return{By: "a"}))
	cmd := w.pull(p)
	before := w.row(p)
	full := 1.0
	answer := p.report(plan.StatusAcknowledged, "errand-1")
	answer.Battery, answer.Listed, answer.Profiles = &full, true, []string{"com.padwarden.kiosk"}
	for range 2 {
		if _, err := w.servers[0].Exchange(w.ctx, answer, nil); err != nil {
			t.Fatal(err)
		}
	}
	if after := w.row(p); after.Version != before.Version || after.Run != before.Run {
		t.Errorf("the row moved from %+v to %+v", before.Run, after.Run)
	}
	answer.Command = cmd.UUID
	if _, err := w.servers[0].Exchange(w.ctx, answer, nil); err != nil || w.row(p).Version == before.Version {
		t.Errorf("the plan's own did not move it: %v", err)
	}
	answer.Queued = true // it still settles nothing that waits in another server's queue
	if r := answer.OfErrand(); !r.Queued || r.Status == plan.StatusIdle || r.Battery != nil || r.Listed || r.Profiles != nil {
		t.Errorf("a plan would be shown %+v", r)
	}
}
