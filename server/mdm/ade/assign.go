package ade

import (
	"context"
	"fmt"
	"slices"

	"github.com/micromdm/nanodep/godep"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

const (
	listAtOnce   = 1000
	assignAtOnce = 500 // Apple's limit is 1000 serials in one request
	maxStrangers = 10_000
)

// assign gives each listed iPad of the inventory its ward's profile, and
// collects those that the inventory does not have. What Apple refuses for one
// device holds up no other.
func (s *Service) assign(ctx context.Context) (Report, error) {
	r := Report{Failed: map[custody.DeviceID]string{}}
	wards := map[string]kind{}
	due := map[kind][]ledger.Assigned{}
	var after custody.DeviceID
	for {
		page, err := s.Store.AssignedDevices(ctx, after, listAtOnce)
		if err != nil {
			return r, err
		}
		for _, d := range page {
			r.Listed++
			switch {
			case d.Ward == "":
				if len(r.Strangers) < maxStrangers {
					r.Strangers = append(r.Strangers, d.Serial)
				}
				continue
			case d.Family != "iPad" && d.Family != "": // in the inventory by mistake
				r.Failed[d.Serial] = "it is a " + d.Family
				continue
			}
			k, err := s.kindOf(ctx, d.Ward, wards)
			if err != nil {
				return r, err
			}
			due[k] = append(due[k], d)
		}
		if len(page) < listAtOnce {
			break
		}
		after = page[len(page)-1].Serial
	}
	for _, k := range []kind{{}, {keeps: true}, {shared: true}} {
		if err := s.assignKind(ctx, k, due[k], &r); err != nil {
			return r, err
		}
	}
	s.tell(r)
	return r, nil
}

func (s *Service) kindOf(ctx context.Context, ward string, known map[string]kind) (kind, error) {
	if k, ok := known[ward]; ok {
		return k, nil
	}
	p, err := s.Store.Policy(ctx, ward)
	if err != nil {
		return kind{}, fmt.Errorf("reading the policy of ward %s: %w", ward, err)
	}
	known[ward] = kindOf(p)
	return known[ward], nil
}

func (s *Service) assignKind(ctx context.Context, k kind, all []ledger.Assigned, r *Report) error {
	if len(all) == 0 {
		return nil
	}
	profile, err := s.define(ctx, k)
	if err != nil {
		return err
	}
	var due []string
	for _, d := range all {
		// pushed, and then removed in Apple's portal, is as good as none
		if d.Profile != profile || (d.Status != "assigned" && d.Status != "pushed") {
			due = append(due, string(d.Serial))
		}
	}
	for chunk := range slices.Chunk(due, assignAtOnce) {
		resp, err := s.api.AssignProfile(ctx, name, profile, chunk...)
		if gone(err) {
			s.Count("profile_gone")
			if err := s.Store.SetADEState(ctx, stateOf(k), ""); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
		if err := s.answered(ctx, profile, chunk, resp, r); err != nil {
			return err
		}
	}
	return nil
}

// answered takes Apple's word on each serial of a request, and on no other.
func (s *Service) answered(ctx context.Context, profile string, asked []string, resp *godep.AssignProfileResponseJson, r *Report) error {
	var done []custody.DeviceID
	for _, serial := range asked {
		id := custody.DeviceID(serial)
		switch word := resp.Devices[serial]; word {
		case godep.AssignProfileResponseJsonDevicesValueSUCCESS:
			done = append(done, id)
		case godep.AssignProfileResponseJsonDevicesValueNOTACCESSIBLE:
			r.Failed[id] = "Apple does not have it assigned to this server"
		case "":
			r.Failed[id] = "Apple says nothing of it"
		default:
			r.Failed[id] = "Apple says " + short(string(word))
		}
	}
	r.Assigned = append(r.Assigned, done...)
	return s.Store.SetAssigned(ctx, profile, done)
}

// tell says in the log what a person may have to see to. Serials are no secrets,
// and there may be many.
func (s *Service) tell(r Report) {
	for id, why := range r.Failed {
		s.Count("not_assigned")
		s.Logger.Warn("an iPad got no enrolment profile at Apple", "device", id, "why", why)
	}
	if n := len(r.Strangers); n > 0 {
		s.Logger.Info("Apple lists devices that are not in the inventory: they cannot enrol", "devices", n, "first", r.Strangers[:min(n, 20)])
	}
	if len(r.Assigned) > 0 {
		s.Logger.Info("assigned enrolment profiles", "devices", len(r.Assigned))
	}
}
