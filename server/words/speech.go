package words

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// Speech is one language. It may be used by many at once.
type Speech struct {
	Tag language.Tag
	Own string // its name in itself

	entries  map[string]entry // nil: English, where a key is its own text
	printer  *message.Printer
	patterns []pattern

	mu     sync.Mutex
	said   map[string]string // what say found, bounded
	missed map[string]bool   // what no entry was found for, bounded
}

// Bounds of what a language remembers.
const (
	maxSaid   = 8192
	maxMissed = 1000
)

// Code is the language's tag as it stands in a page (BCP 47).
func (s *Speech) Code() string { return s.Tag.String() }

// Text is a page's text with its places filled. It is HTML where one of args
// is; then the text and all others are escaped.
func (s *Speech) Text(key string, args ...any) any { return s.fill(s.form(key, "other"), args) }

// Count is the text for n things: one and other are the English forms, the
// second is the key. n takes the first place.
func (s *Speech) Count(n int, one, other string, args ...any) any {
	form := forms[plural.Cardinal.MatchPlural(s.Tag, n, 0, 0, 0, 0)]
	format := s.form(other, form)
	if s.entries == nil && form == "one" {
		format = one
	}
	return s.fill(format, append([]any{n}, args...))
}

var forms = map[plural.Form]string{plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other"}

// form is the format of a text. What is missing stays English, which is better
// than nothing, and is remembered.
func (s *Speech) form(key, form string) string {
	if s.entries == nil {
		return key
	}
	e, ok := s.entries[key]
	if !ok {
		s.miss(key)
		return key
	}
	if text, ok := e[form]; ok {
		return text
	}
	return e["other"]
}

// fill puts args into a format. A string in the place of a %v is a phrase, and
// said in this language; whoever has no places has its text as it is, so that
// a "100 %" need not be written otherwise.
func (s *Speech) fill(format string, args []any) any {
	if len(args) == 0 {
		return format
	}
	filled, html := make([]any, len(args)), false
	for _, a := range args {
		_, is := a.(template.HTML)
		html = html || is
	}
	phrases := phrasesOf(format)
	filled = filled[:min(len(args), used(format))]
	for i, a := range args[:len(filled)] {
		switch x := a.(type) {
		case template.HTML:
			filled[i] = string(x)
			continue
		case string:
			if phrases[i] {
				a = s.Say(x)
			}
		}
		if html {
			if _, number := a.(int); !number {
				a = template.HTMLEscapeString(fmt.Sprint(a))
			}
		}
		filled[i] = a
	}
	if html {
		return template.HTML(s.printer.Sprintf(template.HTMLEscapeString(format), filled...)) //nolint:gosec // every part was escaped
	}
	return s.printer.Sprintf(format, filled...)
}

// Say is an English sentence of the core in this language: the one that it
// equals, or was made with. One that is not in the catalogue stays as it is.
func (s *Speech) Say(sentence string) string {
	if s.entries == nil || strings.TrimSpace(sentence) == "" {
		return sentence
	}
	if e, ok := s.entries[sentence]; ok {
		return e["other"]
	}
	s.mu.Lock()
	said, ok := s.said[sentence]
	s.mu.Unlock()
	if ok {
		return said
	}
	if said, ok = (&search{Speech: s, tries: maxTries}).find(sentence, false); !ok {
		s.miss(sentence)
		said = sentence
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.said == nil || len(s.said) >= maxSaid {
		s.said = map[string]string{}
	}
	s.said[sentence] = said
	return said
}

func (s *Speech) miss(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.missed == nil {
		s.missed = map[string]bool{}
	}
	if len(s.missed) < maxMissed {
		s.missed[key] = true
	}
}

// Missed is what was asked for and is in no file of this language, in order.
func (s *Speech) Missed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.missed))
}

// Has reports whether the language has a text, or needs none.
func (s *Speech) Has(key string) bool {
	_, ok := s.entries[key]
	return ok || s.entries == nil
}

// Keys are the texts that this language has, in order.
func (s *Speech) Keys() []string { return slices.Sorted(maps.Keys(s.entries)) }

// Forms are what a text is in this language, by the plural categories of CLDR.
func (s *Speech) Forms(key string) map[string]string { return maps.Clone(s.entries[key]) }

// Funcs are what templates say things with: t, n, say, lang and bdi, which sets
// a name apart, so that one that is written from right to left turns nothing
// around it. In attributes and titles a name stands as it is.
func (s *Speech) Funcs() template.FuncMap {
	return template.FuncMap{
		"t": s.Text, "n": s.Count, "lang": s.Code,
		"say": func(sentence any) string { return s.Say(fmt.Sprint(sentence)) },
		"bdi": func(name any) template.HTML {
			return template.HTML("<bdi>" + template.HTMLEscapeString(fmt.Sprint(name)) + "</bdi>") //nolint:gosec // it was escaped
		},
	}
}
