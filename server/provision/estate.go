package provision

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/mdm/onetime"
	"github.com/padwarden/padwarden/server/policytext"
)

// Things is what is read and written of wards, iPads and readers one at a time.
type Things interface {
	Ward(ctx context.Context, id string) (ledger.Ward, error)
	AddWard(ctx context.Context, w ledger.Ward, said ...ledger.WardDeed) error
	ChangeWard(ctx context.Context, c ledger.WardChange) error
	RemoveWard(ctx context.Context, id string, version int64, at time.Time, said ...ledger.WardDeed) error
	RestoreWard(ctx context.Context, id string, said ...ledger.WardDeed) error
	Custody(ctx context.Context, id custody.DeviceID) (custody.Custody, error)
	Device(ctx context.Context, id custody.DeviceID) (ledger.Device, error)
	AddDevice(ctx context.Context, d ledger.Device, said ...ledger.WardDeed) error
	RenameDevice(ctx context.Context, id custody.DeviceID, name string, said ...ledger.WardDeed) error
	Reader(ctx context.Context, id string) (ledger.Reader, error)
	ReaderFor(ctx context.Context, device custody.DeviceID) (ledger.Reader, error)
	AddReader(ctx context.Context, r ledger.Reader, said ...ledger.WardDeed) error
	RenewReader(ctx context.Context, id string, credential []byte, said ...ledger.WardDeed) error
	TieReader(ctx context.Context, id string, device custody.DeviceID, said ...ledger.WardDeed) error
	RemoveReader(ctx context.Context, id string, said ...ledger.WardDeed) error
}

// Steward changes custody, and nobody else does.
type Steward interface {
	Apply(ctx context.Context, id custody.DeviceID, e custody.Event) (custody.Custody, error)
}

// Estate changes wards, iPads and readers, one at a time. Every change is
// written with who did it and why.
type Estate struct {
	Things  Things
	Steward Steward
	Now     func() time.Time
	// Credential makes a badge reader's secret; nil: crypto/rand.
	Credential func() string
}

// Codes of refusals about things.
const (
	RefusedWard   = "ward"
	RefusedDevice = "device"
	RefusedReader = "reader"
	RefusedOld    = "changed_meanwhile"
)

func (e *Estate) said(d Deed, format string, words ...any) ledger.WardDeed {
	return ledger.WardDeed{At: e.Now(), By: d.By, What: fmt.Sprintf(format, words...), Why: d.Why}
}

// check refuses what cannot be written, under code.
func check(code string, texts ...text) error {
	var j judged
	for _, t := range texts {
		t.check(&j)
	}
	if j.Verdict == Refused {
		return refuse(code, "%s", strings.Join(j.Says, " "))
	}
	return nil
}

// The fields of a ward beside those of its policy.
const (
	WardID   = "ward_id"
	WardName = "ward_name"
)

// CheckWard says what is wrong with a ward's id and name, by field.
func CheckWard(id, name string) map[string]string {
	faults := map[string]string{}
	for field, t := range map[string]text{WardID: {"id", id, maxID, true}, WardName: {"name", name, maxName, true}} {
		if err := check(RefusedWard, t); err != nil {
			faults[field] = err.Error()
		}
	}
	if strings.ContainsAny(id, "/?#%\\") || id == "." || id == ".." {
		faults[WardID] = "An id that is part of addresses has no slash, question mark, number sign, per cent sign or backslash in it."
	}
	return faults
}

// valid refuses a ward that cannot be.
func valid(w ledger.Ward) error {
	for _, said := range CheckWard(w.ID, w.Name) {
		return refuse(RefusedWard, "%s", said)
	}
	if err := w.Policy.Validate(); err != nil {
		return refuse(RefusedWard, "%s", policytext.Sentence(err.Error()))
	}
	return nil
}

// AddWard adds a ward.
func (e *Estate) AddWard(ctx context.Context, w ledger.Ward, d Deed) error {
	if err := valid(w); err != nil {
		return err
	}
	err := e.Things.AddWard(ctx, w, e.said(d, "Ward %s was made.", w.Name))
	if errors.Is(err, custody.ErrConflict) {
		return refuse(RefusedTaken, "There is a ward of this id already, or there was: choose another id, or bring that one back.")
	}
	return err
}

