package badge

import (
	"fmt"
	"math/big"
	"math/bits"
	"strconv"
	"strings"
)

// Shows is what a reader sends of a Wiegand card.
type Shows string

const (
	Frame Shows = "frame" // all bits, parity included, as one number
	Pair  Shows = "pair"  // facility code and card number: "17-04242"
	Card  Shows = "card"  // the card number alone; the site's facility code is in the format
)

// layout is how the bits of a Wiegand card lie: even parity first, then
// facility code, card number, odd parity last. The 26-bit one is SIA AC-01's,
// the 34-bit and the 37-bit one (H10304) are their readers' makers'.
type layout struct {
	facility, card int // bits
	even, odd      int // how many of the data bits, from the left and from the right, each parity covers
}

var layouts = map[int]layout{
	26: {facility: 8, card: 16, even: 12, odd: 12},
	34: {facility: 16, card: 16, even: 16, odd: 16},
	37: {facility: 16, card: 19, even: 18, odd: 18},
}

func (f Format) validateWiegand() error {
	l, ok := layouts[f.Wiegand]
	switch {
	case f.Wiegand == 0 && (f.Shows != "" || f.Facility != 0 || f.Encoding == Binary):
		return fmt.Errorf("badge format: shows, facility and binary are of Wiegand cards: say 26, 34 or 37")
	case f.Wiegand == 0:
		return nil
	case !ok:
		return fmt.Errorf("badge format: %d-bit Wiegand cards are not known (26, 34 or 37)", f.Wiegand)
	case f.Reversed || f.Bytes != 0:
		return fmt.Errorf("badge format: a Wiegand frame has no bytes that could be reversed")
	case f.Shows != "" && f.Shows != Frame && f.Shows != Pair && f.Shows != Card:
		return fmt.Errorf("badge format: %q is not what a reader shows (frame, pair or card)", f.Shows)
	case f.Facility != 0 && f.Shows != Card:
		return fmt.Errorf("badge format: a facility code is given only where the reader shows the card number alone")
	case f.Facility < 0 || f.Facility >= 1<<l.facility:
		return fmt.Errorf("badge format: facility code %d does not fit a %d-bit card", f.Facility, f.Wiegand)
	}
	return nil
}

// wiegand turns what a reader sent into facility code and card number as one
// number. That is also what a reader shows that leaves the parity bits out.
func (f Format) wiegand(s string) (string, error) {
	l := layouts[f.Wiegand]
	var facility, card uint64
	var err error
	switch f.Shows {
	case Pair:
		facility, card, err = f.pair(s)
	case Card:
		facility = uint64(f.Facility)
		card, err = f.small(s)
	default:
		facility, card, err = f.frame(s, l)
	}
	switch {
	case err != nil:
		return "", err
	case facility >= 1<<l.facility || card >= 1<<l.card:
		return "", fmt.Errorf("%w: it is a longer number than %d-bit cards have", ErrNotBadge, f.Wiegand)
	case facility == 0 && card == 0:
		return "", fmt.Errorf("%w: it is all zeros", ErrNotBadge)
	}
	return mark + strconv.FormatUint(facility<<l.card|card, 16), nil
}

// frame checks the parity bits, so that a bit that was lost on the wire is no
// other person's card.
func (f Format) frame(s string, l layout) (facility, card uint64, err error) {
	n, base, digits, err := f.number(s)
	if err != nil {
		return 0, 0, err
	}
	if n.BitLen() > f.Wiegand || base == 2 && len(digits) != f.Wiegand {
		return 0, 0, fmt.Errorf("%w: it does not have %d bits", ErrNotBadge, f.Wiegand)
	}
	data := l.facility + l.card
	v := new(big.Int).Rsh(n, 1).Uint64() & (1<<data - 1)
	even := v>>(data-l.even) | uint64(n.Bit(f.Wiegand-1))<<l.even
	odd := v&(1<<l.odd-1) | uint64(n.Bit(0))<<l.odd
	if bits.OnesCount64(even)%2 != 0 || bits.OnesCount64(odd)%2 != 1 {
		return 0, 0, fmt.Errorf("%w: its parity is wrong; tap again", ErrNotBadge)
	}
	return v >> l.card, v & (1<<l.card - 1), nil
}

// pair reads two decimal numbers with one of the usual signs between them.
func (f Format) pair(s string) (facility, card uint64, err error) {
	i := strings.IndexAny(s, "-:,;/ ")
	if i < 0 {
		return 0, 0, fmt.Errorf("%w: want a facility code and a card number", ErrNotBadge)
	}
	if facility, err = f.small(s[:i]); err == nil {
		card, err = f.small(strings.TrimSpace(s[i+1:]))
	}
	return facility, card, err
}

// small reads one part in the reader's encoding. It may be short: leading
// noughts are not always sent.
func (f Format) small(s string) (uint64, error) {
	n, _, _, err := f.number(s)
	if err != nil {
		return 0, err
	}
	if !n.IsUint64() {
		return 0, fmt.Errorf("%w: it is a longer number than %d-bit cards have", ErrNotBadge, f.Wiegand)
	}
	return n.Uint64(), nil
}
