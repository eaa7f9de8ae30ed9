package encode_test

import (
	"testing"

	"github.com/padwarden/padwarden/server/plan/encode"
)

// BenchmarkDeviceLock is the command that is written ahead for every device in
// use, whenever its row is published.
func BenchmarkDeviceLock(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := encode.DeviceLock(id, ""); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEraseDevice has the largest body: a whole enrolment profile within.
func BenchmarkEraseDevice(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		profile, err := encode.Enrolment(enrolment(false))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := encode.EraseDevice(id, encode.Erase{Enrolment: profile}); err != nil {
			b.Fatal(err)
		}
	}
}
