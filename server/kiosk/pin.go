package kiosk

import (
	"context"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/problem"
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
	if err := k.Identity.StartGrace(ctx, who.ID, row.Ward, policy.PINGrace); err != nil {
		return err
	}
	if err := k.admit(ctx, row.Device, who); err != nil {
		return k.instead(ctx, row, who.ID, err)
	}
	if err := k.proved(ctx, row.Device, who.ID); err != nil {
		return err
	}
	return k.again(ctx, c, row.Device)
}

// admit does for who, known by badge and PIN or by passkey, what the device's state allows.
func (k *Kiosk) admit(ctx context.Context, id custody.DeviceID, who ledger.Clinician) error {
	row, err := k.Ledger.Custody(ctx, id) // hashing took a while
	if err != nil {
		return err
	}
	holds := row.Holder == who.ID
	switch {
	case row.State == custody.InUse:
		return k.admitInUse(ctx, row, who)
	case row.State == custody.Locked && !holds:
		_, err := k.put(ctx, row, ask{Asks: asksTakeOver, Clinician: who.ID,
			Sentence: "It is locked with a colleague's session. Their work on this iPad is wiped first. Once it is clean it is kept for you for a moment: tap your badge again."})
		return err
	case holds && (row.State == custody.Locked || row.State == custody.Wiping):
		_, err = k.Steward.Apply(ctx, id, custody.Resume{By: who.ID, Account: who.Account})
	default: // custody says whether it can be had, and why not
		_, err = k.Steward.Apply(ctx, id, custody.Claim{By: who.ID, Account: who.Account})
	}
	if err != nil {
		return fmt.Errorf("admitting to %s: %w", id, err)
	}
	return nil
}

// admitInUse: the holder may end or go on; anybody else hears whose it is.
func (k *Kiosk) admitInUse(ctx context.Context, row custody.Custody, who ledger.Clinician) error {
	session, _ := k.session(ctx, row)
	switch {
	case shown(row, session) != custody.InUse: // closed in live, and custody is about to say so
		return problem.New(fiber.StatusConflict, problem.CodeStale, "This iPad is just being locked. Tap your badge again in a moment.")
	case row.Holder == who.ID:
		_, err := k.put(ctx, row, ask{Asks: asksChoose, Sentence: askChooseSentence})
		return err
	}
	holder, err := k.Ledger.Clinician(ctx, row.Holder)
	if err != nil {
		return fmt.Errorf("reading who holds %s: %w", row.Device, err)
	}
	return &custody.Refusal{Code: custody.RefusedInUse,
		Sentence: fmt.Sprintf("In use by %s, active %s. Use another iPad.", holder.Name, ago(session.Now.Sub(session.Touched)))}
}

// ago says a short time in words.
func ago(d time.Duration) string {
	switch {
	case d < 5*time.Second:
		return "just now"
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s ago", int(d.Seconds()))
	}
	return fmt.Sprintf("%d min ago", int(d.Minutes()))
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
	return k.again(ctx, c, row.Device)
}
