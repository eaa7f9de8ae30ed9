package remote

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Header carries the signature of a webhook's body: base64 of HMAC-SHA256 under
// the key that both servers know (NanoMDM: -webhook-hmac-key).
const Header = "X-Hmac-Signature"

// Event is what a webhook tells: what one device said, as it said it.
type Event struct {
	Enrolment string // NanoMDM's name of the enrolment: the UDID, and of a user's channel UDID:user
	Checkin   bool   // a check-in; otherwise a connect
	Payload   []byte // the device's plist, which nobody has looked at yet
	Params    map[string]string
	Created   time.Time
}

// ErrSignature: the body was not signed with the key.
var ErrSignature = errors.New("the webhook's signature does not fit")

// ErrEvent: the body is not an event that means anything here.
var ErrEvent = errors.New("not an event of a device")

// message is an event of either kind, as NanoMDM writes it.
type message struct {
	IDs struct {
		ID string `json:"id"`
	} `json:"ids"`
	RawPayload []byte            `json:"raw_payload"` // base64
	URLParams  map[string]string `json:"url_params"`
}

// Read checks a body's signature and reads the event.
func Read(key []byte, signature string, body []byte) (Event, error) {
	mac, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || len(key) == 0 {
		return Event{}, ErrSignature
	}
	want := hmac.New(sha256.New, key)
	want.Write(body)
	if !hmac.Equal(mac, want.Sum(nil)) {
		return Event{}, ErrSignature
	}
	var e struct {
		CreatedAt time.Time `json:"created_at"`
		Checkin   *message  `json:"checkin_event"`
		Connect   *message  `json:"acknowledge_event"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return Event{}, fmt.Errorf("%w: it does not decode", ErrEvent)
	}
	m := e.Connect
	if e.Checkin != nil {
		m = e.Checkin
	}
	if m == nil || (e.Connect != nil && e.Checkin != nil) || m.IDs.ID == "" || len(m.RawPayload) == 0 {
		return Event{}, ErrEvent
	}
	return Event{Enrolment: m.IDs.ID, Checkin: e.Checkin != nil, Payload: m.RawPayload, Params: m.URLParams, Created: e.CreatedAt}, nil
}
