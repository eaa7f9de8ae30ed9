package kiosk

import (
	"context"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/problem"
)

// shownBy is how somebody showed who they are, and the credential they did it with.
type shownBy struct {
	how  custody.Assurance
	with string
}

// welcome lets in who has just shown in full who they are: the PIN grace of the
// ward, whose policy it is, begins, and they get what the device's state allows.
func (k *Kiosk) welcome(ctx context.Context, c *fiber.Ctx, row custody.Custody, who ledger.Clinician, by shownBy, policy custody.Policy) error {
	if err := k.Identity.StartGrace(ctx, who.ID, row.Ward, policy.PINGrace); err != nil {
		return err
	}
	if by.how == custody.AssurancePasskey {
		if err := k.Identity.MarkStrong(ctx, who.ID, policy.PasskeyEvery); err != nil {
			return err
		}
	}
	k.elsewhere(ctx, row, who)
	if err := k.admit(ctx, row.Device, who, by, policy); err != nil {
		return k.instead(ctx, row, who.ID, err)
	}
	if err := k.proved(ctx, row.Device, who.ID); err != nil {
		return err
	}
	return k.again(ctx, c, row.Device)
}

// needsKey: the ward wants a passkey first.
func needsKey() error {
	return &custody.Refusal{Code: "passkey_needed",
		Sentence: "This ward asks for your passkey or security key once a shift. Use it now; after that your badge and PIN are enough. If you have none, ask your ward lead."}
}

// admit does for who, who has shown who they are, what the device's state allows.
func (k *Kiosk) admit(ctx context.Context, id custody.DeviceID, who ledger.Clinician, by shownBy, policy custody.Policy) error {
	row, err := k.Ledger.Custody(ctx, id) // hashing took a while
	if err != nil {
		return err
	}
	holds := row.Holder == who.ID
	switch {
	case row.State == custody.InUse:
		return k.admitInUse(ctx, row, who, by)
	case row.State == custody.Locked && !holds:
		_, err := k.put(ctx, row, ask{Asks: asksTakeOver, Clinician: who.ID,
			Sentence: "It is locked with a colleague's session. Their work on this iPad is wiped first. Once it is clean it is kept for you for a moment: tap your badge again."})
		return err
	case holds && (row.State == custody.Locked || row.State == custody.Wiping):
		_, err = k.Steward.Apply(ctx, id, custody.Resume{By: who.ID, Account: who.Account, How: by.how, With: by.with})
	default: // custody says whether it can be had, and why not
		err = k.claim(ctx, row, who, by, policy)
	}
	if err != nil {
		return fmt.Errorf("admitting to %s: %w", id, err)
	}
	return nil
}

// admitInUse: the holder may end or go on; anybody else hears whose it is.
func (k *Kiosk) admitInUse(ctx context.Context, row custody.Custody, who ledger.Clinician, by shownBy) error {
	session, _ := k.session(ctx, row)
	switch {
	case shown(row, session) != custody.InUse: // closed in live, and custody is about to say so
		return problem.New(fiber.StatusConflict, problem.CodeStale, "This iPad is just being locked. Tap your badge again in a moment.")
	case row.Holder == who.ID && row.Assurance == custody.AssuranceBreakGlass:
		if _, err := k.Steward.Apply(ctx, row.Device, custody.Resume{By: who.ID, Account: who.Account, How: by.how, With: by.with}); err != nil {
			return err
		}
		// They are there, and from now on for as long as anybody: the deadlines are
		// still the emergency's until they are moved.
		if _, err := k.Live.Touch(ctx, row.Device, row.Epoch); err != nil {
			return fmt.Errorf("ending the emergency on %s: %w", row.Device, err)
		}
		return nil
	case row.Holder == who.ID:
		_, err := k.put(ctx, row, ask{Asks: asksChoose, Sentence: askChooseSentence})
		return err
	}
	holder, err := k.Ledger.Clinician(ctx, row.Holder)
	if err != nil {
		return fmt.Errorf("reading who holds %s: %w", row.Device, err)
	}
	return &custody.Refusal{Code: custody.RefusedInUse,
		Sentence: fmt.Sprintf("In use by %s, active %s. Use another iPad.", apart(holder.Name), ago(session.Now.Sub(session.Touched)))}
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
