package kiosk

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
)

// freshFor is how long a full sign-in is proof enough to add a key. A tap
// within the PIN grace is none: a badge that was stolen must not leave a key behind.
const freshFor = 5 * time.Minute

func provedKey(id custody.DeviceID) string { return "kiosk:proved:" + string(id) }

// stretch names who holds a device, and since when without a break.
func stretch(row custody.Custody) string {
	return row.Holder + "\x00" + strconv.FormatInt(row.Epoch, 10) + "\x00" + strconv.FormatInt(row.Since.UnixMilli(), 10)
}

// proved remembers that who, if they hold the device now, has just proved who
// they are with all that is asked for. It ends with this stretch of use.
func (k *Kiosk) proved(ctx context.Context, id custody.DeviceID, who string) error {
	row, err := k.Ledger.Custody(ctx, id)
	if err != nil {
		return err
	}
	if row.State != custody.InUse || row.Holder != who {
		return nil
	}
	if err := k.Live.Put(ctx, provedKey(id), []byte(stretch(row)), freshFor); err != nil {
		return fmt.Errorf("remembering a full sign-in: %w", err)
	}
	return nil
}

// fresh reports whether the holder proved who they are a moment ago. What
// cannot be read is not fresh.
func (k *Kiosk) fresh(ctx context.Context, row custody.Custody) bool {
	said, err := k.Live.Get(ctx, provedKey(row.Device))
	return err == nil && row.State == custody.InUse && string(said) == stretch(row)
}

// adding returns the holder of an open session, who alone may add a key to
// themselves on it.
func (k *Kiosk) adding(ctx context.Context, row custody.Custody, epoch int64) (ledger.Clinician, error) {
	session, _ := k.session(ctx, row)
	switch {
	case row.Epoch != epoch:
		return ledger.Clinician{}, fmt.Errorf("adding a key on %s: %w", row.Device, custody.ErrStale)
	case shown(row, session) != custody.InUse:
		return ledger.Clinician{}, fmt.Errorf("adding a key on %s: %w", row.Device, custody.ErrLocked)
	}
	who, err := k.Ledger.Clinician(ctx, row.Holder)
	if err != nil {
		return ledger.Clinician{}, fmt.Errorf("reading who holds %s: %w", row.Device, err)
	}
	if !who.Active {
		return ledger.Clinician{}, identity.NoPasskey()
	}
	return who, nil
}

// addKey is the holder's wish to add a key. Where their full sign-in was too
// long ago the page asks for the PIN again, without a badge: the iPad is in
// their hand, and its reader may be on the wall.
func (k *Kiosk) addKey(ctx context.Context, c *fiber.Ctx, row custody.Custody) error {
	var body struct{ Epoch int64 }
	if err := browser.JSON(c, &body, maxBody); err != nil {
		return err
	}
	who, err := k.adding(ctx, row, body.Epoch)
	if err != nil {
		return err
	}
	if k.fresh(ctx, row) {
		err = k.drop(ctx, row.Device)
	} else {
		_, err = k.put(ctx, row, ask{Asks: asksPIN, Again: who.ID, Sentence: "Enter your PIN once more to add a key."})
	}
	if err != nil {
		return err
	}
	return k.showState(ctx, c, row)
}

// pinAgain takes the PIN of the holder, who is known without a badge.
func (k *Kiosk) pinAgain(ctx context.Context, c *fiber.Ctx, row custody.Custody, q ask, pin string) error {
	who, err := k.adding(ctx, row, row.Epoch)
	if err == nil && who.ID != q.Again {
		err = errNonce
	}
	if err != nil {
		return err
	}
	err = k.Identity.Again(ctx, who, identity.Attempt{PIN: pin, Device: row.Device, Ward: row.Ward})
	switch custody.Refused(err) {
	case identity.RefusedWrong, identity.RefusedPIN:
		if _, err := k.put(ctx, row, ask{Asks: asksPIN, Again: who.ID, Then: q.Then, Sentence: "That was not your PIN. Try again."}); err != nil {
			return err
		}
		return k.again(ctx, c, row.Device)
	}
	if err != nil {
		return k.instead(ctx, row, who.ID, err)
	}
	if err := k.proved(ctx, row.Device, who.ID); err != nil {
		return err
	}
	if q.Then == asksNewPIN {
		return k.newPINFor(ctx, c, row)
	}
	return k.again(ctx, c, row.Device)
}

func (k *Kiosk) addKeyBegin(ctx context.Context, c *fiber.Ctx, row custody.Custody) error {
	var body struct{ Epoch int64 }
	if err := browser.JSON(c, &body, maxBody); err != nil {
		return err
	}
	who, err := k.adding(ctx, row, body.Epoch)
	if err != nil {
		return err
	}
	if !k.fresh(ctx, row) {
		return &custody.Refusal{Code: "pin_again", Sentence: "It has been a while since you signed in. Press \"Add a security key\" and enter your PIN again."}
	}
	asked, err := k.Passkeys.BeginRegister(ctx, ledger.ClinicianOwner(who.ID), who.Name, k.place(row, stretch(row)))
	if err != nil {
		return k.instead(ctx, row, who.ID, err)
	}
	return c.JSON(asked)
}

// addKeyFinish keeps the key. Nobody types on a shared iPad, where a reader
// may type too, so the key is named after where it was added.
func (k *Kiosk) addKeyFinish(ctx context.Context, c *fiber.Ctx, row custody.Custody) error {
	var body keyAnswer
	if err := browser.JSON(c, &body, maxKeyBody); err != nil {
		return err
	}
	who, err := k.adding(ctx, row, body.Epoch)
	if err != nil {
		return err
	}
	name := "Added on an iPad"
	if d, err := k.Ledger.Device(ctx, row.Device); err == nil && identity.CheckPasskeyName("Added on iPad "+d.Name) == nil {
		name = "Added on iPad " + d.Name
	} else if err != nil && !errors.Is(err, custody.ErrNotFound) {
		return err
	}
	key, err := k.Passkeys.Register(ctx, k.place(row, stretch(row)), body.Ceremony, name, body.Response)
	if err != nil {
		return k.instead(ctx, row, who.ID, err)
	}
	return c.JSON(fiber.Map{"added": key.Name})
}
