package kiosk

import (
	"context"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// findClean returns a device of the ward that clinician could have now and
// that fits. Live says quickly which are worth a look, the ledger decides.
func (k *Kiosk) findClean(ctx context.Context, ward, clinician string, fits func(custody.DeviceID) bool) (ledger.Device, bool) {
	devices, err := k.Ledger.Devices(ctx, ward)
	if err != nil {
		return ledger.Device{}, false
	}
	ids := make([]custody.DeviceID, len(devices))
	for i, d := range devices {
		ids[i] = d.ID
	}
	sessions, _ := k.Live.Sessions(ctx, ids...) // those that could be read
	for _, d := range devices {
		s, ok := sessions[d.ID]
		if !ok || s.State != custody.Clean || !fits(d.ID) {
			continue
		}
		row, err := k.Ledger.Custody(ctx, d.ID)
		if err == nil && row.Ward == ward && row.Available(clinician, s.Now) {
			return d, true
		}
	}
	return ledger.Device{}, false
}
