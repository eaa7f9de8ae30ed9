package words

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// place is where something varies in a format.
var place = regexp.MustCompile(`%(?:\[\d+\])?[sdv]`)

// pattern recognises the sentences that were made with one English format.
type pattern struct {
	start   string // what comes before the first place
	whole   *regexp.Regexp
	phrases []bool // which places are phrases
	format  string
}

// patterns are those of the entries with places, the most telling first.
func patterns(entries map[string]entry) []pattern {
	type keyed struct {
		key string
		pattern
	}
	var all []keyed
	for key, e := range entries {
		places := place.FindAllStringIndex(key, -1)
		if places == nil {
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
		p.whole = regexp.MustCompile(b.String())
		all = append(all, keyed{key, p})
	}
	fixed := func(key string) int { return len(place.ReplaceAllString(key, "")) }
	slices.SortFunc(all, func(a, b keyed) int {
		return cmp.Or(cmp.Compare(fixed(b.key), fixed(a.key)), cmp.Compare(a.key, b.key))
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

// find is a sentence, or phrase, in this language: as it stands in the
// catalogue, by what it was made with, or by its parts, if all of them are
// known: sentences that follow each other, and lists.
func (s *Speech) find(sentence string) (string, bool) {
	if e, ok := s.entries[sentence]; ok {
		return e["other"], true
	}
	if said, ok := s.parts(sentence, ". "); ok { // before a place takes more than one sentence
		return said, true
	}
	if said, ok := s.match(sentence); ok {
		return said, true
	}
	if phrase, ok := strings.CutSuffix(sentence, "."); ok { // one that ends a sentence
		if said, ok := s.find(phrase); ok {
			return said + ".", true
		}
	}
	if said, ok := s.parts(sentence, "; "); ok {
		return said, true
	}
	return s.parts(sentence, ", ")
}

// parts finds each of a sentence's parts, or nothing.
func (s *Speech) parts(sentence, between string) (string, bool) {
	parts := strings.Split(sentence, between)
	if len(parts) == 1 || len(parts) > maxParts {
		return "", false
	}
	for i, part := range parts {
		if between == ". " && i < len(parts)-1 {
			part += "."
		}
		said, ok := s.find(part)
		if !ok {
			return "", false
		}
		parts[i] = said
	}
	return strings.Join(parts, strings.TrimPrefix(between, ".")), true
}

// maxParts bounds how many parts a sentence is looked for in.
const maxParts = 50

// match is a sentence by the first pattern that it was made with. A pattern
// that is a place and nothing else would take everything, and is none.
func (s *Speech) match(sentence string) (string, bool) {
	for _, p := range s.patterns {
		if !strings.HasPrefix(sentence, p.start) {
			continue
		}
		found := p.whole.FindStringSubmatch(sentence)
		if found == nil {
			continue
		}
		args := make([]any, len(found)-1)
		for i, part := range found[1:] {
			if p.phrases[i] {
				if said, ok := s.find(part); ok {
					part = said
				}
			}
			args[i] = part
		}
		return s.put(p.format, args), true
	}
	return "", false
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
