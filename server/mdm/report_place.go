package mdm

import (
	"time"

	"github.com/padwarden/padwarden/server/plan"
)

// where reads the answer to DeviceLocation (Apple: "Device Location Command").
// A place without both of its degrees is none; what else is of another type
// than Apple's is not known.
func where(doc map[string]any) *plan.Place {
	latitude, ok := real(doc["Latitude"])
	longitude, there := real(doc["Longitude"])
	if !ok || !there {
		return nil
	}
	p := &plan.Place{Latitude: latitude, Longitude: longitude, Within: -1}
	if within, ok := real(doc["HorizontalAccuracy"]); ok {
		p.Within = within
	}
	if at, err := time.Parse(time.RFC3339, short(text(doc["Timestamp"]), maxID)); err == nil {
		p.At = at
	}
	return p
}

// real is a number of a plist, which writes whole ones as integers.
func real(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, n == n // not NaN
	case uint64:
		return float64(n), true
	case int64:
		return float64(n), true
	}
	return 0, false
}
