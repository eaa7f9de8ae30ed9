package plistguard

import "strings"

// Pair is one entry of a dictionary of strings.
type Pair struct{ Key, Value string }

// maxPairs bounds what [Flat] reads; an iPad's Idle has two, or five on a user channel.
const maxPairs = 16

// What the largest document that Flat reads would cost of a [Limits]: plist,
// dict and an entry; a head of two with blanks, and per entry seven tokens with
// blanks between them.
const (
	flatDepth  = 3
	flatTokens = 12 + 9*maxPairs
)

const (
	declaration = `<?xml version="1.0" encoding="UTF-8"?>`
	doctype     = `<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">`
)

// Flat reads a property list that is one dictionary of strings in the form that
// iPads write: Apple's own head, plain ASCII text, every key once. That is what
// an iPad says most often, that it is idle or has done a command, and here it
// costs a fiftieth of an XML decoder. Anything else is not ok, even if it is in
// order: [Check] and the decoders behind it judge that. What is ok here is so for
// all of them, and reads the same; fuzz tests hold it against each.
func Flat(b []byte) (pairs []Pair, ok bool) {
	r := reader(b)
	if r.literal(declaration) {
		r.space()
	}
	if r.literal(doctype) {
		r.space()
	}
	if !r.literal(`<plist version="1.0">`) {
		return nil, false
	}
	r.space()
	if !r.literal("<dict>") {
		return nil, false
	}
	pairs = make([]Pair, 0, 4)
	for r.space(); !r.literal("</dict>"); r.space() {
		p, ok := r.pair()
		if !ok || len(pairs) == maxPairs {
			return nil, false
		}
		for _, other := range pairs {
			if other.Key == p.Key {
				return nil, false
			}
		}
		pairs = append(pairs, p)
	}
	r.space()
	if !r.literal("</plist>") {
		return nil, false
	}
	r.space()
	return pairs, len(r) == 0
}

// reader is what is left of a document.
type reader string

func (r *reader) space() {
	*r = reader(strings.TrimLeft(string(*r), " \t\r\n"))
}

func (r *reader) literal(s string) bool {
	rest, ok := strings.CutPrefix(string(*r), s)
	*r = reader(rest)
	return ok
}

func (r *reader) pair() (p Pair, ok bool) {
	if !r.literal("<key>") {
		return p, false
	}
	if p.Key, ok = r.text(); !ok || !r.literal("</key>") {
		return p, false
	}
	r.space()
	if !r.literal("<string>") {
		return p, false
	}
	p.Value, ok = r.text()
	return p, ok && r.literal("</string>")
}

// text reads what stands up to the next tag: not empty, no blanks around it, no
// entities, nothing that XML gives a meaning.
func (r *reader) text() (string, bool) {
	s, _, ok := strings.Cut(string(*r), "<")
	if !ok || s == "" || s[0] == ' ' || s[len(s)-1] == ' ' {
		return "", false
	}
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '&' || c == '>' {
			return "", false
		}
	}
	*r = (*r)[len(s):]
	return s, true
}
