package mdm

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/plan"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// profileStore is what the engine needs to keep a device's profiles as its
// ward's policy wants them.
type profileStore interface {
	Custody(ctx context.Context, id custody.DeviceID) (custody.Custody, error)
	Ward(ctx context.Context, id string) (ledger.Ward, error)
	// Profiles is what the device's last list showed, or ErrNotFound.
	Profiles(ctx context.Context, device custody.DeviceID) (ledger.SeenProfiles, error)
	PutProfiles(ctx context.Context, p ledger.SeenProfiles) error
}

const (
	// rankProfiles is behind what a person asked for just now, and before inventory.
	rankProfiles = 10
	// mendFor is how long an errand on a profile waits: for the end of the wipe
	// whose list showed the need. The next list finds what was left.
	mendFor = 30 * time.Minute
	// seenFor is how old a list that shows nothing new may become in the ledger.
	seenFor = time.Hour
	// maxSeen is how many profiles of a list are looked at. A device of ours has
	// about ten.
	maxSeen = 64
)

// profilesSeen takes a list of profiles: what it shows is kept, and errands put
// right what may be. Nothing waits for it and nothing is proven by it, so a
// failure is logged, and the next list does it again.
func (e *Engine) profilesSeen(ctx context.Context, rep plan.Report) {
	if rep.ProfileUUIDs == nil || visitOf(ctx).offline || rep.Channel != plan.DeviceChannel {
		return
	}
	if len(rep.ProfileUUIDs) > maxSeen {
		e.Logger.Warn("a device lists too many profiles to be looked at", "device", rep.Device, "profiles", len(rep.ProfileUUIDs))
		return
	}
	if err := e.dress(ctx, rep); err != nil {
		e.Count(CountErrand, "profiles")
		e.Logger.Info("keeping a device's profiles as its ward wants them", "device", rep.Device, "err", err)
	}
}

func (e *Engine) dress(ctx context.Context, rep plan.Report) error {
	if err := e.keepSeen(ctx, rep); err != nil {
		return err
	}
	row, err := e.Store.Custody(ctx, rep.Device)
	if err != nil {
		return err
	}
	if rep.Command == e.lookID(rep) || mayMend(row) == drop {
		return nil // a list that was asked to see what mending did mends nothing: a refusal does not go round
	}
	o, err := e.outfit(ctx, row)
	if err != nil {
		return err
	}
	drifts, err := plan.Drifts(o, rep.ProfileUUIDs)
	if err != nil {
		return fmt.Errorf("rendering what %s is to have: %w", rep.Device, err)
	}
	return e.putMends(ctx, rep, drifts)
}

// keepSeen keeps a list that shows something new, or from time to time that it
// still shows the same.
func (e *Engine) keepSeen(ctx context.Context, rep plan.Report) error {
	seen := ledger.SeenProfiles{Device: rep.Device, Versions: plan.Standing(rep.ProfileUUIDs), Seen: e.Now()}
	last, err := e.Store.Profiles(ctx, rep.Device)
	switch {
	case err != nil && !errors.Is(err, custody.ErrNotFound):
		return err
	case err == nil && maps.Equal(last.Versions, seen.Versions) && seen.Seen.Sub(last.Seen) < seenFor:
		return nil
	}
	return e.Store.PutProfiles(ctx, seen)
}

// outfit is what the standing profiles of a row's device follow from.
func (e *Engine) outfit(ctx context.Context, row custody.Custody) (plan.Outfit, error) {
	d, err := e.Store.Device(ctx, row.Device)
	if err != nil {
		return plan.Outfit{}, err
	}
	w, err := e.Store.Ward(ctx, row.Ward)
	if err != nil {
		return plan.Outfit{}, err
	}
	os, err := encode.ParseVersion(d.OSVersion)
	if err != nil {
		os = encode.Version{} // as for a wipe: taken for the newest
	}
	return plan.Outfit{Policy: w.Policy, OS: os, Name: d.Name, Ward: w.Name, WiFi: e.WiFi}, nil
}

// Drift is how a device's profiles stood when it last listed them, against what
// its ward's policy wants now, and when that was. ErrNotFound if it has listed
// none since it enrolled.
func (e *Engine) Drift(ctx context.Context, device custody.DeviceID) ([]plan.Drift, time.Time, error) {
	last, err := e.Store.Profiles(ctx, device)
	if err != nil {
		return nil, time.Time{}, err
	}
	row, err := e.Store.Custody(ctx, device)
	if err != nil {
		return nil, time.Time{}, err
	}
	o, err := e.outfit(ctx, row)
	if err != nil {
		return nil, time.Time{}, err
	}
	drifts, err := plan.Drifts(o, last.Versions)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("rendering what %s is to have: %w", device, err)
	}
	return drifts, last.Seen, nil
}

// putMends queues what puts drifts right, and behind it a list that shows
// whether it did.
func (e *Engine) putMends(ctx context.Context, rep plan.Report, drifts []plan.Drift) error {
	put := func(id, request string, body []byte) error {
		return e.Store.PutErrand(ctx, ledger.Errand{
			UUID: id, Device: rep.Device, Request: request, Body: body, Rank: rankProfiles, Expires: e.Now().Add(mendFor)})
	}
	mends := 0
	for _, d := range drifts {
		id := uuid.NewSHA1(namespace, fmt.Appendf(nil, "mend|%q|%q|%q|%q|%q", rep.Device, rep.Enrolment, d.Identifier, d.Wanted, d.Seen)).String()
		request, body, err := d.Mend(id)
		if err != nil {
			return fmt.Errorf("encoding %s of %s: %w", request, d.Identifier, err)
		}
		if request == "" {
			continue
		}
		if err := put(id, request, body); err != nil {
			return err
		}
		mends++
	}
	if mends == 0 {
		return nil
	}
	id := e.lookID(rep)
	body, err := encode.ProfileList(id)
	if err != nil {
		return err
	}
	return put(id, "ProfileList", body)
}

// lookID is the CommandUUID of the list that follows mending.
func (e *Engine) lookID(rep plan.Report) string {
	return uuid.NewSHA1(namespace, fmt.Appendf(nil, "look|%q|%q", rep.Device, rep.Enrolment)).String()
}

// verdicts on an errand about profiles.
type mending int

const (
	drop mending = iota // it is not the time for it: the next list asks again
	wait                // until the wipe is over
	give
)

// mayMend: a device's profiles are put right while nobody has it. While it is
// wiped the plan goes first; one that is sealed, isolated, lost or in somebody's
// hands is left as it is.
func mayMend(row custody.Custody) mending {
	switch {
	case row.State == custody.Wiping:
		return wait
	case row.State == custody.Clean && !row.Isolation.On() && !row.Downtime.On():
		return give
	}
	return drop
}

// mending says what becomes of an errand about profiles now.
func (e *Engine) mending(ctx context.Context, next ledger.Errand) mending {
	row, err := e.Store.Custody(ctx, next.Device)
	if err != nil {
		e.Count(CountErrand, "profiles")
		e.Logger.Info("reading custody for an errand", "device", next.Device, "err", err)
		return wait
	}
	return mayMend(row)
}
