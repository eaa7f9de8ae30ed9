package encode

import (
	"bytes"
	"fmt"

	"github.com/groob/plist"
)

// Identity reads the PayloadIdentifier and PayloadUUID of a profile that this
// package rendered: what ProfileList shows once it is installed.
func Identity(profile []byte) (identifier, uuid string, err error) {
	var h struct{ PayloadIdentifier, PayloadUUID string }
	if err := plist.NewXMLDecoder(bytes.NewReader(profile)).Decode(&h); err != nil {
		return "", "", fmt.Errorf("reading a profile of ours: %w", err)
	}
	return h.PayloadIdentifier, h.PayloadUUID, nil
}
