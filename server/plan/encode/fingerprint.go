package encode

import (
	"crypto/sha256"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// secret is a text in a profile that a person chose, and that could be guessed
// from its hash: it takes no part in a fingerprint.
type secret string

var secretType = reflect.TypeFor[secret]()

// fingerprint is a SHA-256, in hex, of all that a profile's content says except
// its secrets. It is the same for the same content, whatever rendered it, and
// another as soon as one key or value is another.
func fingerprint(content []any) string {
	h := sha256.New()
	spell(h, reflect.ValueOf(content))
	return fmt.Sprintf("%x", h.Sum(nil))
}

// spell writes a value so that no two values are written alike. A hash takes
// whatever is written to it.
func spell(w io.Writer, v reflect.Value) {
	switch {
	case !v.IsValid():
		fmt.Fprint(w, "nil;")
		return
	case v.Type() == secretType:
		fmt.Fprint(w, "secret;")
		return
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		spell(w, v.Elem())
	case reflect.Struct:
		fmt.Fprintf(w, "struct %d;", v.NumField())
		for i := range v.NumField() {
			fmt.Fprintf(w, "%q=", v.Type().Field(i).Name)
			spell(w, v.Field(i))
		}
	case reflect.Slice, reflect.Array:
		fmt.Fprintf(w, "list %d;", v.Len())
		for i := range v.Len() {
			spell(w, v.Index(i))
		}
	case reflect.Map:
		fmt.Fprintf(w, "map %d;", v.Len())
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, k := range keys {
			fmt.Fprintf(w, "%q=", k.String())
			spell(w, v.MapIndex(k))
		}
	case reflect.String:
		fmt.Fprintf(w, "%q;", v.String())
	default: // booleans and numbers
		fmt.Fprintf(w, "%v;", v)
	}
}
