package kiosk

import (
	"context"
	"errors"
	"fmt"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/problem"
)

// start turns the web clip's one-time address into the device cookie.
//
// A web clip opens the same address each time it is touched, so a browser that
// already holds the device's cookie is sent on to the page; for any other, the
// second use is refused (threat 10).
func (k *Kiosk) start(c *fiber.Ctx) error {
	if c.Method() != fiber.MethodGet { // a HEAD would spend the secret for nobody
		return fiber.ErrMethodNotAllowed
	}
	ctx, cancel := context.WithTimeout(k.Base, answerIn)
	defer cancel()
	row, err := k.starts(ctx, c.Params("secret"), k.cookie(c))
	if err != nil {
		return k.sorry(c, err)
	}
	browser.SetCookie(c, cookieName, k.seal(row), cookieAge, k.Secure)
	return c.Redirect("/kiosk", fiber.StatusSeeOther)
}

// starts returns the row of the device that secret may start the page of. It
// must have been made for the device's present epoch and its present run:
// between a wipe and the claim that follows it the row names that wipe's run,
// so an address left over from an earlier enrolment, or one that nobody opened
// before the device was handed over, opens nothing.
func (k *Kiosk) starts(ctx context.Context, secret, cookie string) (custody.Custody, error) {
	refused := problem.New(fiber.StatusForbidden, "start_refused", "This address was used before or is too old. Use another iPad and tell IT: this one needs its page installed again.")
	device, epoch, run, err := k.Secrets.VerifyKioskSecret(secret)
	if err != nil {
		return custody.Custody{}, refused
	}
	if held, err := k.authenticate(ctx, cookie); err == nil && held.Device == device {
		return held, nil
	}
	row, err := k.Ledger.Custody(ctx, device)
	if errors.Is(err, custody.ErrNotFound) {
		return custody.Custody{}, refused
	}
	if err != nil {
		return custody.Custody{}, fmt.Errorf("starting the page of %s: %w", device, err)
	}
	if row.Epoch != epoch || row.Run.ID != run || row.Enrolment == "" || row.State == custody.Retired {
		return custody.Custody{}, refused
	}
	switch err := k.Ledger.Spend(ctx, "kiosk "+secret); {
	case errors.Is(err, custody.ErrConflict):
		k.Log.Warn("a start address was used twice", "device", device)
		return custody.Custody{}, refused
	case err != nil:
		return custody.Custody{}, fmt.Errorf("starting the page of %s: %w", device, err)
	}
	return row, nil
}
