package trial

import (
	"fmt"
	"time"
)

// Duration is a [time.Duration] that is text in JSON: "2m0s".
type Duration time.Duration

// MarshalText makes the text.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads it.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil || v < 0 {
		return fmt.Errorf("%q is no duration of 0 or more", b)
	}
	*d = Duration(v)
	return nil
}
