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
	"github.com/padwarden/padwarden/server/plan"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// Inputs gathers what a plan needs for a row. The secrets in it are bound to
// the row's device, epoch and run: the same for every redelivery, others for
// the next run.
func (e *Engine) Inputs(ctx context.Context, row custody.Custody) (plan.Inputs, error) {
	p, err := lookup(ctx, e.Lookup, func(ctx context.Context) (custody.Policy, error) { return e.Store.Policy(ctx, row.Ward) })
	if err != nil {
		return plan.Inputs{}, fmt.Errorf("reading the policy of ward %s: %w", row.Ward, err)
	}
	in := plan.Inputs{
		Policy: p, Organisation: e.Organisation, ServerURL: e.BaseURL, Topic: e.Topic,
		Challenge: e.Keys.Challenge(row.Device, row.Epoch, row.Run.ID),
		KioskURL:  e.kioskURL(row),
		WiFi:      e.WiFi, Obstacle: e.obstacle(),
		MDMURL: e.mdmURL(onetime.Claim{Device: row.Device, Epoch: row.Epoch, Run: row.Run.ID}),
	}
	if row.Run.Goal != custody.GoalWipe {
		return in, nil
	}
	err = e.wipeInputs(ctx, row, &in)
	return in, err
}

// wipeInputs adds what only a wipe needs: the device's version, and the tokens
// that its plan sends. A device that has escrowed none cannot be told to do
// what they are for: the plan says so.
func (e *Engine) wipeInputs(ctx context.Context, row custody.Custody, in *plan.Inputs) (err error) {
	d, err := lookup(ctx, e.Lookup, func(ctx context.Context) (ledger.Device, error) { return e.Store.Device(ctx, row.Device) })
	if err != nil {
		return fmt.Errorf("reading the record of %s: %w", row.Device, err)
	}
	if in.OS, err = encode.ParseVersion(d.OSVersion); err != nil {
		in.OS = encode.Version{} // what cannot be read is taken for the newest: keys too many are read over
	}
	p := in.Policy
	if p.Fleet == custody.ManagedApps && p.Target == custody.TargetPasscode {
		if in.UnlockToken, err = e.escrowed(ctx, row.Device, ledger.SecretUnlock); err != nil {
			return err
		}
	}
	if p.PreserveApps {
		in.Bootstrap, err = e.escrowed(ctx, row.Device, ledger.SecretBootstrap)
	}
	return err
}

// escrowed is a token that a device has left here; nil if it has not.
func (e *Engine) escrowed(ctx context.Context, id custody.DeviceID, kind string) ([]byte, error) {
	token, err := e.Store.Secret(ctx, id, kind)
	if err != nil && !errors.Is(err, custody.ErrNotFound) {
		return nil, fmt.Errorf("reading the %s token of %s: %w", kind, id, err)
	}
	return token, nil
}

// obstacle is what on this side would keep an erased iPad from being proven
// clean. That its Wi-Fi profile lets it join was asked at the start.
func (e *Engine) obstacle() string {
	if e.PushExpires.IsZero() || e.Now().Before(e.PushExpires) {
		return ""
	}
	return "The push certificate has expired, so an erased iPad could not be called back. Renew it at Apple's Push Certificates Portal, under the Apple Account that made it."
}

func (e *Engine) kioskURL(row custody.Custody) string {
	return e.KioskURL + "/kiosk/start/" + e.Keys.KioskSecret(row.Device, row.Epoch, row.Run.ID)
}

// namespace makes the CommandUUIDs of errands ours; it is a random constant.
var namespace = uuid.MustParse("0b0d3c8a-6f3e-4d2c-9d0e-5f1c7a2b9e44")

const (
	// webClipFor is how long a web clip waits for its user's channel: a shift.
	webClipFor = 12 * time.Hour
	// nudgeFor bounds the push that a check-in waits for.
	nudgeFor = 3 * time.Second
)

// signedIn is a TokenUpdate on the user channel of a Shared iPad: somebody has
// signed in to Apple. The steward is told first, since the web clip's secret
// is bound to the row as it stands then; the clip waits for the user's channel,
// which is asked to connect. Whatever fails before the push is answered 503,
// and the iPad says it again.
func (e *Engine) signedIn(ctx context.Context) error {
	v := visitOf(ctx)
	row, err := e.tell(ctx, custody.AppleSignIn{Enrolment: v.enrolment, Account: v.user})
	if err != nil || row.Device != v.device {
		return err
	}
	v.stage = "web_clip"
	errand, err := e.webClip(row, v.user)
	if err != nil {
		return e.failed(ctx, "rendering a web clip for "+string(v.device), err)
	}
	switch err := e.Store.PutErrand(ctx, errand); {
	case errors.Is(err, custody.ErrConflict):
		e.Count(CountErrand, "full")
		e.Logger.Warn("too many errands wait for a device", "device", v.device)
		return nil
	case err != nil:
		return e.failed(ctx, "queueing a web clip for "+string(v.device), err)
	}
	ctx, cancel := context.WithTimeout(ctx, nudgeFor)
	defer cancel()
	p, err := e.Store.Push(ctx, v.device, v.user)
	if err == nil {
		err = e.push(ctx, p)
	}
	if err != nil { // the user's channel connects by itself sooner or later
		e.Logger.Info("nudging a user's channel", "device", v.device, "err", err)
	}
	return nil
}

// webClip is the errand that puts the badge-in page on a Shared iPad user's
// Home Screen: the same one for the same user, epoch and run.
func (e *Engine) webClip(row custody.Custody, user string) (ledger.Errand, error) {
	link := e.kioskURL(row)
	id := uuid.NewSHA1(namespace, []byte(string(row.Device)+"|"+user+"|"+link)).String()
	profile, err := encode.WebClip(link)
	if err != nil {
		return ledger.Errand{}, err
	}
	body, err := encode.InstallProfile(id, profile)
	if err != nil {
		return ledger.Errand{}, err
	}
	return ledger.Errand{
		UUID: id, Device: row.Device, User: user, Request: "InstallProfile", Body: body, Expires: e.Now().Add(webClipFor),
	}, nil
}
