package kiosk

import (
	"hash/fnv"
	"strings"
	"unicode"

	"github.com/padwarden/padwarden/server/custody"
)

// Tile is one of the ward's apps as the page shows it: a name with a mark of
// one or two letters on a ground of its own, so that it is found again without
// reading. Nothing is loaded from the app for it.
type Tile struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	Mark string `json:"mark"`
	Tone int    `json:"tone"` // of the page's tones
}

const tones = 6

func tiles(apps []custody.WebApp) []Tile {
	out := make([]Tile, len(apps))
	for i, a := range apps {
		h := fnv.New32a()
		_, _ = h.Write([]byte(a.Name))
		out[i] = Tile{Name: a.Name, URL: a.URL, Mark: mark(a.Name), Tone: int(h.Sum32() % tones)}
	}
	return out
}

// mark is the first letter or digit of a name's first two words.
func mark(name string) string {
	var m []rune
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if m = append(m, unicode.ToUpper([]rune(word)[0])); len(m) == 2 {
			break
		}
	}
	if len(m) == 0 {
		return "·"
	}
	return string(m)
}
