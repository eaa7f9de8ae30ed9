// Package provision brings people, badges, wards and iPads into the ledger.
package provision

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/mdm/onetime"
)

// Hospital is what Import adds: wards, iPads, readers and people, as they are
// written in a JSON file.
type Hospital struct {
	Wards      []HospitalWard   `json:"wards"`
	Clinicians []HospitalPerson `json:"clinicians"`
}

// HospitalWard is a ward, its policy's choice and its iPads by serial number.
type HospitalWard struct {
	ID      string             `json:"id"`
	Name    string             `json:"name"`
	Fleet   custody.FleetKind  `json:"fleet"`
	Target  custody.LockTarget `json:"target"`
	Devices []HospitalDevice   `json:"devices"`
	// LeastGrade and ManagedApps have no default in a managed-apps ward.
	LeastGrade  custody.Grade `json:"least_grade"`
	ManagedApps []custody.App `json:"managed_apps"`
	// ClinicalApps are what a passcode ward's iPad may open once its holder has set a passcode.
	ClinicalApps []string `json:"clinical_apps"`
	// PreserveApps keeps a return-to-service ward's managed apps over an erase, from iPadOS 26 on.
	PreserveApps bool `json:"preserve_apps"`
	// BadgeAlone must be true in a shared-guest ward, and nowhere else.
	BadgeAlone bool `json:"badge_alone"`
	// Baseline is "cis-2" for the stricter restrictions; empty: "cis-1".
	Baseline custody.Baseline `json:"baseline"`
	// IfFound is what the ward's lock screens say to who finds an iPad.
	IfFound string `json:"if_found"`
	// LeastOS is the oldest iPadOS that an iPad may enrol with from Setup Assistant; empty: any.
	LeastOS string `json:"least_os"`
}

// HospitalDevice is one iPad; Reader names the badge reader on its dock, if it has one.
type HospitalDevice struct {
	Serial string `json:"serial"`
	Name   string `json:"name"`
	Reader string `json:"reader"`
}

// HospitalPerson is a clinician with badge numbers and a first PIN.
type HospitalPerson struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Account string   `json:"account"`
	Badges  []string `json:"badges"`
	PIN     string   `json:"pin"`
}

// Add adds a hospital to the ledger and reports a line for each thing added; a
// reader's credential is shown there and nowhere else. What exists already is
// left alone and reported, and is an error where it differs from what was to be
// added.
func Add(ctx context.Context, l *ledger.Ledger, who *identity.Identity, h Hospital) (report []string, err error) {
	i := &importer{ctx: ctx, ledger: l, identity: who}
	for _, w := range h.Wards {
		i.ward(w)
	}
	for _, p := range h.Clinicians {
		i.person(p)
	}
	return i.report, errors.Join(i.errs...)
}

type importer struct {
	ctx      context.Context
	ledger   *ledger.Ledger
	identity *identity.Identity
	report   []string
	errs     []error
}

// did notes what was added. What exists already is compared with what is
// wanted: same says how it differs, "" if it does not. Import changes nothing
// that is there, so a difference is an error.
func (i *importer) did(what string, err error, same func() (differs string, err error)) bool {
	if !errors.Is(err, custody.ErrConflict) {
		if err == nil {
			i.report = append(i.report, "added   "+what)
		} else {
			i.errs = append(i.errs, fmt.Errorf("%s: %w", what, err))
		}
		return err == nil
	}
	differs, err := same()
	switch {
	case err != nil:
		i.errs = append(i.errs, fmt.Errorf("%s: %w", what, err))
	case differs != "":
		i.errs = append(i.errs, fmt.Errorf("%s exists already and %s", what, differs))
	default:
		i.report = append(i.report, "exists  "+what)
	}
	return false
}

// is compares one thing by name.
func is[T comparable](name string, have, want T) string {
	if have == want {
		return ""
	}
	return fmt.Sprintf("%s is %v there, not %v", name, have, want)
}

var errTwice = func() (string, error) { return "cannot be added", nil }

