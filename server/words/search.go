package words

import "strings"

// maxTries bounds how often one text is held against the patterns, so that
// whoever writes a reason cannot make a page of it slow.
const maxTries = 64

// search looks for what the core said: whole sentences one after the other,
// lists, and phrases in them.
type search struct {
	*Speech
	tries int // that are left
}

// find is a text in this language, if all its sentences are known. Unless it is
// strict, a phrase in them may be in no catalogue; a single word, such as the
// name of a command or a time, always may.
func (s *search) find(said string, strict bool) (string, bool) {
	if e, ok := s.entries[said]; ok {
		return e["other"], true
	}
	// A sentence may have others in its own text, and a place may take more than
	// one, so that every end is tried before the whole.
	for i := 0; s.tries > 0; {
		end := strings.Index(said[i:], ". ")
		if end < 0 {
			break
		}
		i += end + 2
		first, ok := s.one(said[:i-1], strict)
		if !ok {
			continue
		}
		if rest, ok := s.find(said[i:], strict); ok {
			return first + " " + rest, true
		}
	}
	return s.one(said, strict)
}

// one is a sentence or a phrase as it stands in the catalogue, by what it was
// made with, or a list of such. A pattern whose phrases are in the catalogue
// goes before a list, and a list before a pattern that takes what is in none.
func (s *search) one(said string, strict bool) (string, bool) {
	if e, ok := s.entries[said]; ok {
		return e["other"], true
	}
	if text, ok := s.match(said, true); ok {
		return text, true
	}
	if phrase, ok := strings.CutSuffix(said, "."); ok { // one that ends a sentence
		if text, ok := s.one(phrase, strict); ok {
			return text + ".", true
		}
	}
	for _, between := range []string{"; ", ", "} {
		if text, ok := s.list(strings.Split(said, between), between); ok {
			return text, true
		}
	}
	if strict {
		return "", false
	}
	return s.match(said, false)
}

func (s *search) list(parts []string, between string) (string, bool) {
	if len(parts) == 1 {
		return "", false
	}
	for i, part := range parts {
		text, ok := s.one(part, true)
		if !ok {
			return "", false
		}
		parts[i] = text
	}
	return strings.Join(parts, between), true
}

// match is a sentence by the first pattern that it was made with; strict: whose
// phrases are all in the catalogue.
func (s *search) match(sentence string, strict bool) (string, bool) {
	if s.tries--; s.tries < 0 {
		return "", false
	}
patterns:
	for _, p := range s.patterns {
		if !strings.HasPrefix(sentence, p.start) {
			continue
		}
		found := p.whole().FindStringSubmatch(sentence)
		if found == nil {
			continue
		}
		args := make([]any, len(found)-1)
		for i, part := range found[1:] {
			if p.phrases[i] {
				if said, ok := s.find(part, strict); ok {
					part = said
				} else if strict && strings.Contains(part, " ") {
					continue patterns
				}
			}
			args[i] = part
		}
		return s.put(p.format, args), true
	}
	return "", false
}
