package identity

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// EmergencyLedger keeps the wards' sealed codes.
type EmergencyLedger interface {
	// SetEmergencyCode replaces a ward's code by one with that HMAC.
	SetEmergencyCode(ctx context.Context, ward string, hash []byte) error
	// TakeEmergencyCode uses a ward's code up, or answers custody.ErrNotFound.
	TakeEmergencyCode(ctx context.Context, ward string, hash []byte) error
	Clinician(ctx context.Context, id string) (ledger.Clinician, error)
	AddClinician(ctx context.Context, c ledger.Clinician) error
}

// codeHolder is who holds an iPad that a ward's code opened: nobody by name
// before the seal's breaker says who they were.
func codeHolder(ward string) string { return "emergency-code:" + ward }

// NewEmergencyCode makes a ward's code: 10 digits, good once, for an envelope.
// The one it had is worth nothing from then on.
func (i *Identity) NewEmergencyCode(ctx context.Context, store EmergencyLedger, ward, name string) (code string, err error) {
	n, err := rand.Int(i.Rand, big.NewInt(10_000_000_000))
	if err != nil {
		return "", fmt.Errorf("making an emergency code: %w", err)
	}
	code = fmt.Sprintf("%010d", n)
	err = store.AddClinician(ctx, ledger.Clinician{ID: codeHolder(ward), Name: "Emergency code of " + name, Active: true})
	if err != nil && !errors.Is(err, custody.ErrConflict) {
		return "", err
	}
	return code, store.SetEmergencyCode(ctx, ward, i.mac("emergency "+ward+" ", code))
}

// SpendEmergencyCode answers who holds an iPad that is opened by its ward's
// code, and uses the code up. It is limited as PINs are.
func (i *Identity) SpendEmergencyCode(ctx context.Context, a Attempt) (ledger.Clinician, error) {
	store, ok := i.Ledger.(EmergencyLedger)
	if !ok || !wellFormed(a.PIN) {
		return ledger.Clinician{}, wrongCode()
	}
	a.Badge = i.mac("emergency", a.Ward)
	meters := i.meters(a)
	if err := i.count(ctx, meters); err != nil {
		return ledger.Clinician{}, err
	}
	err := store.TakeEmergencyCode(ctx, a.Ward, i.mac("emergency "+a.Ward+" ", a.PIN))
	if errors.Is(err, custody.ErrNotFound) {
		return ledger.Clinician{}, wrongCode()
	}
	if err != nil {
		return ledger.Clinician{}, fmt.Errorf("spending an emergency code: %w", err)
	}
	if err := i.forgive(ctx, meters); err != nil {
		i.Log.Warn("a right code could not be taken off the limits", "ward", a.Ward, "err", err)
	}
	return store.Clinician(ctx, codeHolder(a.Ward))
}

func wrongCode() error {
	return refusal(RefusedWrong, "That is not this ward's code, or it was used before. Use a downtime iPad, or ask your ward lead.")
}
