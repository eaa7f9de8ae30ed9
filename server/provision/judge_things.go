package provision

import (
	"cmp"
	"fmt"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/mdm/onetime"
)

// policy is what a ward of the file asks for, on its fleet kind's recommended one.
func (w HospitalWard) policy() custody.Policy {
	p := custody.DefaultPolicy(w.Fleet, w.Target)
	p.ManagedApps, p.BadgeAlone = w.ManagedApps, w.BadgeAlone
	p.ClinicalApps, p.PreserveApps, p.LeastOS, p.WebApps = w.ClinicalApps, w.PreserveApps, w.LeastOS, w.WebApps
	p.Baseline, p.IfFound = cmp.Or(w.Baseline, p.Baseline), w.IfFound
	p.LeastGrade = cmp.Or(w.LeastGrade, p.LeastGrade)
	return w.access(p)
}

// judgeWard adds a ward. One that is there keeps its policy: it is changed by
// people who see what it does, not by a file.
func (i *Importer) judgeWard(j *judged, w HospitalWard, s *snapshot) {
	for _, t := range []text{{"id", w.ID, maxID, true}, {"name", w.Name, maxName, true}} {
		t.check(j)
	}
	policy := w.policy()
	if err := policy.Validate(); err != nil {
		j.refuse("%s", sentence(err))
	}
	if err := w.Badges.Validate(); err != nil {
		j.refuse("%s", sentence(err))
	}
	have, there := s.wards[w.ID]
	if !there {
		if j.Verdict == Refused {
			return
		}
		j.says(Added, "a %s ward", w.Fleet)
		ward := ledger.Ward{ID: w.ID, Name: w.Name, Policy: policy, Badges: w.Badges}
		j.ward = &ward
		s.wards[w.ID] = ward // for the iPads that follow
		return
	}
	for _, differs := range []string{is("its name", have.Name, w.Name), is("its fleet", have.Policy.Fleet, w.Fleet),
		is("its target", have.Policy.Target, w.Target), is("its least grade", have.Policy.LeastGrade, cmp.Or(w.LeastGrade, have.Policy.LeastGrade)),
		is("the list of its managed apps", fmt.Sprint(have.Policy.ManagedApps), fmt.Sprint(w.ManagedApps)),
		is("the list of its clinical apps", fmt.Sprint(have.Policy.ClinicalApps), fmt.Sprint(w.ClinicalApps)),
		is("the list of its web apps", fmt.Sprint(have.Policy.WebApps), fmt.Sprint(w.WebApps))} {
		if differs != "" {
			j.refuse("It is there already, and %s.", differs)
		}
	}
}

// is compares one thing by name.
func is[T comparable](name string, have, want T) string {
	if have == want {
		return ""
	}
	return fmt.Sprintf("%s is %v there, not %v", name, have, want)
}

// deviceChange is an iPad that is added, or that gets a name or a reader.
type deviceChange struct {
	ledger.Device
	add, rename bool
	reader      string // to be added
}

func (i *Importer) judgeIPad(j *judged, w ipad, s snapshot) {
	id := custody.DeviceID(w.serial)
	if !onetime.ValidDevice(id) {
		j.refuse("A serial number has letters, digits and hyphens only, at most 64.")
	}
	for _, t := range []text{{"name", w.name, maxName, false}, {"reader", w.reader, maxID, false}} {
		t.check(j)
	}
	have, there := s.devices[id]
	if _, ok := s.wards[cmp.Or(w.ward, have.Ward)]; !ok {
		j.refuse("There is no ward %q.", shown(w.ward))
	}
	change := deviceChange{Device: have}
	switch {
	case !there:
		change.add, change.Device = true, ledger.Device{ID: id, Ward: w.ward, Name: cmp.Or(w.name, w.serial)}
		j.says(Added, "called %s, on ward %s", change.Name, w.ward)
	case w.ward != "" && w.ward != have.Ward:
		j.refuse("It is on ward %s, not %s: an import moves no iPad.", have.Ward, w.ward)
	case w.name != "" && w.name != have.Name:
		change.rename, change.Name = true, w.name
		j.says(Changed, "called %s, no longer %s", w.name, have.Name)
	}
	change.reader = i.judgeReader(j, w, id, s)
	if j.Verdict == Added || j.Verdict == Changed {
		j.device = &change
	}
}

// judgeReader returns the reader that is to be added for an iPad, if one is.
func (i *Importer) judgeReader(j *judged, w ipad, id custody.DeviceID, s snapshot) string {
	if w.reader == "" {
		return ""
	}
	if has, ok := s.readers[w.reader]; ok {
		if has.Device != id {
			j.refuse("Reader %s is there already, and its iPad is %s.", w.reader, cmp.Or(has.Device, "none"))
		}
		return ""
	}
	if has, ok := s.docks[id]; ok {
		j.refuse("It has the reader %s already: an import changes no reader.", has.ID)
		return ""
	}
	j.says(Changed, "with the reader %s", w.reader)
	return w.reader
}
