package plistguard

import (
	"bytes"
	"encoding/xml"
	"fmt"
)

// grammar follows the tokens of a document: what is open, and what may come next.
type grammar struct {
	limits  Limits
	tokens  int
	doctype bool
	open    []element
	done    bool // the plist element was closed
}

// element is one open element.
type element struct {
	kind  kind
	key   bool // dict: a key waits for its value
	count int  // plist: values seen
}

type kind int

const (
	kindPlist kind = iota + 1
	kindDict
	kindArray
	kindText  // string, integer, real, date, data, key: text and nothing else
	kindEmpty // true, false: nothing inside
)

var kinds = map[string]kind{
	"plist": kindPlist, "dict": kindDict, "array": kindArray, "key": kindText,
	"string": kindText, "integer": kindText, "real": kindText, "date": kindText, "data": kindText,
	"true": kindEmpty, "false": kindEmpty,
}

func (g *grammar) token(tok xml.Token) error {
	if g.tokens++; g.tokens > g.limits.Tokens {
		return fmt.Errorf("%w: more than %d", ErrTooMany, g.limits.Tokens)
	}
	switch t := tok.(type) {
	case xml.StartElement:
		return g.start(t)
	case xml.EndElement:
		return g.close()
	case xml.CharData:
		return g.text(t)
	case xml.Directive:
		if g.doctype || len(g.open) > 0 || g.done || !plainDoctype(t) {
			return ErrDoctype
		}
		g.doctype = true
	case xml.ProcInst:
		if t.Target != "xml" || g.tokens != 1 {
			return fmt.Errorf("%w: processing instruction", ErrMalformed)
		}
	}
	return nil // comments are read over
}

func (g *grammar) start(t xml.StartElement) error {
	k, known := kinds[t.Name.Local]
	if !known || t.Name.Space != "" || (len(t.Attr) > 0 && k != kindPlist) || len(t.Attr) > 1 {
		return fmt.Errorf("%w: element %.32q", ErrMalformed, t.Name.Local)
	}
	if err := g.place(k, t.Name.Local == "key"); err != nil {
		return err
	}
	if len(g.open) >= g.limits.Depth {
		return fmt.Errorf("%w: more than %d", ErrTooDeep, g.limits.Depth)
	}
	g.open = append(g.open, element{kind: k})
	return nil
}

// place checks that an element may stand where it does.
func (g *grammar) place(k kind, isKey bool) error {
	if len(g.open) == 0 {
		if k != kindPlist || g.done {
			return fmt.Errorf("%w: want one plist element", ErrMalformed)
		}
		return nil
	}
	in := &g.open[len(g.open)-1]
	fits := k != kindPlist
	switch in.kind {
	case kindPlist:
		in.count++
		fits = fits && !isKey && in.count == 1
	case kindDict:
		fits = fits && isKey != in.key // a key where none waits, a value where one does
		in.key = isKey
	case kindArray:
		fits = fits && !isKey
	default:
		fits = false
	}
	if !fits {
		return fmt.Errorf("%w: an element is out of place", ErrMalformed)
	}
	return nil
}

func (g *grammar) close() error {
	e := g.open[len(g.open)-1] // the decoder has matched it with its start
	g.open = g.open[:len(g.open)-1]
	g.done = len(g.open) == 0
	if (e.kind == kindDict && e.key) || (e.kind == kindPlist && e.count != 1) {
		return fmt.Errorf("%w: a value is missing", ErrMalformed)
	}
	return nil
}

func (g *grammar) text(t xml.CharData) error {
	if len(g.open) > 0 && g.open[len(g.open)-1].kind == kindText {
		return nil
	}
	if len(bytes.TrimSpace(t)) > 0 {
		return fmt.Errorf("%w: text between elements", ErrMalformed)
	}
	return nil
}

func (g *grammar) end() error {
	if !g.done {
		return fmt.Errorf("%w: no plist element", ErrMalformed)
	}
	return nil
}
