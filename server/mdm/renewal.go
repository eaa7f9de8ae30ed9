package mdm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/mdm/onetime"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// An identity certificate is renewed by installing the enrolment profile again
// (Apple: "Managing certificates for device management services and devices":
// replace the profile before a certificate in it expires). The iPad makes a new
// key, gets it certified by the profile's challenge, which is good for this
// device and this enrolment only, and goes on under it. Nothing counts as
// renewed until a message came under the new certificate; until then the old
// one stands. An expired one cannot be renewed: that iPad must be erased and
// enrolled by hand, so renewing begins early.

// Renewals is what renewing needs of the store.
type Renewals interface {
	Custody(ctx context.Context, id custody.DeviceID) (custody.Custody, error)
	// UseRenewal writes that a device has come under a renewed certificate, and
	// ends those that it renews.
	UseRenewal(ctx context.Context, hash string) error
	// Expiring lists certificates that devices speak under and that expire after
	// the given one and before a time, the earliest first.
	Expiring(ctx context.Context, after ledger.Certificate, before time.Time, limit int) ([]ledger.Certificate, error)
}

const (
	// renewalRank is just behind other profiles, and tells a renewal apart.
	renewalRank = 11
	// renewalFor is how long the profile waits to be fetched; a new one is made
	// the next day, with a challenge of its own.
	renewalFor = 12 * time.Hour
	day        = 24 * time.Hour
)

// renewFrom is when a certificate is renewed: with a third of its life left.
func renewFrom(c ledger.Certificate) time.Time { return c.Expires.Add(-c.Expires.Sub(c.Issued) / 3) }

// tookUp notes the first message under a renewed certificate, the proof that it
// is in use. A store that cannot be written does not hold the message up: the
// next one is the retry.
func (e *Engine) tookUp(ctx context.Context, c ledger.Certificate) {
	if c.Enrolment == "" || !c.Used.IsZero() {
		return
	}
	_, err := lookup(ctx, e.Lookup, func(ctx context.Context) (struct{}, error) { return struct{}{}, e.Store.UseRenewal(ctx, c.Hash) })
	if err != nil {
		e.Count(CountErrand, "renewal")
		e.Logger.Warn("taking up a renewed certificate", "device", c.Device, "err", err)
		return
	}
	e.Logger.Info("a device has come under its renewed certificate", "device", c.Device, "expires", c.Expires)
	for _, d := range []int64{today(e.Now()), today(e.Now()) - 1} { // its report may have been lost on the way
		err := e.Store.EndErrand(ctx, renewalErrand(onetime.Renewal{Claim: onetime.Claim{Device: c.Device, Run: d}, Enrolment: c.Enrolment}), c.Device, "")
		if err != nil && !errors.Is(err, custody.ErrNotFound) {
			e.Logger.Info("ending a renewal's errand", "device", c.Device, "err", err)
		}
	}
}

func today(now time.Time) int64 { return now.Unix() / int64(day/time.Second) }

// renewalErrand is the CommandUUID of a day's renewal.
func renewalErrand(r onetime.Renewal) string {
	return uuid.NewSHA1(namespace, fmt.Appendf(nil, "renew|%s|%s|%d", r.Device, r.Enrolment, r.Run)).String()
}

// renewalDue reports whether a device's certificate is to be renewed. NanoMDM
// would refuse what comes under another one, so its devices are not told.
func (e *Engine) renewalDue(v *visit) bool {
	return e.Remote == nil && !v.certificate.Expires.IsZero() && !e.Now().Before(renewFrom(v.certificate))
}

// renew queues the enrolment profile of a connected device whose certificate is
// due, at most once a day, so at most one waits: the last day's has expired. A
// device that is being locked, wiped or looked for is left in peace.
func (e *Engine) renew(ctx context.Context) {
	v := visitOf(ctx)
	if err := e.queueRenewal(ctx, e.Now()); err != nil {
		e.Count(CountErrand, "renewal")
		e.Logger.Warn("renewing a certificate", "device", v.device, "expires", v.certificate.Expires, "err", err)
	}
}

