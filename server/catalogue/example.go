package catalogue

import (
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// The example ward. Its names are reserved for documentation (RFC 2606) and
// its secrets say that they are none.
const (
	page    = "https://ipads.hospital.example/kiosk/start/not-a-real-secret"
	account = "a.nurse@hospital.example"
)

var (
	network    = encode.WiFiParams{SSID: "ward-onboarding", Passphrase: "not-a-real-passphrase"}
	lockScreen = encode.LockScreenParams{AssetTag: "4B-07", Footnote: "Ward 4B. If found, please return to the nurses' station."}
	lost       = encode.LostMode{Message: "This iPad belongs to Example Hospital.", Phone: "+1 555 0100", Footnote: "Ward 4B"}
)

func enrolment(fleet custody.FleetKind) ([]byte, error) {
	return encode.Enrolment(encode.EnrolmentParams{
		Organisation: "Example Hospital",
		ServerURL:    "https://ipads.hospital.example",
		Topic:        "com.apple.mgmt.External.00000000-0000-0000-0000-000000000000",
		Serial:       "DMPEXAMPLE01",
		Challenge:    "not-a-real-challenge",
		Shared:       fleet.Shared(),
	})
}
