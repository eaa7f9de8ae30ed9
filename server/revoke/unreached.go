package revoke

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// Unreached is a device whose session a revocation ended, and which has not
// come for its wipe: the last holder's data is still on it.
type Unreached struct {
	Device     custody.DeviceID `json:"device"`
	Name       string           `json:"name"`
	Ward       string           `json:"ward"`
	State      custody.State    `json:"state"`
	Holder     string           `json:"holder"`        // a clinician's id
	HolderName string           `json:"holder_name"`   // their name
	Since      time.Time        `json:"since"`         // when the wipe was asked for
	Seen       time.Time        `json:"seen,omitzero"` // when the device last connected; zero: it never did, as far as is known
}

// Unreached lists the devices that revocations could not reach yet, of one
// person or of everybody if clinician is empty, in the order of their serials.
func (r *Revoker) Unreached(ctx context.Context, clinician string) ([]Unreached, error) {
	rows, err := r.Ledger.UnreachedRevocations(ctx, clinician)
	if err != nil {
		return nil, err
	}
	list := make([]Unreached, 0, len(rows))
	for _, row := range rows {
		u := Unreached{Device: row.Device, Name: string(row.Device), Ward: row.Ward, State: row.State, Holder: row.Holder, HolderName: row.Holder, Since: row.WipeAsked}
		d, err := r.Ledger.Device(ctx, row.Device)
		switch {
		case err == nil:
			u.Name = d.Name
		case !errors.Is(err, custody.ErrNotFound):
			return nil, err
		}
		who, err := r.Ledger.Clinician(ctx, row.Holder)
		switch {
		case err == nil:
			u.HolderName = who.Name
		case !errors.Is(err, custody.ErrNotFound):
			return nil, err
		}
		if u.Seen, err = r.seen(ctx, row.Device); err != nil {
			return nil, err
		}
		list = append(list, u)
	}
	return list, nil
}

// seen is when a device last said anything of itself.
func (r *Revoker) seen(ctx context.Context, id custody.DeviceID) (last time.Time, err error) {
	facts, err := r.Ledger.Facts(ctx, id)
	if err != nil {
		return last, fmt.Errorf("reading when %s was last seen: %w", id, err)
	}
	for _, f := range facts {
		if f.Observed.After(last) {
			last = f.Observed
		}
	}
	return last, nil
}
