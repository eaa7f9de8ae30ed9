package kiosk

import (
	"context"
	"errors"
	"fmt"

	"github.com/padwarden/padwarden/server/custody"
)

// tapGuests is a tap at the dock of a guests' iPad. A guest has no user channel
// that our page could come by, so nothing asks for a PIN: the badge alone takes
// a clean iPad, and the holder's next tap gives it back. It proves possession
// of the card and no more, which is why nothing but a guest's empty session
// opens on it.
func (k *Kiosk) tapGuests(ctx context.Context, row custody.Custody, badge []byte) error {
	who, err := k.Identity.Owner(ctx, badge)
	if errors.Is(err, custody.ErrNotFound) {
		return nil // the reader's answer tells nothing
	}
	if err != nil {
		return err
	}
	var e custody.Event = custody.Claim{By: who.ID, How: custody.AssuranceBadge, With: custody.BadgeCredential(badge)}
	if row.Holder == who.ID {
		switch row.State {
		case custody.InUse:
			e = custody.Return{By: who.ID}
		case custody.Locked, custody.Wiping:
			e = custody.Resume{By: who.ID, How: custody.AssuranceBadge, With: custody.BadgeCredential(badge)}
		}
	}
	if _, err := k.Steward.Apply(ctx, row.Device, e); err != nil {
		return fmt.Errorf("a tap at the dock of %s: %w", row.Device, err)
	}
	return nil
}
