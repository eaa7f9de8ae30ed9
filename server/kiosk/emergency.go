package kiosk

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/problem"
)

// emergencies is what the page reads and spends in an emergency.
type emergencies interface {
	Unexplained(ctx context.Context, clinician string) ([]custody.Emergency, error)
	Emergency(ctx context.Context, device custody.DeviceID, version int64) (custody.Emergency, error)
	// EmergencyCode reports whether a ward has a sealed code.
	EmergencyCode(ctx context.Context, ward string) (bool, error)
}

func (k *Kiosk) registerEmergency(own fiber.Router) {
	own.Post("/emergency", k.change(k.emergency))
	own.Post("/emergency/code", k.change(k.emergencyCode))
	own.Post("/explain", k.change(k.explain))
}

// maxEmergencies a minute and device: an emergency is tried a few times, and no
// badge is found by trying.
const maxEmergencies = 5

// emergency opens an iPad by the badge that was tapped, and nothing else, for a
// few minutes: named, told at once, and explained and reviewed afterwards. It
// asks no other server, so it works while the hospital's sign-in is down.
func (k *Kiosk) emergency(ctx context.Context, c *fiber.Ctx, row custody.Custody) error {
	var body struct{ Nonce string }
	if err := browser.JSON(c, &body, maxBody); err != nil {
		return err
	}
	q, err := k.answered(ctx, row, asksPIN, body.Nonce)
	if err != nil {
		return err
	}
	if err := k.slowly(ctx, row); err != nil {
		return err
	}
	who, err := k.Identity.Owner(ctx, q.Badge)
	if errors.Is(err, custody.ErrNotFound) || err == nil && q.Again != "" {
		return k.instead(ctx, row, "", &custody.Refusal{Code: identity.RefusedWrong,
			Sentence: "This badge opens no iPad, not even in an emergency. Use a downtime iPad, or ask your ward lead."})
	}
	if err != nil {
		return err
	}
	return k.breakGlass(ctx, c, row, who, custody.BadgeCredential(q.Badge))
}

// emergencyCode opens an iPad by the ward's sealed code, for somebody who has
// no badge at all. It is good once; who broke the seal is noted on its envelope.
func (k *Kiosk) emergencyCode(ctx context.Context, c *fiber.Ctx, row custody.Custody) error {
	var body struct{ Code, Nonce string }
	if err := browser.JSON(c, &body, maxBody); err != nil {
		return err
	}
	if err := k.spend(ctx, row, body.Nonce); err != nil {
		return err
	}
	if err := k.slowly(ctx, row); err != nil {
		return err
	}
	// A code that opened nothing is not spent: it is looked at last.
	policy, err := k.Ledger.Policy(ctx, row.Ward)
	if err != nil {
		return err
	}
	if !row.Available("", k.momentOf(ctx, row)) || policy.BreakGlass <= 0 {
		return k.instead(ctx, row, "", &custody.Refusal{Code: custody.RefusedUnavailable, Sentence: "This iPad is not free, so the code was not used. Use another iPad."})
	}
	who, err := k.Identity.SpendEmergencyCode(ctx, identity.Attempt{PIN: body.Code, Device: row.Device, Ward: row.Ward})
	if err != nil {
		return k.instead(ctx, row, "", err)
	}
	return k.breakGlass(ctx, c, row, who, "code:"+row.Ward)
}

// momentOf is the time by which live has the device; the zero time, by which
// nothing is free that is kept for somebody, where it cannot tell.
func (k *Kiosk) momentOf(ctx context.Context, row custody.Custody) time.Time {
	s, _ := k.session(ctx, row)
	return s.Now
}

func (k *Kiosk) slowly(ctx context.Context, row custody.Custody) error {
	n, err := k.Live.Count(ctx, "kiosk:emergency:"+string(row.Device), time.Minute)
	if err != nil {
		return fmt.Errorf("counting emergencies: %w", err)
	}
	if n > maxEmergencies {
		return problem.New(fiber.StatusTooManyRequests, "too_many_taps", "Too many tries here. Wait a minute, or use another iPad.")
	}
	return nil
}

// breakGlass takes a clean device, or gives the holder their own back. Nobody's
// data but the holder's own is on either: an emergency opens no colleague's session.
func (k *Kiosk) breakGlass(ctx context.Context, c *fiber.Ctx, row custody.Custody, who ledger.Clinician, with string) error {
	var e custody.Event = custody.Claim{By: who.ID, Account: who.Account, How: custody.AssuranceBreakGlass, With: with}
	if row.Holder == who.ID && (row.State == custody.Locked || row.State == custody.Wiping) {
		e = custody.Resume{By: who.ID, Account: who.Account, How: custody.AssuranceBreakGlass, With: with}
	}
	k.elsewhere(ctx, row, who)
	next, err := k.Steward.Apply(ctx, row.Device, e)
	if err != nil {
		return k.instead(ctx, row, who.ID, fmt.Errorf("opening %s in an emergency: %w", row.Device, err))
	}
	k.Log.Warn("alert: an iPad was opened in an emergency", "device", row.Device, "ward", row.Ward, "clinician", who.ID, "epoch", next.Epoch)
	k.Count("emergency")
	return k.again(ctx, c, row.Device)
}

// Explanation is an emergency that the holder has not explained.
type Explanation struct {
	Device  custody.DeviceID `json:"device"`
	Name    string           `json:"name"`
	Version int64            `json:"version"`
	Ago     string           `json:"ago"`
}

// unexplained is the oldest of the holder's; nil if there is none. What cannot
// be read is asked another time.
func (k *Kiosk) unexplained(ctx context.Context, holder string, now time.Time) *Explanation {
	open, err := k.Ledger.Unexplained(ctx, holder)
	if err != nil {
		k.Log.Warn("emergencies cannot be read", "err", err)
	}
	if len(open) == 0 {
		return nil
	}
	e := open[0]
	return &Explanation{Device: e.Device, Name: k.nameOf(ctx, e.Device), Version: e.Version, Ago: ago(now.Sub(e.Opened))}
}

// explain takes what the holder says of an emergency of theirs.
func (k *Kiosk) explain(ctx context.Context, c *fiber.Ctx, row custody.Custody) error {
	var body struct {
		Epoch, Version int64
		Device         custody.DeviceID
		Why            string
	}
	if err := browser.JSON(c, &body, 4<<10); err != nil {
		return err
	}
	who, err := k.adding(ctx, row, body.Epoch)
	if err != nil {
		return err
	}
	e, err := k.Ledger.Emergency(ctx, body.Device, body.Version)
	if err != nil {
		return err
	}
	if e.Clinician != who.ID {
		return custody.ErrNotFound
	}
	if n := utf8.RuneCountInString(body.Why); n == 0 || n > custody.MaxReason {
		return problem.New(fiber.StatusBadRequest, "why", fmt.Sprintf("Say why in at most %d characters.", custody.MaxReason))
	}
	if _, err := k.Steward.Apply(ctx, e.Device, custody.Explain{By: who.ID, Why: body.Why, Version: e.Version}); err != nil {
		return fmt.Errorf("explaining an emergency on %s: %w", e.Device, err)
	}
	return k.again(ctx, c, row.Device)
}
