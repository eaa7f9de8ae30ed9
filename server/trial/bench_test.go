package trial_test

import (
	"testing"

	"github.com/padwarden/padwarden/server/trial"
)

// What a ward's line on the pool view costs, with a table that tried it.
func BenchmarkStand(b *testing.B) {
	d := newDesk(b)
	d.filed(d.walked(everything...))
	for b.Loop() {
		kept, err := d.Tables(b.Context())
		if err != nil || len(trial.Stand(d.Plans(kiosk), kept, "")) != 3 {
			b.Fatal(err)
		}
	}
}
