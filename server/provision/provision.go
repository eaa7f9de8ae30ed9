// Package provision brings people, badges, wards and iPads into the ledger, and
// changes them there: by a file, by hand at the console, or by a directory.
//
// A file is read whole, and every row of it judged against the ledger as it
// stands, before anything is written. The dry run stops there; the real one
// then writes the rows that were judged well, so that it does what the dry run
// said. A row that is refused stops no other.
//
// Nothing that is told here holds a PIN or a badge's number: a badge is named
// by its place in the row.
package provision

import (
	"context"
	"time"

	"github.com/padwarden/padwarden/server/badge"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// Ledger is what an import reads and writes.
type Ledger interface {
	Wards(ctx context.Context) ([]ledger.Ward, error)
	AddWard(ctx context.Context, w ledger.Ward, said ...ledger.WardDeed) error
	Devices(ctx context.Context, ward string) ([]ledger.Device, error)
	AddDevice(ctx context.Context, d ledger.Device, said ...ledger.WardDeed) error
	RenameDevice(ctx context.Context, id custody.DeviceID, name string, said ...ledger.WardDeed) error
	Readers(ctx context.Context) ([]ledger.Reader, error)
	AddReader(ctx context.Context, r ledger.Reader, said ...ledger.WardDeed) error
	Clinicians(ctx context.Context) ([]ledger.Clinician, error)
	Badges(ctx context.Context, clinician string) ([]ledger.Badge, error)
	ChangePerson(ctx context.Context, c ledger.PersonChange) error
}

// Identity knows badges and PINs.
type Identity interface {
	BadgeAs(f badge.Format, raw string) ([]byte, error)
	SetPIN(ctx context.Context, clinician, pin string) error
}

// Importer judges and imports files.
type Importer struct {
	Ledger   Ledger
	Identity Identity
	Now      func() time.Time
	// Zone is where a day ends; nil: the server's own.
	Zone *time.Location
	// Credential makes a badge reader's secret; nil: crypto/rand.
	Credential func() string
	// Ended is told of a person who may no longer sign in, once that is
	// written: their sessions are to end. nil: the servers find out by themselves.
	Ended func(ctx context.Context, clinician string)
}

// Verdict is what becomes of a row.
type Verdict string

const (
	Added     Verdict = "add"
	Changed   Verdict = "change"
	Unchanged Verdict = "unchanged"
	Refused   Verdict = "refused"
)

// Row is what an import does, or would do, with one row of a file.
type Row struct {
	N       int      `json:"n"`    // in the file; a CSV file's header is row 1
	What    string   `json:"what"` // "clinician ada", "iPad DMPX1234ABCD"
	Name    string   `json:"name"`
	Verdict Verdict  `json:"verdict"`
	Says    []string `json:"says"` // what is added or changed, or why it is refused
}

// Report says what became of every row. A dry run and the real one after it
// have the same rows.
type Report struct {
	Rows []Row `json:"rows"`
	// Credentials of the readers that were added, which are shown only now.
	Credentials []Credential `json:"credentials,omitempty"`
}

// Credential is a badge reader's secret.
type Credential struct {
	Reader string `json:"reader"`
	Secret string `json:"secret"`
}

// Count returns how many rows have a verdict.
func (r Report) Count(v Verdict) (n int) {
	for _, row := range r.Rows {
		if row.Verdict == v {
			n++
		}
	}
	return n
}
