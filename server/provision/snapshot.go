package provision

import (
	"context"

	"github.com/padwarden/padwarden/server/badge"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// snapshot is the ledger as it stood when a file was judged.
type snapshot struct {
	format   badge.Format // of the file's badge numbers
	wards    map[string]ledger.Ward
	devices  map[custody.DeviceID]ledger.Device
	readers  map[string]ledger.Reader
	docks    map[custody.DeviceID]ledger.Reader // by the iPad that belongs in it
	people   map[string]ledger.Clinician
	accounts map[string]string // to the id of whose it is
	badges   map[string]ledger.Badge
}

// look reads what the rows of f are judged by, and nothing that none needs.
func (i *Importer) look(ctx context.Context, f File) (s snapshot, err error) {
	s.format = f.Badges
	var people, things bool
	for _, w := range f.wishes {
		people, things = people || w.person != nil, things || w.person == nil
	}
	if things {
		if err := i.lookAtThings(ctx, &s); err != nil {
			return s, err
		}
	}
	if people {
		err = i.lookAtPeople(ctx, &s)
	}
	return s, err
}

func (i *Importer) lookAtThings(ctx context.Context, s *snapshot) error {
	wards, err := i.Ledger.Wards(ctx)
	if err != nil {
		return err
	}
	devices, err := i.Ledger.Devices(ctx, "")
	if err != nil {
		return err
	}
	readers, err := i.Ledger.Readers(ctx)
	if err != nil {
		return err
	}
	s.wards = by(wards, func(w ledger.Ward) string { return w.ID })
	s.devices = by(devices, func(d ledger.Device) custody.DeviceID { return d.ID })
	s.readers = by(readers, func(r ledger.Reader) string { return r.ID })
	s.docks = by(readers, func(r ledger.Reader) custody.DeviceID { return r.Device })
	return nil
}

func (i *Importer) lookAtPeople(ctx context.Context, s *snapshot) error {
	people, err := i.Ledger.Clinicians(ctx)
	if err != nil {
		return err
	}
	badges, err := i.Ledger.Badges(ctx, "")
	if err != nil {
		return err
	}
	s.people = by(people, func(c ledger.Clinician) string { return c.ID })
	s.badges = by(badges, func(b ledger.Badge) string { return string(b.Hash) })
	s.accounts = map[string]string{}
	for _, c := range people {
		if c.Account != "" {
			s.accounts[c.Account] = c.ID
		}
	}
	return nil
}

func by[K comparable, V any](all []V, key func(V) K) map[K]V {
	m := make(map[K]V, len(all))
	for _, v := range all {
		m[key(v)] = v
	}
	return m
}
