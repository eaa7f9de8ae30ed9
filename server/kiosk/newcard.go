package kiosk

import (
	"context"
	"errors"
	"fmt"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// asksNewCard: somebody who has shown who they are is asked whether the unknown
// card that was tapped is theirs.
const asksNewCard = "newcard"

// offerNewCard asks who has just shown who they are, without the badge that was
// tapped, whether it is a new one of theirs. It does so only for a card that
// nobody has; asked is false for any other.
func (k *Kiosk) offerNewCard(ctx context.Context, c *fiber.Ctx, row custody.Custody, who ledger.Clinician, by shownBy, badge []byte) (asked bool, err error) {
	if _, err := k.Ledger.Badge(ctx, badge); !errors.Is(err, custody.ErrNotFound) {
		return false, err
	}
	q := ask{Asks: asksNewCard, Badge: badge, Clinician: who.ID, How: by.how, With: by.with,
		Sentence: fmt.Sprintf("The badge that was tapped is not known here. Is it yours, %s?", apart(who.Name))}
	if _, err := k.put(ctx, row, q); err != nil {
		return false, err
	}
	return true, k.again(ctx, c, row.Device)
}

// newCard takes the answer, and lets them in either way. Yes true registers
// the card: what was tapped is on the card, and whoever says so is named in its record.
func (k *Kiosk) newCard(ctx context.Context, c *fiber.Ctx, row custody.Custody) error {
	var body struct {
		Yes   bool
		Nonce string
	}
	if err := browser.JSON(c, &body, maxBody); err != nil {
		return err
	}
	q, err := k.answered(ctx, row, asksNewCard, body.Nonce)
	if err != nil {
		return err
	}
	who, err := k.Ledger.Clinician(ctx, q.Clinician)
	if err != nil {
		return err
	}
	if !who.Active {
		return errNonce
	}
	if body.Yes {
		where := fmt.Sprintf("registered at iPad %s", k.nameOf(ctx, row.Device))
		err := k.Ledger.ChangePerson(ctx, ledger.PersonChange{ID: who.ID, At: k.Now(), Badges: []ledger.Badge{{Hash: q.Badge, Label: where}},
			Deeds: []ledger.PersonDeed{{By: who.ID, What: fmt.Sprintf("A badge, %s", where), Why: fmt.Sprintf("shown by %s", q.How.Words())}}})
		if err != nil && !errors.Is(err, custody.ErrConflict) { // somebody else has just registered it
			return fmt.Errorf("registering a badge of %s: %w", who.ID, err)
		}
		k.Log.Info("a clinician registered a badge", "clinician", who.ID, "badge", custody.BadgeCredential(q.Badge), "device", row.Device)
		k.Count("badge_registered")
	}
	policy, err := k.Ledger.Policy(ctx, row.Ward)
	if err != nil {
		return err
	}
	return k.welcome(ctx, c, row, who, shownBy{q.How, q.With}, policy)
}
