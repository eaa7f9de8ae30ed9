package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
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

// Import adds a hospital to the ledger and reports a line for each thing
// added; a reader's credential is shown there and nowhere else. What exists
// already is left alone and reported. With SQLite the server must be stopped.
func Import(ctx context.Context, c Config, h Hospital) (report []string, err error) {
	if c, err = c.filled(); err != nil && c.Database == "" {
		return nil, err
	}
	master, err := masterKey(c.Data)
	if err != nil {
		return nil, err
	}
	o := ledger.Options{DSN: c.Database, Key: [32]byte(derive(master, "ledger")), Logger: c.Logger}
	if o.DSN == "" {
		o.Path = filepath.Join(c.Data, "padwarden.db")
	}
	l, err := ledger.Open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("opening the ledger: %w", err)
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	who, err := identity.New(identity.Config{Ledger: l, Live: noStore{}, Key: derive(master, "identity"), Now: time.Now, Rand: rand.Reader})
	if err != nil {
		return nil, err
	}
	i := &importer{ctx: ctx, ledger: l, identity: who}
	for _, w := range h.Wards {
		i.ward(w)
	}
	for _, p := range h.Clinicians {
		i.person(p)
	}
	return i.report, errors.Join(i.errs...)
}

// noStore: an import signs nobody in.
type noStore struct{ identity.Store }

type importer struct {
	ctx      context.Context
	ledger   *ledger.Ledger
	identity *identity.Identity
	report   []string
	errs     []error
}

// did notes what was added; what exists already is no error.
func (i *importer) did(what string, err error) bool {
	switch {
	case err == nil:
		i.report = append(i.report, "added   "+what)
	case errors.Is(err, custody.ErrConflict):
		i.report = append(i.report, "exists  "+what)
	default:
		i.errs = append(i.errs, fmt.Errorf("%s: %w", what, err))
	}
	return err == nil
}

func (i *importer) ward(w HospitalWard) {
	policy := custody.DefaultPolicy(w.Fleet, w.Target)
	what := "ward " + w.ID
	if w.ID == "" || w.Name == "" {
		i.did(what, errors.New("a ward needs an id and a name"))
		return
	}
	if err := policy.Validate(); err != nil {
		i.did(what, err)
		return
	}
	i.did(what, i.ledger.AddWard(i.ctx, ledger.Ward{ID: w.ID, Name: w.Name, Policy: policy}))
	for _, d := range w.Devices {
		i.device(w.ID, d)
	}
}

func (i *importer) device(ward string, d HospitalDevice) {
	id := custody.DeviceID(d.Serial)
	if !onetime.ValidDevice(id) {
		i.did("iPad "+d.Serial, errors.New("a serial number has letters, digits and hyphens only"))
		return
	}
	if d.Name == "" {
		d.Name = d.Serial
	}
	i.did("iPad "+d.Serial, i.ledger.AddDevice(i.ctx, ledger.Device{ID: id, Ward: ward, Name: d.Name}))
	if d.Reader == "" {
		return
	}
	credential := rand.Text()
	digest := sha256.Sum256([]byte(credential))
	if i.did("reader "+d.Reader, i.ledger.AddReader(i.ctx, ledger.Reader{ID: d.Reader, Ward: ward, Device: id, Credential: digest[:]})) {
		i.report = append(i.report, "        its credential, shown only now: "+credential)
	}
}

func (i *importer) person(p HospitalPerson) {
	what := "clinician " + p.ID
	if p.ID == "" || p.Name == "" {
		i.did(what, errors.New("a clinician needs an id and a name"))
		return
	}
	fresh := i.did(what, i.ledger.AddClinician(i.ctx, ledger.Clinician{ID: p.ID, Name: p.Name, Account: p.Account, Active: true}))
	if fresh && p.PIN != "" {
		i.did("PIN of "+p.ID, i.identity.SetPIN(i.ctx, p.ID, p.PIN))
	}
	for n, raw := range p.Badges {
		what := fmt.Sprintf("badge %d of %s", n+1, p.ID)
		hash, err := i.identity.Badge(raw)
		if err == nil {
			err = i.ledger.AddBadge(i.ctx, ledger.Badge{Hash: hash, Clinician: p.ID})
		}
		i.did(what, err)
	}
}
