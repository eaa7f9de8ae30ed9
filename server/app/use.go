package app

import (
	"time"
	_ "time/tzdata" // zones, where the host has none: --time-zone names one

	"github.com/padwarden/padwarden/server/errand"
)

// unseen is how long a clean iPad may not have connected before a forecast
// leaves it out: its turn to be asked, and two hours for it to come; zero where
// iPads are never asked, so that their silence means nothing.
func unseen(s errand.Schedule) time.Duration {
	if s.Device <= 0 {
		return 0
	}
	return s.Device + 2*time.Hour
}
