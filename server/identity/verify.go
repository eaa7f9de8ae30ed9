package identity

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// Attempt is one try to sign in at an iPad.
type Attempt struct {
	Badge  []byte // from [Identity.Badge]
	PIN    string
	Device custody.DeviceID
	Ward   string
}

// Verify answers whose badge and PIN these are. Every refusal is a
// [*custody.Refusal] with a way out in its sentence. An unknown badge, a wrong
// PIN and a person without one get the same answer after the same work; a
// limit that cannot be counted refuses.
func (i *Identity) Verify(ctx context.Context, a Attempt) (ledger.Clinician, error) {
	return i.verify(ctx, a, func() (ledger.Clinician, error) { return i.Ledger.ClinicianByBadge(ctx, a.Badge, i.Now()) })
}

// verify is Verify for whomever find finds.
func (i *Identity) verify(ctx context.Context, a Attempt, find func() (ledger.Clinician, error)) (ledger.Clinician, error) {
	var nobody ledger.Clinician
	if len(a.Badge) == 0 || !wellFormed(a.PIN) {
		return nobody, refusal(RefusedPIN, fmt.Sprintf("A PIN has at least %d digits. Try again.", minPIN))
	}
	meters := i.meters(a)
	if err := i.peek(ctx, meters); err != nil {
		return nobody, err
	}
	leave, err := i.hasher.turn(ctx)
	if err != nil {
		return nobody, err
	}
	defer leave()
	if err := i.count(ctx, meters); err != nil {
		return nobody, err
	}
	who, err := find()
	if err != nil && !errors.Is(err, custody.ErrNotFound) {
		return nobody, fmt.Errorf("looking a badge up: %w", err)
	}
	known := err == nil && who.Active && i.encoded(who) != ""
	ever := i.ever(a.Badge, who.PIN)
	if err := i.count(ctx, []meter{ever}); err != nil {
		return nobody, err
	}
	if !i.right(who, known, a.PIN) {
		return nobody, refusal(RefusedWrong, "That badge and PIN do not go together. Try again, or ask your ward lead.")
	}
	if err := i.forgive(ctx, append(meters, ever)); err != nil {
		i.Log.Warn("a right sign-in could not be taken off the limits", "clinician", who.ID, "err", err)
	}
	return who, nil
}

// right reports whether the PIN is that of a known badge's owner. For anybody
// else it is compared with one that nobody has: the same work.
func (i *Identity) right(who ledger.Clinician, known bool, pin string) bool {
	encoded := i.dummy
	if known {
		encoded = i.encoded(who)
	}
	right, err := i.hasher.check(encoded, i.mac("pin", pin))
	if err != nil {
		i.Log.Error("a stored PIN cannot be checked; set a new one", "clinician", who.ID, "err", err)
	}
	return known && right && err == nil
}

// Owner returns whose badge it is, without signing anybody in:
// custody.ErrNotFound for one that is unknown, revoked or expired.
func (i *Identity) Owner(ctx context.Context, badge []byte) (ledger.Clinician, error) {
	who, err := i.Ledger.ClinicianByBadge(ctx, badge, i.Now())
	if err != nil {
		return ledger.Clinician{}, fmt.Errorf("looking a badge up: %w", err)
	}
	if !who.Active {
		return ledger.Clinician{}, fmt.Errorf("looking a badge up: %w", custody.ErrNotFound)
	}
	return who, nil
}

func graceKey(clinician, ward string) string { return "grace:" + clinician + ":" + ward }

// StartGrace remembers a full sign-in: for d, a tap alone resumes the
// clinician's session in the ward. Only a badge with its PIN, or a passkey, may
// start it.
func (i *Identity) StartGrace(ctx context.Context, clinician, ward string, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	if err := i.Live.Put(ctx, graceKey(clinician, ward), []byte{1}, d); err != nil {
		return fmt.Errorf("starting the PIN grace: %w", err)
	}
	return nil
}

// GraceValid reports whether a tap alone is enough to resume. What cannot be
// read is not valid.
func (i *Identity) GraceValid(ctx context.Context, clinician, ward string) bool {
	_, err := i.Live.Get(ctx, graceKey(clinician, ward))
	return err == nil
}