// ChangeWard changes a ward's name and policy from the version that was read.
// Who comes second is told so, and nothing of theirs is written.
func (e *Estate) ChangeWard(ctx context.Context, id string, version int64, name string, p custody.Policy, d Deed) error {
	was, err := e.Things.Ward(ctx, id)
	if err != nil {
		return err
	}
	if err := valid(ledger.Ward{ID: id, Name: name, Policy: p}); err != nil {
		return err
	}
	var said []ledger.WardDeed
	if name != was.Name {
		said = append(said, e.said(d, "Name: from %s to %s.", was.Name, name))
	}
	for _, what := range policytext.Changes(was.Policy, p) {
		said = append(said, e.said(d, "%s", what))
	}
	if was.Version == version && len(said) == 0 {
		return nil
	}
	err = e.Things.ChangeWard(ctx, ledger.WardChange{ID: id, Version: version, Name: name, Policy: p, Badges: was.Badges, Said: said})
	switch {
	case errors.Is(err, custody.ErrStale):
		return refuse(RefusedOld, "Somebody else has changed this ward since you opened it, so nothing of yours was saved. Look at what it says now, then try again.")
	case errors.Is(err, custody.ErrConflict):
		return refuse(RefusedWard, "Some of this ward's iPads are in use, locked or being wiped, by the plan of its old kind. Change the kind of fleet or what it locks to once they are clean.")
	}
	return err
}

// RemoveWard takes an empty ward off the lists.
func (e *Estate) RemoveWard(ctx context.Context, id string, version int64, d Deed) error {
	err := e.Things.RemoveWard(ctx, id, version, e.Now(), e.said(d, "The ward was removed."))
	switch {
	case errors.Is(err, custody.ErrStale):
		return refuse(RefusedOld, "Somebody else has changed this ward since you opened it. Look at what it says now, then try again.")
	case errors.Is(err, custody.ErrConflict):
		return refuse(RefusedWard, "This ward has iPads or readers. Move its iPads and remove its readers first.")
	}
	return err
}

// RestoreWard brings a removed ward back.
func (e *Estate) RestoreWard(ctx context.Context, id string, d Deed) error {
	return e.Things.RestoreWard(ctx, id, e.said(d, "The ward was brought back."))
}

// AddDevice lets an iPad enrol. It is named by its serial number where it has no name.
func (e *Estate) AddDevice(ctx context.Context, device ledger.Device, d Deed) error {
	if !onetime.ValidDevice(device.ID) {
		return refuse(RefusedDevice, "A serial number has letters, digits and hyphens only, at most 64.")
	}
	if device.Name == "" {
		device.Name = string(device.ID)
	}
	if err := checkName(device.Name); err != nil {
		return err
	}
	err := e.Things.AddDevice(ctx, device, e.said(d, "iPad %s (%s): added.", device.Name, device.ID))
	switch {
	case errors.Is(err, custody.ErrConflict):
		return refuse(RefusedTaken, "There is an iPad of this serial number already.")
	case errors.Is(err, custody.ErrNotFound):
		return refuse(RefusedDevice, "There is no such ward. Choose one of the list.")
	}
	return err
}

// checkName refuses what cannot be shown as a name of one line.
func checkName(name string) error {
	if strings.ContainsFunc(name, func(r rune) bool { return r >= '\u2028' && r <= '\u2029' || r >= '\u202a' && r <= '\u202e' }) {
		return refuse(RefusedDevice, "This name has characters that change how what follows it is read. Type it anew.")
	}
	return check(RefusedDevice, text{"name", name, maxName, true})
}

// RenameDevice changes what people call an iPad.
func (e *Estate) RenameDevice(ctx context.Context, id custody.DeviceID, name string, d Deed) error {
	if err := checkName(name); err != nil {
		return err
	}
	was, err := e.Things.Device(ctx, id)
	if err != nil || was.Name == name {
		return err
	}
	return e.Things.RenameDevice(ctx, id, name, e.said(d, "iPad %s (%s): renamed to %s.", was.Name, id, name))
}

