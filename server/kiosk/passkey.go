package kiosk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
)

// Passkeys says whose passkey or security key it is that signs in, and
// registers new ones.
type Passkeys interface {
	BeginSignIn(ctx context.Context, at identity.Place) (identity.Ceremony, error)
	SignIn(ctx context.Context, kind string, at identity.Place, ceremony string, response []byte) (ledger.Passkey, error)
	BeginRegister(ctx context.Context, owner, name string, at identity.Place) (identity.Ceremony, error)
	Register(ctx context.Context, at identity.Place, ceremony, name string, response []byte) (ledger.Passkey, error)
}

const (
	maxKeyBody = 24 << 10 // bytes of a body with what a key answered
	maxKeys    = 30       // challenges a minute and device, wrong answers in a quarter of an hour
)

// keyAnswer is what the page sends back of a ceremony.
type keyAnswer struct {
	Ceremony string
	Response json.RawMessage
	Epoch    int64
}

func (k *Kiosk) registerPasskeys(own fiber.Router) {
	own.Post("/passkey/begin", k.change(k.withKeys(k.keyBegin)))
	own.Post("/passkey/finish", k.change(k.withKeys(k.keyFinish)))
	own.Post("/passkey/add", k.change(k.withKeys(k.addKey)))
	own.Post("/passkey/add/begin", k.change(k.withKeys(k.addKeyBegin)))
	own.Post("/passkey/add/finish", k.change(k.withKeys(k.addKeyFinish)))
}

// withKeys refuses what there are no passkeys for.
func (k *Kiosk) withKeys(next func(context.Context, *fiber.Ctx, custody.Custody) error) func(context.Context, *fiber.Ctx, custody.Custody) error {
	return func(ctx context.Context, c *fiber.Ctx, row custody.Custody) error {
		if k.Passkeys == nil {
			return &custody.Refusal{Code: "no_passkeys", Sentence: "Passkeys are not set up here. Tap your badge and enter your PIN."}
		}
		return next(ctx, c, row)
	}
}

// place is where a ceremony is held: one iPad, in one hand-over, under one
// enrolment. more narrows it further.
func (k *Kiosk) place(row custody.Custody, more ...string) identity.Place {
	bind := fmt.Sprintf("ipad\x00%s\x00%d\x00%s\x00%s", row.Device, row.Epoch, row.Enrolment, strings.Join(more, "\x00"))
	return identity.Place{Bind: bind, Meter: "ipad:" + string(row.Device), Most: maxKeys, Wrong: maxKeys, Roaming: true}
}

func (k *Kiosk) keyBegin(ctx context.Context, c *fiber.Ctx, row custody.Custody) error {
	if err := browser.JSON(c, &struct{}{}, maxBody); err != nil {
		return err
	}
	asked, err := k.Passkeys.BeginSignIn(ctx, k.place(row))
	if err != nil {
		return k.instead(ctx, row, "", err)
	}
	return c.JSON(asked)
}

// keyFinish does for who holds the key what a right PIN does. Wrong PINs of
// theirs, here or elsewhere, do not stop it: whoever guesses cannot shut them out.
func (k *Kiosk) keyFinish(ctx context.Context, c *fiber.Ctx, row custody.Custody) error {
	var body keyAnswer
	if err := browser.JSON(c, &body, maxKeyBody); err != nil {
		return err
	}
	key, err := k.Passkeys.SignIn(ctx, identity.Clinicians, k.place(row), body.Ceremony, body.Response)
	if err != nil {
		return k.instead(ctx, row, "", err)
	}
	who, err := k.keyOwner(ctx, key)
	if err != nil {
		return k.instead(ctx, row, "", err)
	}
	q, err := k.asked(ctx, row.Device)
	if err != nil {
		return err
	}
	if err := k.drop(ctx, row.Device); err != nil { // a badge's question is answered by it
		return err
	}
	by := shownBy{custody.AssurancePasskey, key.Opens()}
	if q.Asks == asksPIN && len(q.Badge) > 0 {
		if asked, err := k.offerNewCard(ctx, c, row, who, by, q.Badge); asked || err != nil {
			return err
		}
	}
	policy, err := k.Ledger.Policy(ctx, row.Ward)
	if err != nil {
		return err
	}
	return k.welcome(ctx, c, row, who, by, policy)
}

// keyOwner returns the clinician whose key it is, if they are still one of ours.
func (k *Kiosk) keyOwner(ctx context.Context, key ledger.Passkey) (ledger.Clinician, error) {
	who, err := k.Ledger.Clinician(ctx, strings.TrimPrefix(key.Owner, ledger.ClinicianOwner("")))
	if errors.Is(err, custody.ErrNotFound) || err == nil && !who.Active {
		return ledger.Clinician{}, identity.NoPasskey()
	}
	if err != nil {
		return ledger.Clinician{}, fmt.Errorf("reading whose key it is: %w", err)
	}
	return who, nil
}
