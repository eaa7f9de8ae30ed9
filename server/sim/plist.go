package sim

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/groob/plist"
)

// dict is a property list's dictionary as read off the wire.
type dict map[string]any

// decodeDict reads an XML plist. A binary one is refused: the library's binary
// parser can be made to overflow the stack by 46 bytes.
func decodeDict(b []byte) (dict, error) {
	if bytes.HasPrefix(b, []byte("bplist")) {
		return nil, errors.New("a binary plist is not taken")
	}
	var v any
	if err := plist.NewXMLDecoder(bytes.NewReader(b)).Decode(&v); err != nil {
		return nil, fmt.Errorf("reading a plist: %w", err)
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("a plist holds %T where a dictionary was expected", v)
	}
	return m, nil
}

func encodeDict(d dict) ([]byte, error) {
	b, err := plist.MarshalIndent(map[string]any(d), "  ")
	if err != nil {
		return nil, fmt.Errorf("writing a plist: %w", err)
	}
	return b, nil
}

func (d dict) has(key string) bool { _, ok := d[key]; return ok }

func (d dict) str(key string) string { s, _ := d[key].(string); return s }

func (d dict) data(key string) []byte { b, _ := d[key].([]byte); return b }

func (d dict) bool(key string) bool { b, _ := d[key].(bool); return b }

func (d dict) int(key string) int {
	switch n := d[key].(type) {
	case int64:
		return int(n)
	case uint64:
		return int(n)
	}
	return 0
}

func (d dict) dict(key string) dict {
	m, _ := d[key].(map[string]any)
	return m
}

// list returns the dictionaries in the array at key.
func (d dict) list(key string) []dict {
	a, _ := d[key].([]any)
	out := make([]dict, 0, len(a))
	for _, v := range a {
		if m, ok := v.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// strs returns the strings in the array at key.
func (d dict) strs(key string) []string {
	a, _ := d[key].([]any)
	out := make([]string, 0, len(a))
	for _, v := range a {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
