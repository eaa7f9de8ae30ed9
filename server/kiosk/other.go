package kiosk

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// maxOthers is how many iPads are named instead of one that cannot be had: a
// choice, and still read at a glance.
const maxOthers = 3

// others names iPads of the ward that clinician ("" for anybody) could have
// now, the nearest first; none where that cannot be told.
func (k *Kiosk) others(ctx context.Context, row custody.Custody, clinician string, most int) (names []string) {
	for _, d := range k.findClean(ctx, row.Ward, row.Device, clinician, most, func(id custody.DeviceID) bool { return id != row.Device }) {
		names = append(names, d.Name)
	}
	return names
}

// findClean returns up to most devices of the ward that clinician could have
// now and that fit, those nearest to near first. Live says quickly which are
// worth a look, the ledger decides.
func (k *Kiosk) findClean(ctx context.Context, ward string, near custody.DeviceID, clinician string, most int, fits func(custody.DeviceID) bool) (found []ledger.Device) {
	devices, err := k.Ledger.Devices(ctx, ward)
	if err != nil {
		return nil
	}
	ids := make([]custody.DeviceID, len(devices))
	for i, d := range devices {
		ids[i] = d.ID
	}
	sessions, _ := k.Live.Sessions(ctx, ids...) // those that could be read
	for _, d := range byDistance(devices, near) {
		s, ok := sessions[d.ID]
		if !ok || s.State != custody.Clean || !fits(d.ID) {
			continue
		}
		row, err := k.Ledger.Custody(ctx, d.ID)
		if err != nil || row.Ward != ward || !row.Available(clinician, s.Now) {
			continue
		}
		if found = append(found, d); len(found) == most {
			break
		}
	}
	return found
}

// byDistance orders a ward's devices by how far their names are from that of
// near: Bay 2 and Bay 4 are next to Bay 3, and nothing else here knows where a
// bay is. Shorter names come first, so that Bay 10 is not beside Bay 1.
func byDistance(devices []ledger.Device, near custody.DeviceID) []ledger.Device {
	slices.SortFunc(devices, func(a, b ledger.Device) int {
		return cmp.Or(cmp.Compare(len(a.Name), len(b.Name)), strings.Compare(a.Name, b.Name), strings.Compare(string(a.ID), string(b.ID)))
	})
	here := max(slices.IndexFunc(devices, func(d ledger.Device) bool { return d.ID == near }), 0)
	out := make([]ledger.Device, 0, len(devices))
	for step := range devices {
		if i := here + step; i < len(devices) {
			out = append(out, devices[i])
		}
		if i := here - step; i >= 0 && step > 0 {
			out = append(out, devices[i])
		}
	}
	return out
}
