package encode

import (
	"cmp"
	"fmt"
)

// Version is a version of iOS, whose numbers Apple uses for iPadOS too. The
// zero value is newer than every other: what is rendered for it has all keys.
type Version struct{ major, minor int }

// Oldest is the version that the plans need: Return to Service and a Shared
// iPad's PasscodePolicy came with it.
var Oldest = Version{17, 0}

// ParseVersion reads "18.2" or "18.2.1", whose last number adds no keys. Empty is the zero value.
func ParseVersion(s string) (v Version, err error) {
	if s == "" {
		return v, nil
	}
	if _, err := fmt.Sscanf(s+".0", "%d.%d", &v.major, &v.minor); err != nil || v.major < 1 || v.minor < 0 {
		return Version{}, fmt.Errorf("%q is not an iPadOS version such as 17.0", s)
	}
	return v, nil
}

// Before reports whether v is older than w.
func (v Version) Before(w Version) bool {
	if v == w || v == (Version{}) {
		return false
	}
	return w == (Version{}) || cmp.Or(cmp.Compare(v.major, w.major), cmp.Compare(v.minor, w.minor)) < 0
}
