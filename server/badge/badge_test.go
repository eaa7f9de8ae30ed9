package badge

import (
	"strings"
	"testing"
)

// One card, 04 A1 B2 C3, as four readers write it.
func TestReadersAgree(t *testing.T) {
	const want = "u4a1b2c3"
	for name, c := range map[string]struct {
		format Format
		raw    string
	}{
		"decimal":               {Format{}, "77705923"},
		"decimal, padded":       {Format{}, "0077705923\r\n"},
		"hexadecimal":           {Format{Encoding: Hex}, "04A1B2C3\n"},
		"hexadecimal, colons":   {Format{Encoding: Hex}, "04:a1:b2:c3"},
		"bytes reversed":        {Format{Encoding: Hex, Reversed: true}, "C3B2A104"},
		"decimal of reversed":   {Format{Reversed: true, Bytes: 4}, "3283263748"},
		"with prefix, suffix":   {Format{Prefix: ";", Suffix: "?"}, ";77705923?\r"},
		"serial, STX and ETX":   {Format{Encoding: Hex}, "\x0204A1B2C3\x03"},
		"canonical, once again": {Format{Encoding: Hex, Reversed: true}, want},
	} {
		got, err := c.format.Normalise(c.raw)
		if err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
}

func TestJunkIsRefused(t *testing.T) {
	for _, raw := range []string{"", "\r\n", "12", "hello world", "12a45", "0000000000", "-5555", "1e10", "u", "u0123", "uXYZ",
		strings.Repeat("9", 60), strings.Repeat("1", 129), "1234\x00' OR 1=1", "١٢٣٤٥"} {
		if got, err := (Format{}).Normalise(raw); err == nil {
			t.Errorf("%q became %q", raw, got)
		}
	}
}

func TestFormatsThatCannotWork(t *testing.T) {
	for _, f := range []Format{{Encoding: "roman"}, {Bytes: -1}, {Bytes: 17}, {Reversed: true}, {Prefix: "u"}} {
		if f.Validate() == nil {
			t.Errorf("%+v is accepted", f)
		}
	}
}

func FuzzNormalise(f *testing.F) {
	for _, raw := range []string{"77705923", "04A1B2C3", "u4a1b2c3", ";123?", "\x00", strings.Repeat("f", 32)} {
		f.Add(raw, false, false, 4)
		f.Add(raw, true, true, 0)
		f.Add(raw, true, false, 26)
	}
	f.Fuzz(func(t *testing.T, raw string, hex, reversed bool, width int) {
		format := Format{Reversed: reversed, Bytes: width, Prefix: ";", Suffix: "?"}
		if width > 16 {
			format = Format{Wiegand: width, Shows: []Shows{Frame, Pair}[len(raw)%2]}
		}
		if hex {
			format.Encoding = Hex
		}
		if format.Validate() != nil {
			return
		}
		once, err := format.Normalise(raw)
		if err != nil {
			return
		}
		if len(once) > 1+2*maxBytes {
			t.Fatalf("%q became %d bytes", raw, len(once))
		}
		if twice, err := format.Normalise(once); err != nil || twice != once {
			t.Fatalf("%q → %q → %q, %v", raw, once, twice, err)
		}
	})
}
