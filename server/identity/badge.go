package identity

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
)

// Format is how the ward's badge readers write the number of a card. The same
// card reads as decimal, hexadecimal or byte-reversed on different readers;
// with the right format all of them come to one canonical number.
type Format struct {
	Encoding Encoding // empty: Decimal
	// Reversed: the reader sends the bytes in the other order.
	Reversed bool
	// Bytes is the width of the number on the card, which a decimal reader does
	// not show: 4 for the common cards. Needed to reverse a decimal number.
	Bytes int
	// Prefix and Suffix are what the reader is set up to add, and are cut off.
	Prefix, Suffix string
}

const (
	maxRaw   = 128 // bytes of what a reader sends
	maxBytes = 16  // bytes of a card number: the longest in use, a GUID
	minWrit  = 4   // digits; less is a key that was hit, not a card
	// mark begins a canonical number, so that it is known as one. It is no hex digit.
	mark = "u"
)

// errBadge is what a person is told of junk from a reader.
var errBadge = errors.New("the reader sent something that is not a badge number")

// Validate says what is wrong with the format.
func (f Format) Validate() error {
	switch {
	case f.Encoding != "" && f.Encoding != Decimal && f.Encoding != Hex:
		return fmt.Errorf("badge format: encoding %q is not known (decimal or hex)", f.Encoding)
	case f.Bytes < 0 || f.Bytes > maxBytes:
		return fmt.Errorf("badge format: %d bytes is outside 0 to %d", f.Bytes, maxBytes)
	case f.Reversed && f.Encoding != Hex && f.Bytes == 0:
		return errors.New("badge format: a reversed decimal number needs its width in bytes")
	case strings.HasPrefix(f.Prefix, mark):
		return fmt.Errorf("badge format: a prefix cannot begin with %q, a normalised number does", mark)
	case len(f.Prefix) > 32 || len(f.Suffix) > 32:
		return errors.New("badge format: a prefix or suffix is longer than 32 bytes")
	}
	return nil
}

// Normalise turns what a reader sent into the card's canonical number: "u" and
// up to 32 lower-case hexadecimal digits, with no leading zero. What it
// returns, it returns unchanged when given again. Junk is refused.
func (f Format) Normalise(raw string) (string, error) {
	if len(raw) > maxRaw {
		return "", fmt.Errorf("%w: it is longer than %d characters", errBadge, maxRaw)
	}
	s := strings.Trim(raw, " \t\r\n\x00\x02\x03") // terminators, and the STX and ETX of serial readers
	if canonical(s) {
		return s, nil
	}
	s = strings.TrimSuffix(strings.TrimPrefix(s, f.Prefix), f.Suffix)
	s = strings.TrimSpace(s)
	number, err := f.bytes(s)
	if err != nil {
		return "", err
	}
	if f.Reversed {
		slices.Reverse(number)
	}
	n := new(big.Int).SetBytes(number)
	if n.Sign() == 0 {
		return "", fmt.Errorf("%w: it is all zeros", errBadge)
	}
	return mark + n.Text(16), nil
}

// bytes reads the written digits as the bytes on the card, first byte first.
func (f Format) bytes(s string) ([]byte, error) {
	if len(s) < minWrit {
		return nil, fmt.Errorf("%w: it has fewer than %d digits", errBadge, minWrit)
	}
	base, digits := 10, "0123456789"
	if f.Encoding == Hex {
		s = strings.NewReplacer(":", "", "-", "", " ", "").Replace(strings.ToLower(s))
		base, digits = 16, "0123456789abcdef"
	}
	if s == "" || strings.Trim(s, digits) != "" {
		return nil, fmt.Errorf("%w: want %s digits only", errBadge, f.encoding())
	}
	n, ok := new(big.Int).SetString(s, base)
	if !ok {
		return nil, fmt.Errorf("%w: want %s digits only", errBadge, f.encoding())
	}
	width := f.Bytes
	if width == 0 {
		width = max((n.BitLen()+7)/8, 1)
		if base == 16 {
			width = (len(s) + 1) / 2 // hexadecimal shows its own width
		}
	}
	if width > maxBytes || n.BitLen() > 8*width {
		return nil, fmt.Errorf("%w: it is a longer number than the cards have", errBadge)
	}
	return n.FillBytes(make([]byte, width)), nil
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

// Badge returns what stands for a badge everywhere: the HMAC-SHA256 of its
// canonical number. The number itself is not kept.
func (i *Identity) Badge(raw string) ([]byte, error) {
	number, err := i.Format.Normalise(raw)
	if err != nil {
		return nil, refusal(RefusedBadge, "That was not a badge number. Tap your badge again; if it stays, ask for your badge to be registered.")
	}
	return i.mac("badge", number), nil
}
