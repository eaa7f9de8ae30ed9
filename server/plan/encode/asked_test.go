package encode_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/padwarden/padwarden/server/plan/encode"
)

// TestReturnToServiceGolden holds the answers to a ReturnToService check-in,
// which is no command: no CommandUUID, no RequestType.
func TestReturnToServiceGolden(t *testing.T) {
	for name, e := range map[string]encode.Erase{
		"return-to-service":      {WiFi: []byte("wifi"), Enrolment: []byte("enrolment"), BootstrapToken: []byte("token")},
		"return-to-service-bare": {},
	} {
		got, err := encode.ReturnToService(e)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", "asked", name+".golden")
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
		d := decode(t, got)
		if rts, ok := d["ReturnToService"].(dict); !ok || rts["Enabled"] != true || len(d) != 1 {
			t.Errorf("%s: want ReturnToService with Enabled alone, got %v", name, d)
		}
	}
}
