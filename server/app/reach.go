package app

import (
	"time"

	"github.com/padwarden/padwarden/server/errand"
)

// reach is how long an iPad may be silent before it is called unreachable: its
// turn to be asked, and an hour to come. One that is never asked may be silent
// for ever.
func reach(s errand.Schedule) time.Duration {
	if s.Device <= 0 {
		return -1
	}
	return s.Device + time.Hour
}
