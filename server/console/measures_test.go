package console

import (
	"context"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

func (h *hospital) Policy(_ context.Context, ward string) (custody.Policy, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if ward != "4B" && ward != "5A" {
		return custody.Policy{}, custody.ErrNotFound
	}
	return h.policy, nil
}

// Pace: 4B has wiped often, and not always well; 5A hardly ever.
func (h *hospital) Pace(_ context.Context, ward string) (custody.Pace, error) {
	asked := h.Now().Add(-time.Hour)
	wipe := func(took time.Duration, why custody.Cause) custody.Wiped {
		return custody.Wiped{Asked: asked, Ended: asked.Add(took), Cause: custody.CauseReturn, Why: why, Grade: custody.GradeErased}
	}
	var all []custody.Wiped
	n := 211
	if ward == "5A" {
		n = 3
	}
	for i := range n {
		all = append(all, wipe(3*time.Minute+time.Duration(i%5)*30*time.Second, ""))
	}
	if ward == "4B" {
		all = append(all, wipe(time.Minute, custody.CauseOverdue), wipe(time.Minute, custody.CauseOverdue), wipe(time.Minute, custody.CauseFailed))
	}
	return custody.PaceOf(all), nil
}
