package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/sim"
)

var toReview = regexp.MustCompile(`data-opens="review" data-id="([^"]+)"`)

// emergency: a badge alone opens a clean iPad in its owner's name; the PIN ends
// the emergency and keeps the session; it is explained there and reviewed at
// the console.
func emergency(ctx context.Context, h *Hospital, tell func(string, string)) error {
	a := h.at(9, "4E-07")
	if _, err := a.comesClean(ctx); err != nil {
		return err
	}
	s, err := a.patiently(ctx, a.breaksGlass)
	if err != nil {
		return err
	}
	if s.State != "in_use" || s.Holder != a.p.name || s.Assurance != "break_glass" {
		return fmt.Errorf("an emergency led to %s of %q by %q", s.State, s.Holder, s.Assurance)
	}
	epoch := s.Epoch
	tell("opened", "by a badge alone, in the name of "+a.p.name)
	time.Sleep(2 * 3 * time.Second / time.Duration(h.o.Speed)) // or it is the same tap still
	if _, err := a.patiently(ctx, a.tap); err != nil {
		return err
	}
	s, err = a.shows(ctx, "the emergency's end", func(s sim.PageState) bool { return s.Assurance == "badge_pin" })
	if err != nil {
		return err
	}
	if s.Epoch != epoch {
		return fmt.Errorf("the PIN led to epoch %d of %d", s.Epoch, epoch)
	}
	tell("in full", "badge and PIN, the same session")
	if _, err := a.shows(ctx, "the question why", func(s sim.PageState) bool { return s.Explain != nil }); err != nil {
		return err
	}
	if _, err := a.d.Page().Explain(ctx, "A patient needed help at once"); err != nil {
		return fmt.Errorf("explaining: %w", err)
	}
	tell("explained", "a patient needed help at once")
	if err := h.reviews(ctx, "4-east"); err != nil {
		return err
	}
	tell("reviewed", "by the ward's manager")
	if _, err := a.d.Page().Return(ctx); err != nil {
		return err
	}
	if _, err := a.comesClean(ctx); err != nil {
		return err
	}
	tell("proven clean", "erased as ever")
	return nil
}

func (a at) breaksGlass(ctx context.Context) (sim.PageState, error) {
	if _, err := a.d.Page().Tap(ctx, a.p.badge); err != nil {
		return sim.PageState{}, fmt.Errorf("tapping: %w", err)
	}
	if _, err := a.d.Page().Emergency(ctx); err != nil {
		return sim.PageState{}, fmt.Errorf("in an emergency: %w", err)
	}
	return a.works(ctx)
}

// reviews is a manager who looks at what waits under Emergencies.
func (h *Hospital) reviews(ctx context.Context, ward string) error {
	m, err := h.office(ctx, "Night lead", identity.Manager, ward)
	if err != nil {
		return err
	}
	page, err := m.page(ctx, "/console/emergencies")
	if err != nil {
		return err
	}
	found := toReview.FindStringSubmatch(page)
	if found == nil {
		return fmt.Errorf("no emergency waits for review")
	}
	body, err := json.Marshal(map[string]string{"found": "Rightly opened."})
	if err != nil {
		return err
	}
	_, err = m.ask(ctx, http.MethodPost, "/console/emergencies/"+found[1]+"/review", "application/json", body)
	return err
}
