package app

import (
	"fmt"
	"maps"
	"time"

	"github.com/padwarden/padwarden/server/errand"
)

// Housekeeping is how often iPads are asked for their inventory. Zero stands
// for the default, and less than zero for never.
type Housekeeping struct {
	Facts time.Duration // what changes often: DeviceInformation and SecurityInfo; 6 h
	Lists time.Duration // profiles and apps; 24 h
}

// schedule fills the defaults in.
func (h Housekeeping) schedule() errand.Schedule {
	s := errand.DefaultSchedule()
	if h.Facts != 0 {
		s.Device, s.Security = h.Facts, h.Facts
	}
	if h.Lists != 0 {
		s.Profiles, s.Apps = h.Lists, h.Lists
	}
	return s
}

// leastTurn is the shortest period that may be asked for: an iPad is pushed for each turn.
const leastTurn = 10 * time.Minute

func (h Housekeeping) check() error {
	for _, d := range []time.Duration{h.Facts, h.Lists} {
		if d > 0 && d < leastTurn {
			return fmt.Errorf("an inventory every %s: iPads are asked every %s at the most often", d, leastTurn)
		}
	}
	return nil
}

// buildErrands lets the steward offer iPads what is asked beside their plans.
func (a *App) buildErrands() (err error) {
	kinds := errand.Housekeeping()
	maps.Copy(kinds, errand.Lost())
	a.Errands, err = errand.New(errand.Options{
		Store: a.Ledger, Nudge: a.Engine.Nudge, Kinds: kinds, Schedule: a.config.Housekeeping.schedule(), WiFi: a.config.WiFi,
		Queued: a.config.NanoMDM.URL != "",
		Logger: a.config.Logger, Count: a.meters.event, Now: time.Now, NewID: errand.NewID,
	})
	a.Steward.Errands = a.Errands
	return err
}
