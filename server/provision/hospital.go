package provision

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/padwarden/padwarden/server/custody"
)

// Hospital is what a JSON file adds: wards, iPads, readers and people.
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
	// WebApps are the ward's own apps, as tiles on the iPad's page while somebody is signed in.
	WebApps []custody.WebApp `json:"web_apps"`
	HospitalAccess
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

// parseJSON reads one hospital and nothing else, and names the line of a
// mistake. Its rows are numbered in the order of the file: each ward is
// followed by its iPads, and people come last.
func parseJSON(text []byte) (File, error) {
	var h Hospital
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&h); err != nil {
		line := 1 + bytes.Count(text[:min(int(d.InputOffset()), len(text))], []byte("\n"))
		return File{}, fmt.Errorf("line %d or just after: %w", line, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return File{}, errors.New("there is more after the hospital's closing brace")
	}
	if len(h.Wards) == 0 && len(h.Clinicians) == 0 {
		return File{}, errors.New("it names no wards and no clinicians; docs/operations.md has an example")
	}
	f := h.File()
	if len(f.wishes) > maxRows {
		return File{}, errTooMany
	}
	return f, nil
}

// File is the hospital as what is imported.
func (h Hospital) File() File {
	var f File
	add := func(w wish) {
		w.n = len(f.wishes) + 1
		f.wishes = append(f.wishes, w)
	}
	for _, w := range h.Wards {
		add(wish{ward: &w})
		for _, d := range w.Devices {
			add(wish{ipad: &ipad{serial: d.Serial, name: d.Name, ward: w.ID, reader: d.Reader}})
		}
	}
	for _, p := range h.Clinicians {
		add(wish{person: &person{id: p.ID, name: p.Name, account: p.Account, badges: p.Badges, pin: p.PIN}})
	}
	return f
}
