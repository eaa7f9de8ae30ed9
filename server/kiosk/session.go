package kiosk

import (
	"context"
	"errors"
	"fmt"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
)

// touch is evidence that the holder is there: real input on the page.
func (k *Kiosk) touch(ctx context.Context, c *fiber.Ctx, row custody.Custody) error {
	var body struct{ Epoch int64 }
	if err := browser.JSON(c, &body, maxBody); err != nil {
		return err
	}
	_, err := k.Live.Touch(ctx, row.Device, body.Epoch)
	if errors.Is(err, custody.ErrLost) || errors.Is(err, custody.ErrNotFound) {
		err = custody.ErrLocked // live holds no session: it is closed, and its holder may resume
	}
	if err != nil {
		return fmt.Errorf("touching %s: %w", row.Device, err)
	}
	if q, err := k.asked(ctx, row.Device); err == nil && q.Asks == asksChoose { // they go on
		if err := k.drop(ctx, row.Device); err != nil {
			return err
		}
	}
	return k.showState(ctx, c, row)
}

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