// MoveDevice takes an iPad that nobody has to another ward, from the hand-over
// that was seen; 0: whichever it is.
func (e *Estate) MoveDevice(ctx context.Context, id custody.DeviceID, to string, epoch int64, d Deed) (custody.Custody, error) {
	row, err := e.Things.Custody(ctx, id)
	if err != nil {
		return row, err
	}
	ward, err := e.Things.Ward(ctx, to)
	if err != nil || !ward.Removed.IsZero() {
		return row, errors.Join(err, refuse(RefusedWard, "There is no such ward. Choose one of the list."))
	}
	switch reader, err := e.Things.ReaderFor(ctx, id); {
	case err == nil:
		return row, refuse(RefusedReader, "The reader %s is tied to this iPad and stays where it is. Untie it first.", reader.ID)
	case !errors.Is(err, custody.ErrNotFound):
		return row, err
	}
	from, err := e.Things.Ward(ctx, row.Ward)
	if err != nil {
		return row, err
	}
	return e.Steward.Apply(ctx, id, custody.Move{By: d.By, To: to, Epoch: epoch, Keeps: keeps(from.Policy, ward.Policy, row.Proof)})
}

// keeps: an iPad that is clean by proof on a ward of the one policy is set up for
// a ward of the other, and clean there.
func keeps(from, to custody.Policy, proof custody.Proof) bool {
	return from.Fleet == to.Fleet && from.Target == to.Target && (proof.Attested || to.Accepts(proof.Grade)) &&
		slices.Equal(from.ManagedApps, to.ManagedApps) && slices.Equal(from.ClinicalApps, to.ClinicalApps)
}

// AddReader adds a badge reader and returns its secret, which is told only now.
func (e *Estate) AddReader(ctx context.Context, r ledger.Reader, d Deed) (secret string, err error) {
	if err := check(RefusedReader, text{"id", r.ID, maxID, true}); err != nil {
		return "", err
	}
	if strings.ContainsAny(r.ID, "/?#%\\ ") {
		return "", refuse(RefusedReader, "A reader's id is part of an address: it has no space and no slash, question mark, number sign, per cent sign or backslash in it.")
	}
	secret, r.Credential = e.secret()
	err = e.Things.AddReader(ctx, r, e.said(d, "Reader %s: added.", r.ID))
	switch {
	case errors.Is(err, custody.ErrConflict):
		return "", refuse(RefusedTaken, "There is a reader of this id already.")
	case errors.Is(err, custody.ErrNotFound):
		return "", refuse(RefusedReader, "There is no such ward. Choose one of the list.")
	}
	return secret, err
}

func (e *Estate) secret() (secret string, digest []byte) {
	made := e.Credential
	if made == nil {
		made = rand.Text
	}
	secret = made()
	sum := sha256.Sum256([]byte(secret))
	return secret, sum[:]
}

// RenewReader gives a reader another secret; the one it had opens nothing from now on.
func (e *Estate) RenewReader(ctx context.Context, id string, d Deed) (secret string, err error) {
	secret, digest := e.secret()
	return secret, e.Things.RenewReader(ctx, id, digest, e.said(d, "Reader %s: a new secret.", id))
}

// TieReader makes a reader the dock's of an iPad, or one on the wall without one.
func (e *Estate) TieReader(ctx context.Context, id string, device custody.DeviceID, d Deed) error {
	said := e.said(d, "Reader %s: on the wall, for whichever iPad is clean.", id)
	if device != "" {
		said = e.said(d, "Reader %s: on the dock of iPad %s.", id, device)
	}
	err := e.Things.TieReader(ctx, id, device, said)
	switch {
	case errors.Is(err, custody.ErrConflict):
		return refuse(RefusedReader, "This iPad has another reader, or is on another ward.")
	case errors.Is(err, custody.ErrNotFound) && device != "":
		return refuse(RefusedReader, "There is no iPad of this serial number on the reader's ward.")
	}
	return err
}

// RemoveReader forgets a reader: its taps are refused from now on.
func (e *Estate) RemoveReader(ctx context.Context, id string, d Deed) error {
	return e.Things.RemoveReader(ctx, id, e.said(d, "Reader %s: removed.", id))
}
