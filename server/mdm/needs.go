package mdm

import (
	"context"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/mdm/ca"
	"github.com/padwarden/padwarden/server/plan"
)

// Store is what the engine needs of the ledger. Every error wraps one of
// custody's, or is a context's. Each method is one transaction.
type Store interface {
	ca.Registry
	Renewals
	Policy(ctx context.Context, ward string) (custody.Policy, error)
	// Visitor is Certificate, with what else is known of the device at that moment.
	Visitor(ctx context.Context, hash string) (ledger.Visitor, error)

	// Authenticate binds the device to the UDID and the certificate to both,
	// revokes the certificates issued to the device before, and forgets what its
	// last enrolment left: pushes, errands, unlock and bootstrap tokens.
	// ErrConflict if serial, UDID and certificate do not belong together.
	Authenticate(ctx context.Context, a ledger.AuthenticateRecord) error
	// TokenUpdate keeps a push record and, if it is not empty, an unlock token.
	TokenUpdate(ctx context.Context, p ledger.Push, unlockToken []byte) error
	CheckOut(ctx context.Context, device custody.DeviceID) error
	Push(ctx context.Context, device custody.DeviceID, user string) (ledger.Push, error)

	// Users names the user channels that a device has told us of.
	Users(ctx context.Context, device custody.DeviceID) ([]string, error)

	// Spend uses a one-time key up: ErrConflict if it was before.
	Spend(ctx context.Context, key string) error
	PutSecret(ctx context.Context, device custody.DeviceID, kind string, secret []byte) error
	Secret(ctx context.Context, device custody.DeviceID, kind string) ([]byte, error)

	// PutErrand keeps an errand; one of that UUID that waits already is left as it
	// is. ErrConflict if too many wait for the device.
	PutErrand(ctx context.Context, e ledger.Errand) error
	// NextErrand returns what waits for a channel at now, or ErrNotFound.
	NextErrand(ctx context.Context, device custody.DeviceID, user string, now time.Time) (ledger.Errand, error)
	// EndErrand drops an errand of that channel; ErrNotFound if uuid names none.
	EndErrand(ctx context.Context, uuid string, device custody.DeviceID, user string) error
}

// Steward is what the engine tells and asks.
type Steward interface {
	Apply(ctx context.Context, id custody.DeviceID, e custody.Event) (custody.Custody, error)
	// Exchange is given the device as the gate has just read it, or nil.
	Exchange(ctx context.Context, r plan.Report, look *custody.Look) (*plan.Command, error)
	// Offer is Exchange without a device at the door; only a remote engine asks.
	Offer(ctx context.Context, id custody.DeviceID) (*plan.Command, error)
	// ReturnToService answers a device that asks for its Return to Service
	// settings, or says in a custody.Refusal why it is not to erase itself.
	ReturnToService(ctx context.Context, device custody.DeviceID, enrolment string) ([]byte, error)
}

// Pusher asks a device to connect.
type Pusher interface {
	Push(ctx context.Context, to ledger.Push) error
}

// PushMirror keeps push records outside the store, so that a lock does not
// wait for it (hand-over rule 10). PushRecord answers ErrNotFound if it has none.
type PushMirror interface {
	PushRecord(ctx context.Context, id custody.DeviceID) ([]byte, error)
	KeepPush(ctx context.Context, id custody.DeviceID, record []byte) error
}
