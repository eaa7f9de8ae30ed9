// Package plistguard decides whether a body may be shown to a property list
// decoder at all.
//
// The decoders behind it (groob/plist and its fork micromdm/plist, which
// NanoMDM uses) recurse and allocate as the input asks: a binary plist of 46
// bytes overflows the stack, one of 54 bytes allocates 2 GiB, and neither can
// be recovered from. So every plist from outside passes [Check] first. It reads
// the document once as a stream of XML tokens, keeps no tree, and stops at the
// first token that is out of bounds.
package plistguard

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits bound one document. Zero fields take the default.
type Limits struct {
	Bytes  int // of the whole body; default 256 KiB
	Depth  int // of open elements, plist included; default 32
	Tokens int // of the whole document; default 32,768
}

// Default limits. A UserList, a ProfileList or the InstalledApplicationList of
// a few hundred apps stays far below them.
const (
	DefaultBytes  = 256 << 10
	DefaultDepth  = 32
	DefaultTokens = 32 << 10
)

func (l Limits) filled() Limits {
	if l.Bytes <= 0 {
		l.Bytes = DefaultBytes
	}
	if l.Depth <= 0 {
		l.Depth = DefaultDepth
	}
	if l.Tokens <= 0 {
		l.Tokens = DefaultTokens
	}
	return l
}

// Reasons for a refusal. Every error of [Check] wraps exactly one.
var (
	ErrTooLarge  = errors.New("body is too large")
	ErrBinary    = errors.New("binary property lists are not accepted")
	ErrDoctype   = errors.New("document type declares something of its own")
	ErrTooDeep   = errors.New("elements are nested too deep")
	ErrTooMany   = errors.New("document has too many parts")
	ErrMalformed = errors.New("not a well-formed property list")
)

// Reason names err for a metric: one short word for each error above.
func Reason(err error) string {
	switch {
	case errors.Is(err, ErrTooLarge):
		return "too_large"
	case errors.Is(err, ErrBinary):
		return "binary"
	case errors.Is(err, ErrDoctype):
		return "doctype"
	case errors.Is(err, ErrTooDeep):
		return "too_deep"
	case errors.Is(err, ErrTooMany):
		return "too_many"
	}
	return "malformed"
}

// Check returns nil if b is one XML property list within limits: a plist
// element around exactly one value, dictionaries of keys and values by turns,
// no attributes but plist's own, no entities beyond XML's five. It does not
// look into the text of values. What [Flat] reads is all of that.
func Check(b []byte, limits Limits) error {
	limits = limits.filled()
	if len(b) > limits.Bytes {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(b), limits.Bytes)
	}
	if looksBinary(b) {
		return ErrBinary
	}
	if limits.Depth >= flatDepth && limits.Tokens >= flatTokens {
		if _, ok := Flat(b); ok {
			return nil
		}
	}
	return walk(b, limits)
}

// walk reads the document token by token.
func walk(b []byte, limits Limits) error {
	d := xml.NewDecoder(bytes.NewReader(b))
	d.Strict = true // the default, and what keeps undeclared entities out
	g := grammar{limits: limits}
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return g.end()
		}
		if err != nil {
			return fmt.Errorf("%w: %v", ErrMalformed, err)
		}
		if err := g.token(tok); err != nil {
			return err
		}
	}
}

// looksBinary finds the magic of a binary plist, also where a lenient reader
// would skip something before it.
func looksBinary(b []byte) bool {
	b = bytes.TrimLeft(b, "\xef\xbb\xbf\xfe\xff\x00 \t\r\n\v\f")
	return bytes.HasPrefix(b, []byte("bplist"))
}

// plainDoctype reports whether a directive is the one Apple writes: plist, by
// its public name, declaring nothing inside.
func plainDoctype(d []byte) bool {
	s := string(d)
	return strings.HasPrefix(s, "DOCTYPE plist") && !strings.ContainsAny(s, "[]%&<") &&
		!strings.Contains(strings.ToUpper(s), "ENTITY")
}
