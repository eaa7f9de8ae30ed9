package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/identity"
)

// shown is what the API says of a device, as far as the scenarios look at it.
type shown struct {
	State   string
	Reason  string
	Custody struct {
		Epoch int64
		Proof struct{ Rung, Grade string }
		Run   struct{ Waits string }
		Lock  struct{ Rung, How string }
	}
}

// looker is the API token that the scenarios look by: one, for they look often
// and every token is kept.
func (h *Hospital) looker(ctx context.Context) (token string, err error) {
	h.looking.Lock()
	defer h.looking.Unlock()
	if h.look == "" {
		h.look, err = h.App.Identity.MintAPIToken(ctx, "demo", identity.Auditor, 30*24*time.Hour)
	}
	return h.look, err
}

// device asks the API about a device.
func (h *Hospital) device(ctx context.Context, serial string) (s shown, err error) {
	token, err := h.looker(ctx)
	if err != nil {
		return s, err
	}
	body, err := h.get(ctx, "/api/v1/devices/"+serial, token)
	if err != nil {
		return s, fmt.Errorf("asking about %s: %w", serial, err)
	}
	if err := json.Unmarshal(body, &s); err != nil {
		return s, fmt.Errorf("reading what is said of %s: %w", serial, err)
	}
	return s, nil
}

// becomes waits until the API says that the iPad is in a state.
func (a at) becomes(ctx context.Context, state string) (shown, error) {
	return a.said(ctx, state, func(s shown) bool { return s.State == state })
}

// proves waits until the iPad's wipe has climbed to a rung.
func (a at) proves(ctx context.Context, rung string) error {
	_, err := a.said(ctx, rung, func(s shown) bool { return s.Custody.Proof.Rung == rung })
	return err
}

func (a at) said(ctx context.Context, what string, want func(shown) bool) (s shown, err error) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if s, err = a.h.device(ctx, a.d.Serial()); err != nil || want(s) {
			return s, err
		}
	}
	return s, fmt.Errorf("%s is %s (%s), not yet %s", a.d.Serial(), s.State, s.Reason, what)
}
