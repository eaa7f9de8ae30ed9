package kiosk

import (
	"context"
	"fmt"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
)

// pin takes the PIN that goes with the badge that was tapped.
func (k *Kiosk) pin(ctx context.Context, c *fiber.Ctx, row custody.Custody) error {
	var body struct{ PIN, Nonce string }
	if err := browser.JSON(c, &body, maxBody); err != nil {
		return err
	}
	q, err := k.answered(ctx, row, asksPIN, body.Nonce)
	if err != nil {
		return err
	}
	if q.Again != "" {
		return k.pinAgain(ctx, c, row, q, body.PIN)
	}
	who, err := k.Identity.Verify(ctx, identity.Attempt{Badge: q.Badge, PIN: body.PIN, Device: row.Device, Ward: row.Ward})
	switch custody.Refused(err) {
	case identity.RefusedWrong, identity.RefusedPIN:
		if _, err := k.put(ctx, row, ask{Asks: asksPIN, Badge: q.Badge, Sentence: err.Error()}); err != nil {
			return err
		}
		return k.again(ctx, c, row.Device)
	}
	if err != nil {
		return k.instead(ctx, row, "", err)
	}
	policy, err := k.Ledger.Policy(ctx, row.Ward)
	if err != nil {
		return err
	}
	if identity.MustChoose(who) || len(body.PIN) < policy.LeastPIN() {
		return k.askNewPIN(ctx, c, row, who, q.Badge, policy)
	}
	if policy.PasskeyEvery > 0 && !k.Identity.StrongValid(ctx, who.ID) {
		return k.instead(ctx, row, who.ID, needsKey())
	}
	return k.welcome(ctx, c, row, who, shownBy{custody.AssuranceBadgePIN, custody.BadgeCredential(q.Badge)}, policy)
}

// takeOver wipes a locked device and keeps it for who asked, and has proven
// who they are.
func (k *Kiosk) takeOver(ctx context.Context, c *fiber.Ctx, row custody.Custody) error {
	var body struct{ Nonce string }
	if err := browser.JSON(c, &body, maxBody); err != nil {
		return err
	}
	q, err := k.answered(ctx, row, asksTakeOver, body.Nonce)
	if err != nil {
		return err
	}
	if _, err := k.Steward.Apply(ctx, row.Device, custody.TakeOver{By: q.Clinician}); err != nil {
		return k.instead(ctx, row, q.Clinician, fmt.Errorf("taking %s over: %w", row.Device, err))
	}
	browser.ClearSite(c) // of whose it was
	return k.again(ctx, c, row.Device)
}
