package kiosk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// claim takes a clean device for who. What becomes of another one that they
// hold is the ward's policy.
func (k *Kiosk) claim(ctx context.Context, row custody.Custody, who ledger.Clinician, by shownBy, policy custody.Policy) error {
	e := custody.Claim{By: who.ID, Account: who.Account, How: by.how, With: by.with}
	if policy.SecondDevice == "" || policy.SecondDevice == custody.SecondAllow {
		_, err := k.Steward.Apply(ctx, row.Device, e)
		return err
	}
	leave, err := k.alone(ctx, who)
	if err != nil {
		return err
	}
	defer leave()
	others, err := k.heldElsewhere(ctx, row, who)
	if err != nil {
		return err
	}
	if len(others) > 0 && policy.SecondDevice == custody.SecondRefuse {
		return &custody.Refusal{Code: "second_device",
			Sentence: fmt.Sprintf("You are signed in on iPad %s already. Go on there, or give it back first.", apart(k.nameOf(ctx, others[0].Device)))}
	}
	if _, err := k.Steward.Apply(ctx, row.Device, e); err != nil {
		return err
	}
	return k.leave(ctx, who, others)
}

// alone keeps two taps of one person at two iPads from both being the first.
func (k *Kiosk) alone(ctx context.Context, who ledger.Clinician) (func(), error) {
	key := "kiosk:claiming:" + who.ID
	err := k.Live.PutIfAbsent(ctx, key, []byte{1}, answerIn)
	if errors.Is(err, custody.ErrConflict) {
		return nil, &custody.Refusal{Code: "second_device", Sentence: "You are being signed in on another iPad at this moment. Look there, or try again in a few seconds."}
	}
	if err != nil {
		return nil, fmt.Errorf("taking a tap: %w", err)
	}
	return func() { _ = k.Live.Delete(ctx, key) }, nil // or it ends by itself
}

// heldElsewhere are the sessions that who has on other devices, locked ones too.
func (k *Kiosk) heldElsewhere(ctx context.Context, row custody.Custody, who ledger.Clinician) ([]custody.Custody, error) {
	held, err := k.Ledger.HeldBy(ctx, who.ID)
	return slices.DeleteFunc(held, func(c custody.Custody) bool {
		return c.Device == row.Device || c.State != custody.InUse && c.State != custody.Locked
	}), err
}

// leave locks what who has left behind. Nothing on it is lost: they may go back
// to it until its resume window ends.
func (k *Kiosk) leave(ctx context.Context, who ledger.Clinician, others []custody.Custody) error {
	var errs []error
	for _, c := range others {
		if c.State != custody.InUse {
			continue
		}
		_, err := k.Steward.Apply(ctx, c.Device, custody.Moved{By: who.ID, Epoch: c.Epoch})
		if err != nil && !errors.Is(err, custody.ErrStale) {
			errs = append(errs, fmt.Errorf("locking %s, which was left for another: %w", c.Device, err))
		}
	}
	return errors.Join(errs...)
}

func (k *Kiosk) nameOf(ctx context.Context, id custody.DeviceID) string {
	if d, err := k.Ledger.Device(ctx, id); err == nil {
		return d.Name
	}
	return string(id)
}

// elsewhereFor is the time in which nobody walks from one ward to another.
const elsewhereFor = time.Minute

// elsewhere notices one person's credentials on two wards within a minute: a
// badge that was copied and a PIN that was seen. It keeps nobody out, for a
// wall between two wards is thin; it is told.
func (k *Kiosk) elsewhere(ctx context.Context, row custody.Custody, who ledger.Clinician) {
	key := "kiosk:where:" + who.ID
	before, err := k.Live.Get(ctx, key)
	if err == nil && string(before) != row.Ward {
		k.Log.Warn("alert: one person signed in on two wards within a minute", "clinician", who.ID, "ward", row.Ward, "before", string(before))
		k.Count("impossible_location")
	}
	if err := k.Live.Put(ctx, key, []byte(row.Ward), elsewhereFor); err != nil {
		k.Log.Warn("where somebody signed in cannot be kept", "err", err)
	}
}
