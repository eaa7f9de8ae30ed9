package words

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// place is where something varies in a format.
var place = regexp.MustCompile(`%(?:\[\d+\])?[sdv]`)

// pattern recognises the sentences that were made with one English format.
type pattern struct {
	start   string                // what comes before the first place
	whole   func() *regexp.Regexp // made when it is first needed: most never are
	phrases []bool                // which places are phrases
	format  string
}

// patterns are those of the entries with places, the most telling first.
func patterns(entries map[string]entry) []pattern {
	type keyed struct {
		key   string
		fixed int // bytes that are in no place
		pattern
	}
	var all []keyed
	for key, e := range entries {
		places := place.FindAllStringIndex(key, -1)
		if places == nil || !telling(key) {
			continue
		}
		p := pattern{start: key[:places[0][0]], format: e["other"], phrases: make([]bool, len(places))}
		var b strings.Builder
		b.WriteString(`(?s)^`)
		end := 0
		for i, at := range places {
			b.WriteString(regexp.QuoteMeta(key[end:at[0]]))
			switch key[at[1]-1] {
			case 'd':
				b.WriteString(`(-?\d+)`)
			case 'v':
				p.phrases[i] = true
				b.WriteString(`(.+?)`)
			default:
				b.WriteString(`(.+?)`)
			}
			end = at[1]
		}
		b.WriteString(regexp.QuoteMeta(key[end:]) + `$`)
		text := b.String()
		p.whole = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
		all = append(all, keyed{key, len(place.ReplaceAllString(key, "")), p})
	}
	slices.SortFunc(all, func(a, b keyed) int {
		return cmp.Or(cmp.Compare(b.fixed, a.fixed), cmp.Compare(a.key, b.key))
	})
	out := make([]pattern, len(all))
	for i, k := range all {
		out[i] = k.pattern
	}
	return out
}

// used is how many arguments a format takes: one that counts a single thing may
// leave its number out.
func used(format string) (most int) {
	for i, at := range place.FindAllStringIndex(format, -1) {
		n := i + 1
		if format[at[0]+1] == '[' {
			n = number(format[at[0]+2 : at[1]-2])
		}
		most = max(most, n)
	}
	return most
}

func number(digits string) (n int) {
	for _, d := range digits {
		n = n*10 + int(d-'0')
	}
	return n
}

// telling: a format of places alone, or with nothing but signs between them,
// would take everything; one that begins with a number would not.
func telling(format string) bool {
	return strings.HasPrefix(format, "%d") || strings.ContainsFunc(place.ReplaceAllString(format, ""), unicode.IsLetter)
}

// phrasesOf says which of a format's arguments, by number, are phrases.
func phrasesOf(format string) map[int]bool {
	var phrases map[int]bool
	for i, at := range place.FindAllStringIndex(format, -1) {
		if format[at[1]-1] != 'v' {
			continue
		}
		if phrases == nil {
			phrases = map[int]bool{}
		}
		n := i
		if format[at[0]+1] == '[' {
			n = number(format[at[0]+2:at[1]-2]) - 1
		}
		phrases[n] = true
	}
	return phrases
}

// put fills a format with parts that are strings by now, whatever its places say.
func (s *Speech) put(format string, args []any) string {
	n := 0
	return place.ReplaceAllStringFunc(format, func(p string) string {
		i := n
		if p[1] == '[' {
			i = int(p[2]-'0') - 1
		}
		n++
		if i < 0 || i >= len(args) {
			return p
		}
		return args[i].(string)
	})
}
