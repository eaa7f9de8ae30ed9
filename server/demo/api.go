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
	Custody struct{ Proof struct{ Rung string } }
}

// device asks the API about a device.
func (h *Hospital) device(ctx context.Context, serial string) (s shown, err error) {
	token, err := h.App.Identity.MintAPIToken(ctx, "demo", identity.Auditor, time.Minute)
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
