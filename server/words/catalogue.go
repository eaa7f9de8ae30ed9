// Package words is the one catalogue of what people read. English is what the
// templates, the scripts and the core say, and it is the key: web/words has a
// folder for each other language, with files of English and what it is there.
//
// Two ways lead in. A page's own texts are written in its template, with the
// places of what varies: t and n. What the core says, in refusals, reasons and
// histories, is a whole English sentence by the time that a page has it, and
// stays so in SQL and logs; say finds the entry whose pattern it was made with.
// So no part below the pages knows that there are languages.
//
// Formats have %s for what is never translated (a name), %d for a number and
// %v for a phrase that is itself in the catalogue. A translation may change
// their order: %[2]s.
package words

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	"golang.org/x/text/message"
)

// entry is a text in another language, in the forms that numbers need (CLDR
// plural categories); one that counts nothing has "other" alone.
type entry map[string]string

// UnmarshalJSON reads a string or an object of plural forms.
func (e *entry) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*e = entry{"other": one}
		return nil
	}
	var forms map[string]string
	if err := json.Unmarshal(b, &forms); err != nil {
		return err
	}
	if forms["other"] == "" {
		return fmt.Errorf("the form %q is missing", "other")
	}
	*e = forms
	return nil
}

// Catalogue has every language that pages are shown in, English first.
type Catalogue struct {
	all     []*Speech
	matcher language.Matcher
}

// Load reads words/<language>/*.json of the file system. A text that two files
// of a language have is an error: one of them would be wrong one day.
func Load(files fs.FS) (*Catalogue, error) {
	c := &Catalogue{all: []*Speech{newSpeech(language.English, nil)}}
	folders, err := fs.ReadDir(files, "words")
	if err != nil {
		return nil, fmt.Errorf("reading the catalogue: %w", err)
	}
	for _, folder := range folders {
		tag, err := language.Parse(folder.Name())
		if err != nil {
			return nil, fmt.Errorf("the catalogue's folder %s is no language: %w", folder.Name(), err)
		}
		entries, err := loadLanguage(files, path.Join("words", folder.Name()))
		if err != nil {
			return nil, err
		}
		c.all = append(c.all, newSpeech(tag, entries))
	}
	tags := make([]language.Tag, len(c.all))
	for i, s := range c.all {
		tags[i] = s.Tag
	}
	c.matcher = language.NewMatcher(tags)
	return c, nil
}

func loadLanguage(files fs.FS, folder string) (map[string]entry, error) {
	names, err := fs.Glob(files, path.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	all := map[string]entry{}
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		var some map[string]entry
		if err := json.Unmarshal(raw, &some); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		for key, e := range some {
			if _, twice := all[key]; twice {
				return nil, fmt.Errorf("%s: %q is in another file too", name, key)
			}
			all[key] = e
		}
	}
	return all, nil
}

// All are the languages, English first.
func (c *Catalogue) All() []*Speech { return slices.Clone(c.all) }

// English is what everything is written in.
func (c *Catalogue) English() *Speech { return c.all[0] }

// Match is the language that suits a reader best: the one they chose, if they
// did, or what their browser asks for (Accept-Language, RFC 9110, 12.5.4).
func (c *Catalogue) Match(chosen, accepted string) *Speech {
	for _, s := range c.all {
		if chosen != "" && s.Tag.String() == chosen {
			return s
		}
	}
	if len(accepted) > 200 {
		accepted = ""
	}
	tags, _, err := language.ParseAcceptLanguage(accepted)
	if err != nil || len(tags) == 0 {
		return c.English()
	}
	_, i, _ := c.matcher.Match(tags...)
	return c.all[i]
}

func newSpeech(tag language.Tag, entries map[string]entry) *Speech {
	s := &Speech{Tag: tag, Own: display.Self.Name(tag), entries: entries, printer: message.NewPrinter(tag)}
	s.patterns = patterns(entries)
	return s
}
