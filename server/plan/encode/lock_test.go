package encode_test

import (
	"testing"

	"github.com/padwarden/padwarden/server/plan/encode"
)

// TestDeviceLockIsWhatTheLibraryWrites: whatever its id is, a lock that is put
// together from parts has the bytes, or the refusal, of one that is encoded.
func TestDeviceLockIsWhatTheLibraryWrites(t *testing.T) {
	for _, uuid := range []string{id, "A-b9", "", "<", "&amp;", "]]>", "\x00", "\xff", "ü", " ", "a\nb"} {
		want, wantErr := encode.Command(uuid, "DeviceLock", struct{}{})
		got, err := encode.DeviceLock(uuid, "")
		if string(got) != string(want) || (err == nil) != (wantErr == nil) {
			t.Errorf("%q: %q, %v; the library writes %q, %v", uuid, got, err, want, wantErr)
		}
	}
}