func (e *Engine) queueRenewal(ctx context.Context, now time.Time) error {
	v := visitOf(ctx)
	row, err := e.Store.Custody(ctx, v.device)
	if err != nil {
		return fmt.Errorf("reading custody of %s: %w", v.device, err)
	}
	if !idle(row, v.enrolment) {
		return nil
	}
	r := onetime.Renewal{Claim: onetime.Claim{Device: v.device, Epoch: row.Epoch, Run: today(now)}, Enrolment: v.enrolment}
	profile, err := e.profileFor(ctx, v.device, e.Keys.RenewalChallenge(r), "")
	if err != nil {
		return err
	}
	id := renewalErrand(r)
	body, err := encode.InstallProfile(id, profile)
	if err != nil {
		return err
	}
	// A crash between the two loses a day of the months that are left.
	switch err := e.Store.Spend(ctx, "renewal "+id); {
	case errors.Is(err, custody.ErrConflict):
		return nil // told today
	case err != nil:
		return err
	}
	return e.Store.PutErrand(ctx, ledger.Errand{
		UUID: id, Device: v.device, Request: "InstallProfile", Body: body, Rank: renewalRank, Expires: now.Add(renewalFor),
	})
}

// idle: nothing is being done to the device, under the enrolment it speaks for,
// that a new identity could disturb.
func idle(c custody.Custody, enrolment string) bool {
	return (c.State == custody.Clean || c.State == custody.InUse) && c.Enrolment == enrolment &&
		!c.Run.Active() && !c.Risk.Open() && !c.Returning
}

// mayRenew asks once more when the profile is about to leave: much may have
// happened to the device since it was queued.
func (e *Engine) mayRenew(ctx context.Context) bool {
	v := visitOf(ctx)
	row, err := e.Store.Custody(ctx, v.device)
	if err != nil {
		e.Logger.Info("reading custody for a renewal", "device", v.device, "err", err)
	}
	return err == nil && idle(row, v.enrolment)
}

// Bounds of [Engine.KeepRenewing].
const (
	renewEvery   = 6 * time.Hour
	renewAtOnce  = 100
	renewAtMost  = 10000 // nudges of one look
	soonExpiring = 30 * day
)

// KeepRenewing asks devices whose certificates are due to connect, where they
// are told to renew them, until ctx ends: an iPad that nobody pushes may not
// come for weeks. What has less than 30 days left is said in the log.
func (e *Engine) KeepRenewing(ctx context.Context) {
	t := time.NewTicker(renewEvery)
	defer t.Stop()
	for {
		if err := e.NudgeExpiring(ctx); err != nil && ctx.Err() == nil {
			e.Logger.Warn("looking for certificates to renew", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// NudgeExpiring pushes each device whose certificate is due, once.
func (e *Engine) NudgeExpiring(ctx context.Context) error {
	now := e.Now()
	var after ledger.Certificate
	for range renewAtMost / renewAtOnce {
		// No certificate lives longer than a year: due is within a third of that.
		page, err := e.Store.Expiring(ctx, after, now.Add(366*day/3), renewAtOnce)
		if err != nil {
			return err
		}
		for _, c := range page {
			e.nudgeExpiring(ctx, c, now)
		}
		if len(page) < renewAtOnce || ctx.Err() != nil {
			return ctx.Err()
		}
		after = page[len(page)-1]
	}
	return nil
}

func (e *Engine) nudgeExpiring(ctx context.Context, c ledger.Certificate, now time.Time) {
	if now.Before(renewFrom(c)) {
		return
	}
	if c.Expires.Sub(now) < soonExpiring {
		e.Count(CountErrand, "expires_soon")
		e.Logger.Warn("An iPad's identity certificate is about to expire and was not renewed. See that it comes onto the network: an expired one must be erased and enrolled by hand.",
			"alert", true, "device", c.Device, "expires", c.Expires)
	}
	if !now.Before(c.Expires) || e.Remote != nil {
		return
	}
	short, cancel := context.WithTimeout(ctx, nudgeFor)
	defer cancel()
	if err := e.Nudge(short, c.Device); err != nil && !errors.Is(err, custody.ErrNotFound) {
		e.Logger.Info("nudging a device whose certificate is due", "device", c.Device, "err", err)
	}
}
