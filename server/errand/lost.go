package errand

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// Kinds of errands for a lost iPad, which Apple's devices take in Lost Mode only.
const (
	Location = "location" // DeviceLocation; its result is a [Place]
	Sound    = "sound"    // PlayLostModeSound
)

// Lost returns the kinds for lost iPads. Where one is is kept sealed with the
// answer, and shown to nobody whose look is not in the history.
func Lost() Kinds {
	lost := func(c custody.Custody) bool { return c.State == custody.Lost }
	return Kinds{
		Location: {In: lost, Read: place, Encode: func(id string, _ []byte, _ custody.FleetKind) ([]byte, error) { return encode.DeviceLocation(id) }},
		Sound:    {In: lost, Encode: func(id string, _ []byte, _ custody.FleetKind) ([]byte, error) { return encode.PlayLostModeSound(id) }},
	}
}

// Place is where a device said that it was.
type Place struct {
	Latitude  float64   `json:"latitude"`
	Longitude float64   `json:"longitude"`
	Within    float64   `json:"within_m"` // metres; negative: it does not know
	At        time.Time `json:"at,omitzero"`
}

func place(r plan.Report) ([]byte, error) {
	p := r.Place
	if p == nil || math.Abs(p.Latitude) > 90 || math.Abs(p.Longitude) > 180 {
		return nil, errors.New("it names no place")
	}
	return json.Marshal(Place{Latitude: p.Latitude, Longitude: p.Longitude, Within: p.Within, At: p.At})
}

// String is the place for people, in degrees.
func (p Place) String() string {
	if p.Within < 0 {
		return fmt.Sprintf("%.5f, %.5f", p.Latitude, p.Longitude)
	}
	return fmt.Sprintf("%.5f, %.5f, within %.0f m", p.Latitude, p.Longitude, p.Within)
}
