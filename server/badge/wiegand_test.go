package badge

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Facility 17, card 4242, as every kind of reader of 26-bit cards writes it. The
// frame is worked out by hand: 1 00010001 0001000010010010 1.
func TestWiegandReadersAgree(t *testing.T) {
	const want = "u111092"
	for name, c := range map[string]struct {
		format Format
		raw    string
	}{
		"frame, binary":       {Format{Wiegand: 26, Encoding: Binary}, "10001000100010000100100100"},
		"frame, decimal":      {Format{Wiegand: 26}, "35791140"},
		"frame, hex":          {Format{Wiegand: 26, Encoding: Hex}, "2222124"},
		"pair":                {Format{Wiegand: 26, Shows: Pair}, "17-04242"},
		"pair, colon":         {Format{Wiegand: 26, Shows: Pair}, "017:4242\r"},
		"pair, after a space": {Format{Wiegand: 26, Shows: Pair}, "17, 4242"},
		"card alone":          {Format{Wiegand: 26, Shows: Card, Facility: 17}, "04242"},
		"no parity, decimal":  {Format{}, "1118354"},
		"no parity, hex":      {Format{Encoding: Hex}, "111092"},
		"canonical":           {Format{Wiegand: 26}, want},
	} {
		got, err := c.format.Normalise(c.raw)
		if err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
}

// frameOf builds a frame bit by bit as a card's maker would.
func frameOf(n int, facility, card uint64) string {
	l := layouts[n]
	data := fmt.Sprintf("%0*b%0*b", l.facility, facility, l.card, card)
	even, odd := "0", "1"
	if strings.Count(data[:l.even], "1")%2 == 1 {
		even = "1"
	}
	if strings.Count(data[len(data)-l.odd:], "1")%2 == 1 {
		odd = "0"
	}
	return even + data + odd
}

// Every card of every layout reads the same from its frame and from its pair,
// no other card reads the same, and one wrong bit is refused.
func TestWiegandFrames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{26, 34, 37}).Draw(t, "bits")
		l := layouts[n]
		facility := rapid.Uint64Range(0, 1<<l.facility-1).Draw(t, "facility")
		card := rapid.Uint64Range(1, 1<<l.card-1).Draw(t, "card")
		raw := frameOf(n, facility, card)
		f := Format{Wiegand: n, Encoding: Binary}
		got, err := f.Normalise(raw)
		pair, errPair := Format{Wiegand: n, Shows: Pair}.Normalise(fmt.Sprintf("%d-%d", facility, card))
		if err != nil || errPair != nil || got != pair {
			t.Fatalf("%s: %q, %v; the pair %q, %v", raw, got, err, pair, errPair)
		}
		if want := fmt.Sprintf("u%x", facility<<l.card|card); got != want {
			t.Fatalf("%s: %q, want %q", raw, got, want)
		}
		at := rapid.IntRange(0, n-1).Draw(t, "bit")
		flipped := []byte(raw)
		flipped[at] ^= 1
		if got, err := f.Normalise(string(flipped)); err == nil {
			t.Fatalf("bit %d of %s flipped, and it became %q", at, raw, got)
		}
	})
}

func TestWiegandJunk(t *testing.T) {
	for raw, f := range map[string]Format{
		"":                            {Wiegand: 26},
		"0000":                        {Wiegand: 26, Shows: Card, Facility: 0},
		"99999":                       {Wiegand: 26, Shows: Card, Facility: 17},
		"300-1":                       {Wiegand: 26, Shows: Pair},
		"4242":                        {Wiegand: 26, Shows: Pair},
		"17-":                         {Wiegand: 26, Shows: Pair},
		"17-42-42":                    {Wiegand: 26, Shows: Pair},
		"1000100010001000010010010":   {Wiegand: 26, Encoding: Binary},
		"100010001000100001001001001": {Wiegand: 26, Encoding: Binary},
		"99999999999":                 {Wiegand: 26},
		"99999999999999999999999":     {Wiegand: 37, Shows: Card},
	} {
		if got, err := f.Normalise(raw); err == nil {
			t.Errorf("%q became %q", raw, got)
		}
	}
	for _, f := range []Format{{Wiegand: 32}, {Wiegand: 26, Reversed: true}, {Wiegand: 26, Shows: "x"}, {Facility: 3},
		{Wiegand: 26, Facility: 3}, {Wiegand: 26, Shows: Card, Facility: 256}, {Encoding: Binary}} {
		if f.Validate() == nil {
			t.Errorf("%+v is accepted", f)
		}
	}
}
