package custody

import "errors"

// The small vocabulary of errors that the whole house speaks.
var (
	// ErrNotFound: no such device, clinician, ward, session, …
	ErrNotFound = errors.New("not found")
	// ErrStale: the (epoch, version) that was read is no longer the row's, or a
	// timer's deadline has moved. Read again and decide again.
	ErrStale = errors.New("stale")
	// ErrConflict: it exists already.
	ErrConflict = errors.New("conflict")
	// ErrLocked: the session is closed; a touch that came later changes nothing.
	ErrLocked = errors.New("session is closed")
	// ErrLost: the device's bucket of Redis is not the one that SQL knows, or is
	// older than it should be. Nothing in it counts.
	ErrLost = errors.New("live state was lost")
	// ErrUnavailable: a store could not be reached. Nothing was granted.
	ErrUnavailable = errors.New("unavailable")
)

// Refusal is a "no" that a person reads: Code for programs, Sentence for
// people, with a way out in it.
type Refusal struct {
	Code     string
	Sentence string
}

func (r *Refusal) Error() string { return r.Sentence }

// Codes of refusals.
const (
	RefusedInUse       = "in_use"        // another clinician's session is on it
	RefusedLockedOther = "locked_other"  // locked with another clinician's session: may be taken over
	RefusedReserved    = "reserved"      // cleaned for somebody else
	RefusedCleaning    = "cleaning"      // wiping: not to be had
	RefusedUnavailable = "unavailable"   // unproven, lost, retired, enrolling
	RefusedNotHolder   = "not_holder"    // only the holder may do this
	RefusedTooLate     = "too_late"      // a destructive command has left; use another iPad
	RefusedSignIn      = "sign_in_first" // Shared iPad: sign in to Apple first
	RefusedOther       = "refused"       // the state does not allow it
	RefusedEmergency   = "no_emergency"  // the ward does not open iPads by a badge alone
	RefusedRisk        = "risk_open"     // a destructive command may still be executed
)

// Refused returns the refusal code in err's chain, or "".
func Refused(err error) string {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}
