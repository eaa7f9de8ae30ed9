package demo

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// stands waits until the drift of an iPad is said in words that hold part; an
// empty part waits until there is no drift.
func (h *Hospital) stands(ctx context.Context, id custody.DeviceID, part string) error {
	ctx, cancel := context.WithTimeout(ctx, 40*time.Second)
	defer cancel()
	for {
		drifts, _, err := h.App.Errands.Drift(ctx, id)
		sentence := plan.DriftSentence(drifts)
		if err == nil && (part == "" && sentence == "" || part != "" && strings.Contains(sentence, part)) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %q, want %q (%w)", id, sentence, part, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// TestProfilesFollowThePolicy: over the whole house, an iPad that was wiped has
// its ward's profiles, the ones that no plan waits for too; a change of the
// policy shows as drift at once, and the next wipe's list ends it.
func TestProfilesFollowThePolicy(t *testing.T) {
	h := hospital(t, nil)
	ctx := t.Context()
	a := h.at(0, "4E-01")
	id := custody.DeviceID(a.d.Serial())
	if err := h.stands(ctx, id, ""); err != nil {
		t.Fatal(err)
	}
	row, err := h.App.Ledger.Custody(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	p, err := h.App.Ledger.Policy(ctx, row.Ward)
	if err != nil {
		t.Fatal(err)
	}
	p.Baseline, p.IfFound = custody.BaselineCIS2, "Call the help desk."
	if err := h.App.Ledger.PutPolicy(ctx, row.Ward, p); err != nil {
		t.Fatal(err)
	}
	if err := h.stands(ctx, id, "another version: restrictions, lock-screen text"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.badgeIn(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := a.d.Page().Return(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := a.comesClean(ctx); err != nil {
		t.Fatal(err)
	}
	if err := h.stands(ctx, id, ""); err != nil {
		t.Fatal(err)
	}
	if verdict, err := h.Judge(ctx); err != nil || verdict.Broken() {
		t.Errorf("the observer: %v\n%s", err, verdict)
	}
}