func (i *importer) ward(w HospitalWard) {
	policy := custody.DefaultPolicy(w.Fleet, w.Target)
	policy.ManagedApps, policy.BadgeAlone = w.ManagedApps, w.BadgeAlone
	policy.ClinicalApps, policy.PreserveApps, policy.LeastOS = w.ClinicalApps, w.PreserveApps, w.LeastOS
	policy.Baseline, policy.IfFound = cmp.Or(w.Baseline, policy.Baseline), w.IfFound
	if w.LeastGrade != "" {
		policy.LeastGrade = w.LeastGrade
	}
	what := "ward " + w.ID
	if w.ID == "" || w.Name == "" {
		i.did(what, errors.New("a ward needs an id and a name"), errTwice)
		return
	}
	if err := policy.Validate(); err != nil {
		i.did(what, err, errTwice)
		return
	}
	i.did(what, i.ledger.AddWard(i.ctx, ledger.Ward{ID: w.ID, Name: w.Name, Policy: policy}), func() (string, error) {
		have, err := i.ledger.Ward(i.ctx, w.ID)
		return cmp.Or(is("its name", have.Name, w.Name), is("its fleet", have.Policy.Fleet, w.Fleet), is("its target", have.Policy.Target, w.Target),
			is("its least grade", have.Policy.LeastGrade, cmp.Or(w.LeastGrade, have.Policy.LeastGrade)),
			is("the list of its managed apps", fmt.Sprint(have.Policy.ManagedApps), fmt.Sprint(w.ManagedApps)),
			is("the list of its clinical apps", fmt.Sprint(have.Policy.ClinicalApps), fmt.Sprint(w.ClinicalApps))), err
	})
	for _, d := range w.Devices {
		i.device(w.ID, d)
	}
}

func (i *importer) device(ward string, d HospitalDevice) {
	id := custody.DeviceID(d.Serial)
	if !onetime.ValidDevice(id) {
		i.did("iPad "+d.Serial, errors.New("a serial number has letters, digits and hyphens only"), errTwice)
		return
	}
	if d.Name == "" {
		d.Name = d.Serial
	}
	i.did("iPad "+d.Serial, i.ledger.AddDevice(i.ctx, ledger.Device{ID: id, Ward: ward, Name: d.Name}), func() (string, error) {
		have, err := i.ledger.Device(i.ctx, id)
		return cmp.Or(is("its ward", have.Ward, ward), is("its name", have.Name, d.Name)), err
	})
	if d.Reader == "" {
		return
	}
	credential := rand.Text()
	digest := sha256.Sum256([]byte(credential))
	added := i.did("reader "+d.Reader, i.ledger.AddReader(i.ctx, ledger.Reader{ID: d.Reader, Ward: ward, Device: id, Credential: digest[:]}), func() (string, error) {
		have, err := i.ledger.Reader(i.ctx, d.Reader)
		return is("its iPad", have.Device, id), err
	})
	if added {
		i.report = append(i.report, "        its credential, shown only now: "+credential)
	}
}

func (i *importer) person(p HospitalPerson) {
	what := "clinician " + p.ID
	if p.ID == "" || p.Name == "" {
		i.did(what, errors.New("a clinician needs an id and a name"), errTwice)
		return
	}
	i.did(what, i.ledger.AddClinician(i.ctx, ledger.Clinician{ID: p.ID, Name: p.Name, Account: p.Account, Active: true}), func() (string, error) {
		have, err := i.ledger.Clinician(i.ctx, p.ID)
		return cmp.Or(is("the name", have.Name, p.Name), is("the account", have.Account, p.Account)), err
	})
	i.pin(p)
	for n, raw := range p.Badges {
		i.badge(fmt.Sprintf("badge %d of %s", n+1, p.ID), p.ID, raw)
	}
}

// pin sets a first PIN. One that is there is the clinician's own by now and stays.
func (i *importer) pin(p HospitalPerson) {
	have, err := i.ledger.Clinician(i.ctx, p.ID)
	if err != nil || p.PIN == "" {
		return // said already
	}
	if have.PIN != "" {
		i.report = append(i.report, "exists  PIN of "+p.ID+" (it is left as it is)")
		return
	}
	i.did("PIN of "+p.ID, i.identity.SetPIN(i.ctx, p.ID, p.PIN), errTwice)
}

func (i *importer) badge(what, clinician, raw string) {
	hash, err := i.identity.Badge(raw)
	if err == nil {
		err = i.ledger.AddBadge(i.ctx, ledger.Badge{Hash: hash, Clinician: clinician})
	}
	i.did(what, err, func() (string, error) {
		have, err := i.ledger.ClinicianByBadge(i.ctx, hash, time.Now())
		if errors.Is(err, custody.ErrNotFound) {
			return "is revoked or expired", nil
		}
		return is("its owner", have.ID, clinician), err
	})
}
