package provision

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/badge"
	"github.com/padwarden/padwarden/server/custody"
)

// HospitalAccess is what a ward asks of who signs in at its iPads. What is left
// out is as recommended.
type HospitalAccess struct {
	PINDigits    int                  `json:"pin_digits"`    // at least; 6 if left out
	PasskeyEvery Span                 `json:"passkey_every"` // "12h": a passkey once in that time
	BreakGlass   *Span                `json:"break_glass"`   // "15m"; "0s": no badge opens an iPad alone
	SecondDevice custody.SecondDevice `json:"second_device"`
	Badges       badge.Format         `json:"badges"` // how the ward's readers write card numbers
}

// access puts what a ward of the file asks for into its policy.
func (a HospitalAccess) access(p custody.Policy) custody.Policy {
	p.PINDigits, p.PasskeyEvery = a.PINDigits, time.Duration(a.PasskeyEvery)
	p.SecondDevice = cmp.Or(a.SecondDevice, p.SecondDevice)
	if a.BreakGlass != nil {
		p.BreakGlass = time.Duration(*a.BreakGlass)
	}
	return p
}

// Span is a duration as people write it: "90s", "15m", "12h".
type Span time.Duration

// UnmarshalJSON reads one.
func (s *Span) UnmarshalJSON(text []byte) error {
	var said string
	if err := json.Unmarshal(text, &said); err != nil {
		return fmt.Errorf("a duration is written like \"15m\" or \"12h\", in quotes")
	}
	d, err := time.ParseDuration(said)
	if err != nil {
		return fmt.Errorf("%q is no duration: write it like \"15m\" or \"12h\"", said)
	}
	*s = Span(d)
	return nil
}
