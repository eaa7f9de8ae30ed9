package kiosk

import (
	"strings"

	"golang.org/x/text/unicode/bidi"
)

// apart sets a name that is written from the right apart from the sentence it
// stands in (Unicode 16.0, UAX 9, 2.4.2): without that it would take the
// sentence's commas and numbers with it.
func apart(name string) string {
	if !strings.ContainsFunc(name, fromTheRight) {
		return name
	}
	return "\u2068" + name + "\u2069"
}

func fromTheRight(r rune) bool {
	p, _ := bidi.LookupRune(r)
	class := p.Class()
	return class == bidi.R || class == bidi.AL
}
