package errand

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/plan"
	"github.com/padwarden/padwarden/server/plan/encode"
)

const (
	// mendFor is how long what puts a device's profiles right waits for it to be
	// clean: by then its next list has come.
	mendFor = 24 * time.Hour
	// rankLook is behind what it looks at.
	rankLook = RankProfile + 1
)

// undisturbed: a device's profiles and settings are changed while nobody has
// it. One that is locked, lost, sealed, isolated or in somebody's hands is left
// as it is.
func undisturbed(c custody.Custody) bool {
	return c.State == custody.Clean && !c.Isolation.On() && !c.Downtime.On()
}

func timersCommand(id string, params []byte, _ custody.FleetKind) ([]byte, error) {
	var s encode.SharedDevice
	if err := json.Unmarshal(params, &s); err != nil {
		return nil, fmt.Errorf("reading the timers that were asked for: %w", err)
	}
	return encode.Settings(id, s)
}

// dress takes what a device says of its profiles and timers, and asks for what
// makes them those of its ward's policy. Nothing is proven by it: whatever
// fails is said, and the next list does it again.
func (d *Desk) dress(ctx context.Context, r plan.Report) {
	ctx, cancel := context.WithTimeout(ctx, lookup)
	defer cancel()
	for _, f := range r.Facts {
		var err error
		switch said := f.Value.(type) {
		case []plan.ProfileFact:
			err = d.mendProfiles(ctx, r, said)
		case plan.SharedTimers:
			err = d.mendTimers(ctx, r.Device, said)
		}
		if err != nil && custody.Refused(err) == "" { // it is leaving its enrolment: the next has its own list
			d.failed("dress", r.Device, err)
		}
	}
}

func (d *Desk) mendProfiles(ctx context.Context, r plan.Report, list []plan.ProfileFact) error {
	if looks, err := d.looks(ctx, r); err != nil || looks {
		return err
	}
	drifts, err := d.drifts(ctx, r.Device, list)
	if err != nil {
		return err
	}
	mends := 0
	for _, drift := range drifts {
		a := Ask{Device: r.Device, Rank: RankProfile, Expires: d.Now().Add(mendFor)}
		switch {
		case drift.Profile != nil:
			a.Kind, a.Params = InstallProfile+":"+drift.Identifier, drift.Profile
		case drift.Removable():
			a.Kind, a.Params = RemoveProfile+":"+drift.Identifier, []byte(drift.Identifier)
		default:
			continue
		}
		if _, err := d.put(ctx, a); err != nil {
			return err
		}
		if mends++; mends == maxMends {
			break
		}
	}
	if mends == 0 {
		return nil
	}
	_, err = d.put(ctx, Ask{Device: r.Device, Kind: Look, Rank: rankLook, Expires: d.Now().Add(mendFor)})
	return err
}

// maxMends bounds what one list asks for: a device may list any number of ours.
const maxMends = 16

// looks reports whether a list was asked for to see what mending did. It mends
// nothing: what a device refuses is asked again with its next list, and does
// not go round.
func (d *Desk) looks(ctx context.Context, r plan.Report) (bool, error) {
	if !Owns(r.Command) {
		return false, nil
	}
	asks, err := d.Store.Asks(ctx, r.Device)
	if err != nil {
		return false, err
	}
	for _, a := range asks {
		if a.ID == r.Command {
			return a.Kind == Look, nil
		}
	}
	return false, nil
}

func (d *Desk) mendTimers(ctx context.Context, id custody.DeviceID, says plan.SharedTimers) error {
	row, err := d.Store.Custody(ctx, id)
	if err != nil {
		return err
	}
	p, err := d.Store.Policy(ctx, row.Ward)
	if err != nil || !plan.BackstopDiffers(p, says) {
		return err
	}
	params, err := json.Marshal(encode.Backstop(p))
	if err != nil {
		return err
	}
	_, err = d.put(ctx, Ask{Device: id, Kind: Timers, Params: params, Rank: RankProfile, Expires: d.Now().Add(mendFor)})
	return err
}

// drifts compares a list with what the device's ward wants now.
func (d *Desk) drifts(ctx context.Context, id custody.DeviceID, list []plan.ProfileFact) ([]plan.Drift, error) {
	device, err := d.Store.Device(ctx, id)
	if err != nil {
		return nil, err
	}
	row, err := d.Store.Custody(ctx, id)
	if err != nil {
		return nil, err
	}
	w, err := d.Store.Ward(ctx, row.Ward)
	if err != nil {
		return nil, err
	}
	drifts, err := plan.Drifts(outfit(device, w, d.WiFi), list)
	if err != nil {
		return nil, fmt.Errorf("rendering what %s is to have: %w", id, err)
	}
	return drifts, nil
}

func outfit(d ledger.Device, w ledger.Ward, wifi []byte) plan.Outfit {
	os, err := encode.ParseVersion(d.OSVersion)
	if err != nil {
		os = encode.Version{} // as for a wipe: taken for the newest
	}
	return plan.Outfit{Policy: w.Policy, OS: os, Name: d.Name, Ward: w.Name, WiFi: wifi}
}

// Drift is how a device's profiles stood when it last listed them, against what
// its ward's policy wants now, and when that was. ErrNotFound if it has never
// listed them.
func (d *Desk) Drift(ctx context.Context, id custody.DeviceID) ([]plan.Drift, time.Time, error) {
	facts, err := d.Store.Facts(ctx, id)
	if err != nil {
		return nil, time.Time{}, err
	}
	for _, f := range facts {
		if f.Kind != plan.FactProfiles {
			continue
		}
		var list []plan.ProfileFact
		if err := json.Unmarshal(f.Body, &list); err != nil {
			return nil, time.Time{}, fmt.Errorf("reading what %s listed: %w", id, err)
		}
		drifts, err := d.drifts(ctx, id, list)
		return drifts, f.Observed, err
	}
	return nil, time.Time{}, fmt.Errorf("profiles of %s: %w", id, custody.ErrNotFound)
}
