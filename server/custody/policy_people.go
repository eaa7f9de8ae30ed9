package custody

import (
	"fmt"
	"time"
)

// SecondDevice is what a ward lets a clinician do who holds one iPad and taps
// at another.
type SecondDevice string

const (
	SecondAllow  SecondDevice = "allow"  // both are theirs
	SecondMove   SecondDevice = "move"   // the first is locked at once, and nothing on it is lost
	SecondRefuse SecondDevice = "refuse" // the first has to be given back
)

// LeastPIN is how many digits a PIN of the ward must have at least, 6 if the
// policy does not say (SP 800-63B-4, 3.1.1.1).
func (p Policy) LeastPIN() int { return max(p.PINDigits, 6) }

// validatePeople says what is wrong with what a policy asks of people.
func (p Policy) validatePeople() (errs []error) {
	bad := func(cond bool, format string, a ...any) {
		if cond {
			errs = append(errs, fmt.Errorf(format, a...))
		}
	}
	bad(p.PINDigits != 0 && (p.PINDigits < 6 || p.PINDigits > 12), "pin_digits: %d is outside 6 to 12", p.PINDigits)
	bad(p.PasskeyEvery != 0 && (p.PasskeyEvery < time.Minute || p.PasskeyEvery > 24*time.Hour), "passkey_every: %s is outside 1m to 24h, or 0 for never", p.PasskeyEvery)
	bad(p.BreakGlass != 0 && (p.BreakGlass < time.Minute || p.BreakGlass > time.Hour), "break_glass: %s is outside 1m to 1h, or 0 for not at all", p.BreakGlass)
	bad(p.Fleet == SharedGuest && (p.BreakGlass != 0 || p.PasskeyEvery != 0), "break_glass, passkey_every: a guest's iPad asks nobody who they are")
	switch p.SecondDevice {
	case "", SecondAllow, SecondMove, SecondRefuse:
	default:
		bad(true, "second_device: %q is not known (allow, move or refuse)", p.SecondDevice)
	}
	return errs
}
