// Package encode writes everything that padwarden sends to an iPad: MDM
// commands and configuration profiles, as XML property lists.
//
// It is pure. The same input gives the same bytes, so that two connections of
// one device read the same command and a golden file can hold every one of
// them. What each key means, and since when, is in Apple's device-management
// documentation, whose page titles the comments name ("Erase Device Command").
// Versions are iOS's, which Apple uses for iPadOS too.
//
// Text comes in two kinds. Names for people to read are made printable;
// everything else (identifiers, addresses, secrets, account names) is refused
// if XML cannot carry it, for a value changed on its way would name another
// user, another profile or another server.
package encode

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/groob/plist"
)

// ErrText: a value holds bytes that are not UTF-8, or characters that XML 1.0 cannot carry.
var ErrText = errors.New("text that XML cannot carry")

// envelope is what a device reads in answer to a connect.
type envelope struct {
	Command     request
	CommandUUID string
}

// request is a command dictionary: RequestType beside the keys of body.
type request struct {
	name string
	body any
}

// Command encodes a command. body is a struct whose exported fields are the
// command's keys beside RequestType, named by `plist` tags where Go's names
// differ, or nil for a command without keys. The constructors of this package
// are its callers: use them, they say what Apple requires.
func Command(uuid, requestType string, body any) ([]byte, error) {
	if uuid == "" || requestType == "" {
		return nil, fmt.Errorf("encoding command %q: it needs a CommandUUID and a RequestType", requestType)
	}
	out, err := marshal(envelope{Command: request{requestType, body}, CommandUUID: uuid})
	if err != nil {
		return nil, fmt.Errorf("encoding command %s: %w", requestType, err)
	}
	return out, nil
}

// MarshalPlist puts RequestType beside the body's own keys. The plist package
// only flattens structs that it knows when compiled, so the joint struct is
// made here; reflect keeps one type for each body.
func (r request) MarshalPlist() (any, error) {
	fields := []reflect.StructField{{Name: "RequestType", Type: reflect.TypeFor[string]()}}
	values := []reflect.Value{reflect.ValueOf(r.name)}
	if r.body != nil {
		body := reflect.ValueOf(r.body)
		if body.Kind() != reflect.Struct {
			return nil, fmt.Errorf("a command's body is a struct, not %s", body.Kind())
		}
		for i, f := range reflect.VisibleFields(body.Type()) {
			if f.Anonymous || !f.IsExported() || f.Name == "RequestType" {
				return nil, fmt.Errorf("%s: a command's body has plain exported fields only", f.Name)
			}
			fields = append(fields, reflect.StructField{Name: f.Name, Type: f.Type, Tag: f.Tag})
			values = append(values, body.Field(i))
		}
	}
	joint := reflect.New(reflect.StructOf(fields)).Elem()
	for i, v := range values {
		joint.Field(i).Set(v)
	}
	return joint.Interface(), nil
}

// marshal writes a property list. The plist package sorts keys and escapes
// markup, but replaces in silence what XML cannot carry: that is refused first.
func marshal(v any) ([]byte, error) {
	if err := carriable(reflect.ValueOf(v)); err != nil {
		return nil, err
	}
	return plist.MarshalIndent(v, "\t")
}

// carriable looks through v for text that XML cannot carry. The error names
// the field, never its value: that may be a secret.
func carriable(v reflect.Value) error {
	switch v.Kind() {
	case reflect.String:
		if !utf8.ValidString(v.String()) || strings.ContainsFunc(v.String(), forbidden) {
			return ErrText
		}
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() {
			return carriable(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if err := carriable(v.Field(i)); err != nil {
				return fmt.Errorf("%s: %w", v.Type().Field(i).Name, err)
			}
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 { // <data>, base64
			return nil
		}
		for i := range v.Len() {
			if err := carriable(v.Index(i)); err != nil {
				return fmt.Errorf("item %d: %w", i, err)
			}
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			if err := errors.Join(carriable(k), carriable(v.MapIndex(k))); err != nil {
				return err
			}
		}
	}
	return nil
}

// forbidden reports whether a character is outside XML 1.0's Char production.
func forbidden(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r':
		return false
	case r < 0x20, r >= 0xD800 && r <= 0xDFFF, r == 0xFFFE, r == 0xFFFF, r > utf8.MaxRune:
		return true
	}
	return false
}

// printable makes a text for people to read one that XML can carry. A ward's
// odd name must never be the reason that a device is not locked.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if forbidden(r) {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, string(utf8.RuneError)))
}
