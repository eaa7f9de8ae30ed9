package kiosk

import (
	"context"
	"fmt"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
)

// asksNewPIN: the page asks for a PIN of one's own, twice.
const asksNewPIN = "newpin"

// askNewPIN is where a sign-in leads that was right, and may not stay as it is:
// by a code of one use, or by a PIN that is too short for this ward.
func (k *Kiosk) askNewPIN(ctx context.Context, c *fiber.Ctx, row custody.Custody, who ledger.Clinician, badge []byte, p custody.Policy) error {
	said := fmt.Sprintf("Choose a PIN of your own, of at least %d digits.", p.LeastPIN())
	if !identity.MustChoose(who) {
		said = fmt.Sprintf("This ward asks for a PIN of at least %d digits. Choose a new one.", p.LeastPIN())
	}
	if _, err := k.put(ctx, row, ask{Asks: asksNewPIN, Badge: badge, Clinician: who.ID, Sentence: said}); err != nil {
		return err
	}
	return k.again(ctx, c, row.Device)
}

// changePIN is the holder's wish for another PIN. The one they have is asked
// for first, unless they have just shown who they are in full.
func (k *Kiosk) changePIN(ctx context.Context, c *fiber.Ctx, row custody.Custody) error {
	var body struct{ Epoch int64 }
	if err := browser.JSON(c, &body, maxBody); err != nil {
		return err
	}
	who, err := k.adding(ctx, row, body.Epoch)
	if err != nil {
		return err
	}
	if k.fresh(ctx, row) {
		return k.newPINFor(ctx, c, row)
	}
	if _, err := k.put(ctx, row, ask{Asks: asksPIN, Again: who.ID, Then: asksNewPIN, Sentence: "Enter the PIN you have now."}); err != nil {
		return err
	}
	return k.showState(ctx, c, row)
}

// newPINFor asks the holder for their new PIN.
func (k *Kiosk) newPINFor(ctx context.Context, c *fiber.Ctx, row custody.Custody) error {
	p, err := k.Ledger.Policy(ctx, row.Ward)
	if err != nil {
		return err
	}
	said := fmt.Sprintf("Choose your new PIN, of at least %d digits.", p.LeastPIN())
	if _, err := k.put(ctx, row, ask{Asks: asksNewPIN, Clinician: row.Holder, Again: row.Holder, Sentence: said}); err != nil {
		return err
	}
	return k.showState(ctx, c, row)
}

// newPIN takes the PIN that somebody chose. A question that was asked of the
// holder ends with their session; one that was asked at a sign-in lets them in.
func (k *Kiosk) newPIN(ctx context.Context, c *fiber.Ctx, row custody.Custody) error {
	var body struct{ PIN, Nonce string }
	if err := browser.JSON(c, &body, maxBody); err != nil {
		return err
	}
	q, err := k.answered(ctx, row, asksNewPIN, body.Nonce)
	if err != nil {
		return err
	}
	if q.Again != "" {
		if who, err := k.adding(ctx, row, row.Epoch); err != nil || who.ID != q.Again {
			return errNonce
		}
	}
	who, err := k.Ledger.Clinician(ctx, q.Clinician)
	if err != nil {
		return err
	}
	if !who.Active { // not any more
		return errNonce
	}
	p, err := k.Ledger.Policy(ctx, row.Ward)
	if err != nil {
		return err
	}
	err = k.Identity.ChoosePIN(ctx, who, body.PIN, p.LeastPIN())
	if custody.Refused(err) == identity.RefusedPIN {
		q.Sentence = err.Error()
		if _, err := k.put(ctx, row, q); err != nil {
			return err
		}
		return k.again(ctx, c, row.Device)
	}
	if err != nil {
		return k.instead(ctx, row, who.ID, err)
	}
	k.Log.Info("a PIN was chosen", "clinician", who.ID, "device", row.Device)
	if q.Again != "" {
		return k.again(ctx, c, row.Device)
	}
	if p.PasskeyEvery > 0 && !k.Identity.StrongValid(ctx, who.ID) {
		return k.instead(ctx, row, who.ID, needsKey())
	}
	return k.welcome(ctx, c, row, who, shownBy{custody.AssuranceBadgePIN, custody.BadgeCredential(q.Badge)}, p)
}
