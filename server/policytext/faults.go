package policytext

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

var named = regexp.MustCompile(`^([a-z_]+(?:, [a-z_]+)*): (?s)(.+)$`)

// Faults tells what [custody.Policy.Validate] found by the fields that it is
// about, each in sentences. What names no field is under the empty name.
func Faults(err error) map[string]string {
	all := map[string]string{}
	add := func(field, said string) {
		said = Sentence(said)
		if all[field] != "" {
			said = all[field] + " " + said
		}
		all[field] = said
	}
	for _, one := range split(err) {
		found := named.FindStringSubmatch(one.Error())
		if found == nil {
			add("", one.Error())
			continue
		}
		for _, field := range strings.Split(found[1], ", ") {
			add(field, found[2])
		}
	}
	return all
}

func split(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, split(e)...)
		}
		return all
	}
	return []error{err}
}

// Sentence is what an error says as a sentence for people: durations as they say
// them, a capital letter and a full stop.
func Sentence(said string) string {
	said = strings.TrimSpace(readable(said))
	if said == "" {
		return said
	}
	first, n := utf8.DecodeRuneInString(said)
	said = string(unicode.ToUpper(first)) + said[n:]
	if !strings.ContainsRune(".!?”", rune(said[len(said)-1])) && !strings.HasSuffix(said, "”") {
		said += "."
	}
	return said
}
