// Package badge reads card numbers as badge readers write them.
//
// The same card reads as decimal, hexadecimal, byte-reversed or as a Wiegand
// frame with parity bits, on four readers of one hospital. With the right
// [Format] for each they all come to one canonical number. The number says who
// a card belongs to and is no secret; what is kept of it is identity's concern.
package badge

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// Encoding is how a reader writes a card's number.
type Encoding string

const (
	Decimal Encoding = "decimal"
	Hex     Encoding = "hex"
	Binary  Encoding = "binary" // noughts and ones, first bit first: a Wiegand frame
)

// Format is how the ward's badge readers write the number of a card.
type Format struct {
	Encoding Encoding `json:"encoding,omitempty"` // empty: Decimal
	// Reversed: the reader sends the bytes in the other order.
	Reversed bool `json:"reversed,omitempty"`
	// Bytes is the width of the number on the card, which a decimal reader does
	// not show: 4 for the common cards. Needed to reverse a decimal number.
	Bytes int `json:"bytes,omitempty"`
	// Prefix and Suffix are what the reader is set up to add, and are cut off.
	Prefix string `json:"prefix,omitempty"`
	Suffix string `json:"suffix,omitempty"`

	// Wiegand is the card's format where it has one: 26, 34 or 37 bits. 0: none.
	Wiegand int `json:"wiegand,omitempty"`
	// Shows is what a reader of such cards sends; empty: Frame.
	Shows Shows `json:"shows,omitempty"`
	// Facility is the code of the site where the reader shows the card's number alone.
	Facility int `json:"facility,omitempty"`
}

const (
	maxRaw   = 128 // bytes of what a reader sends
	maxBytes = 16  // bytes of a card number: the longest in use, a GUID
	minWrit  = 4   // digits; less is a key that was hit, not a card
	// mark begins a canonical number, so that it is known as one. It is no hex digit.
	mark = "u"
)

// ErrNotBadge is what a person is told of junk from a reader.
var ErrNotBadge = errors.New("the reader sent something that is not a badge number")

// Validate says what is wrong with the format.
func (f Format) Validate() error {
	switch {
	case f.Encoding != "" && f.Encoding != Decimal && f.Encoding != Hex && f.Encoding != Binary:
		return fmt.Errorf("badge format: encoding %q is not known (decimal, hex or binary)", f.Encoding)
	case f.Bytes < 0 || f.Bytes > maxBytes:
		return fmt.Errorf("badge format: %d bytes is outside 0 to %d", f.Bytes, maxBytes)
	case f.Reversed && f.Encoding != Hex && f.Bytes == 0:
		return errors.New("badge format: a reversed decimal number needs its width in bytes")
	case strings.HasPrefix(f.Prefix, mark):
		return fmt.Errorf("badge format: a prefix cannot begin with %q, a normalised number does", mark)
	case len(f.Prefix) > 32 || len(f.Suffix) > 32:
		return errors.New("badge format: a prefix or suffix is longer than 32 bytes")
	}
	return f.validateWiegand()
}

// Normalise turns what a reader sent into the card's canonical number: "u" and
// up to 32 lower-case hexadecimal digits, with no leading zero. What it
// returns, it returns unchanged when given again. Junk is refused.
func (f Format) Normalise(raw string) (string, error) {
	if len(raw) > maxRaw {
		return "", fmt.Errorf("%w: it is longer than %d characters", ErrNotBadge, maxRaw)
	}
	s := strings.Trim(raw, " \t\r\n\x00\x02\x03") // terminators, and the STX and ETX of serial readers
	if canonical(s) {
		return s, nil
	}
	s = strings.TrimSuffix(strings.TrimPrefix(s, f.Prefix), f.Suffix)
	s = strings.TrimSpace(s)
	if f.Wiegand != 0 {
		return f.wiegand(s)
	}
	number, err := f.bytes(s)
	if err != nil {
		return "", err
	}
	if f.Reversed {
		slices.Reverse(number)
	}
	n := new(big.Int).SetBytes(number)
	if n.Sign() == 0 {
		return "", fmt.Errorf("%w: it is all zeros", ErrNotBadge)
	}
	return mark + n.Text(16), nil
}

// bytes reads the written digits as the bytes on the card, first byte first.
func (f Format) bytes(s string) ([]byte, error) {
	if len(s) < minWrit {
		return nil, fmt.Errorf("%w: it has fewer than %d digits", ErrNotBadge, minWrit)
	}
	n, base, s, err := f.number(s)
	if err != nil {
		return nil, err
	}
	width := f.Bytes
	if width == 0 {
		width = max((n.BitLen()+7)/8, 1)
		if base == 16 {
			width = (len(s) + 1) / 2 // hexadecimal shows its own width
		}
	}
	if width > maxBytes || n.BitLen() > 8*width {
		return nil, fmt.Errorf("%w: it is a longer number than the cards have", ErrNotBadge)
	}
	return n.FillBytes(make([]byte, width)), nil
}

// number reads s in the reader's encoding, and returns its base and its digits.
func (f Format) number(s string) (n *big.Int, base int, digits string, err error) {
	base, allowed := 10, "0123456789"
	switch f.Encoding {
	case Hex:
		s = strings.NewReplacer(":", "", "-", "", " ", "").Replace(strings.ToLower(s))
		base, allowed = 16, "0123456789abcdef"
	case Binary:
		base, allowed = 2, "01"
	}
	if s == "" || strings.Trim(s, allowed) != "" {
		return nil, 0, "", fmt.Errorf("%w: want %s digits only", ErrNotBadge, f.encoding())
	}
	n, ok := new(big.Int).SetString(s, base)
	if !ok {
		return nil, 0, "", fmt.Errorf("%w: want %s digits only", ErrNotBadge, f.encoding())
	}
	return n, base, s, nil
}

func (f Format) encoding() Encoding {
	if f.Encoding == "" {
		return Decimal
	}
	return f.Encoding
}

// canonical reports whether s is a number that Normalise made.
func canonical(s string) bool {
	digits, ok := strings.CutPrefix(s, mark)
	return ok && digits != "" && len(digits) <= 2*maxBytes && digits[0] != '0' && strings.Trim(digits, "0123456789abcdef") == ""
}
