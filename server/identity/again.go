package identity

import (
	"context"

	"github.com/padwarden/padwarden/server/ledger"
)

// Again answers nil if a.PIN is that of who, whom an earlier sign-in made
// known: no badge is needed to ask for it once more. Attempts are counted as
// those of a badge of its own, and on the device, in the ward and in all as
// every other. Refusals are [Identity.Verify]'s.
func (i *Identity) Again(ctx context.Context, who ledger.Clinician, a Attempt) error {
	a.Badge = i.mac("again", who.ID)
	_, err := i.verify(ctx, a, func() (ledger.Clinician, error) { return who, nil })
	return err
}
