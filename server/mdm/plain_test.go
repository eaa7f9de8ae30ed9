package mdm

import (
	"reflect"
	"testing"

	"github.com/micromdm/nanomdm/mdm"

	"github.com/padwarden/padwarden/server/mdm/plistguard"
)

// FuzzConnects: a connect that is read without the decoders reads as they do.
func FuzzConnects(f *testing.F) {
	const head = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>`
	for _, inside := range []string{
		"<key>Status</key><string>Idle</string><key>UDID</key><string>U</string>",
		"<key>Status</key><string>Acknowledged</string><key>CommandUUID</key><string>c</string><key>UDID</key><string>U</string>",
		"<key>Status</key><string>NotNow</string><key>UserID</key><string>F</string><key>UserShortName</key><string>ada</string><key>UserLongName</key><string>Ada</string>",
		"<key>Status</key><string>Error</string><key>ErrorChain</key><string>none</string>",
		"<key>EnrollmentID</key><string>e</string><key>EnrollmentUserID</key><string>u</string><key>Status</key><string>Idle</string>",
		"<key>MessageResult</key><string>Success</string><key>Status</key><string>Acknowledged</string><key>status</key><string>Idle</string>",
	} {
		f.Add([]byte(head + inside + "</dict></plist>"))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		flat, ok := plistguard.Flat(doc)
		read := results(flat)
		if !ok || read == nil {
			return
		}
		read.Raw = doc
		decoded, err := mdm.DecodeCommandResults(doc)
		if err != nil || !reflect.DeepEqual(read, decoded) {
			t.Fatalf("read as %+v, decoded as %+v, %v", read, decoded, err)
		}
		whole, err := dictionary(&visit{}, doc)
		short, _ := dictionary(&visit{flat: flat}, doc)
		if err != nil || !reflect.DeepEqual(whole, short) {
			t.Fatalf("read as %v, decoded as %v, %v", short, whole, err)
		}
	})
}
