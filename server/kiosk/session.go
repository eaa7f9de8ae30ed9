package kiosk

import (
	"context"
	"fmt"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
)

// giveBack ends the session at its holder's wish. Only an open one can be
// given back: whoever finds a locked iPad must not be able to wipe what its
// holder means to come back to.
func (k *Kiosk) giveBack(ctx context.Context, c *fiber.Ctx, row custody.Custody) error {
	var body struct{ Epoch int64 }
	if err := browser.JSON(c, &body, maxBody); err != nil {
		return err
	}
	if row.Epoch != body.Epoch {
		return fmt.Errorf("giving %s back: %w", row.Device, custody.ErrStale)
	}
	session, _ := k.session(ctx, row)
	if shown(row, session) != custody.InUse {
		return fmt.Errorf("giving %s back: %w", row.Device, custody.ErrLocked)
	}
	if err := k.drop(ctx, row.Device); err != nil {
		return err
	}
	if _, err := k.Steward.Apply(ctx, row.Device, custody.Return{By: row.Holder}); err != nil {
		return fmt.Errorf("giving %s back: %w", row.Device, err)
	}
	browser.ClearSite(c)
	return k.again(ctx, c, row.Device)
}
