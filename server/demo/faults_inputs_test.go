package demo

import (
	"context"
	"sync"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
	"github.com/padwarden/padwarden/server/steward"
)

// badInputs gives some iPads' plans an address that no profile can carry, as a
// mistake in the server's settings would.
type badInputs struct {
	steward.Driver
	mu  sync.Mutex
	bad map[custody.DeviceID]bool
}

func (b *badInputs) set(serial string, bad bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bad == nil {
		b.bad = map[custody.DeviceID]bool{}
	}
	b.bad[custody.DeviceID(serial)] = bad
}

func (b *badInputs) Inputs(ctx context.Context, row custody.Custody) (plan.Inputs, error) {
	in, err := b.Driver.Inputs(ctx, row)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bad[row.Device] {
		in.ServerURL, in.KioskURL = "no address: with-a-secret", "no address: with-a-secret"
	}
	return in, err
}
