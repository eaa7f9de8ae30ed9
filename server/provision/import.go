package provision

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
)

// DryRun says of every row what [Importer.Import] would do with it. It writes nothing.
func (i *Importer) DryRun(ctx context.Context, f File) (Report, error) {
	all, err := i.judge(ctx, f)
	if err != nil {
		return Report{}, err
	}
	var r Report
	for _, j := range all {
		r.Rows = append(r.Rows, j.Row)
	}
	return r, nil
}

// Asked is how a file is imported.
type Asked struct {
	By string // who imports, for the log of people
	// Only, if not nil, are the rows to be written, as a dry run found them: no
	// other is, whatever has become possible since.
	Only []int
	// Each, if not nil, is told of every row once it is done.
	Each func(Row)
}

// Import writes the rows of a file that can be, and reports on them. It may be asked again with the same file: what is there is left as it is.
// The error is one that concerns every row, and what was written before it stays.
func (i *Importer) Import(ctx context.Context, f File, a Asked) (Report, error) {
	all, err := i.judge(ctx, f)
	if err != nil {
		return Report{}, err
	}
	only := make(map[int]bool, len(a.Only))
	for _, n := range a.Only {
		only[n] = true
	}
	var r Report
	for _, j := range all {
		if a.Only != nil && !only[j.N] && j.Verdict != Unchanged && j.Verdict != Refused {
			j.refuse("The dry run did not say so: look at it again.")
		}
		if err := i.write(ctx, &j, a, &r); err != nil {
			if everyRows(ctx, err) {
				return r, fmt.Errorf("row %d: %w", j.N, err)
			}
			j.refuse("It could not be written: somebody changed the same in the meantime. Import it again.")
		}
		r.Rows = append(r.Rows, j.Row)
		if a.Each != nil {
			a.Each(j.Row)
		}
	}
	return r, nil
}

// everyRows: the next row would meet the same.
func everyRows(ctx context.Context, err error) bool {
	return ctx.Err() != nil || !(errors.Is(err, custody.ErrConflict) || errors.Is(err, custody.ErrNotFound))
}

func (i *Importer) write(ctx context.Context, j *judged, a Asked, r *Report) error {
	switch {
	case j.Verdict == Refused || j.Verdict == Unchanged:
		return nil
	case j.ward != nil:
		return i.Ledger.AddWard(ctx, *j.ward, i.said(a, "Imported: %s.", strings.Join(j.Says, "; ")))
	case j.device != nil:
		return i.writeDevice(ctx, *j.device, a, r)
	}
	return i.writePerson(ctx, j, a)
}

// said is a line of the log of a ward.
func (i *Importer) said(a Asked, format string, words ...any) ledger.WardDeed {
	return ledger.WardDeed{At: i.Now(), By: a.By, What: fmt.Sprintf(format, words...)}
}

func (i *Importer) writeDevice(ctx context.Context, d deviceChange, a Asked, r *Report) error {
	switch {
	case d.add:
		if err := i.Ledger.AddDevice(ctx, d.Device, i.said(a, "iPad %s (%s): imported.", d.Name, d.ID)); err != nil {
			return err
		}
	case d.rename:
		if err := i.Ledger.RenameDevice(ctx, d.ID, d.Name, i.said(a, "iPad %s (%s): renamed by an import.", d.Name, d.ID)); err != nil {
			return err
		}
	}
	if d.reader == "" {
		return nil
	}
	make := i.Credential
	if make == nil {
		make = rand.Text
	}
	secret := make()
	digest := sha256.Sum256([]byte(secret))
	if err := i.Ledger.AddReader(ctx, ledger.Reader{ID: d.reader, Ward: d.Ward, Device: d.ID, Credential: digest[:]}, i.said(a, "Reader %s: imported.", d.reader)); err != nil {
		return err
	}
	r.Credentials = append(r.Credentials, Credential{Reader: d.reader, Secret: secret})
	return nil
}

func (i *Importer) writePerson(ctx context.Context, j *judged, a Asked) error {
	c := *j.person
	c.At = i.Now()
	for _, says := range j.Says {
		c.Deeds = append(c.Deeds, ledger.PersonDeed{By: a.By, What: fmt.Sprintf("Imported: %s", says)})
	}
	if err := i.Ledger.ChangePerson(ctx, c); err != nil {
		return err
	}
	if c.Active != nil && !*c.Active && i.Ended != nil {
		i.Ended(ctx, c.ID)
	}
	if j.pin == "" {
		return nil
	}
	return i.setPIN(ctx, j)
}

// pinAgain is how long an import waits where people who sign in take all turns.
const pinAgain = 250 * time.Millisecond

// setPIN gives a first PIN. People at iPads go first: hashing is slow, and an
// import has time.
func (i *Importer) setPIN(ctx context.Context, j *judged) error {
	for {
		err := i.Identity.SetPIN(ctx, j.person.ID, j.pin)
		switch {
		case err == nil:
			return nil
		case custody.Refused(err) == identity.RefusedBusy:
		case custody.Refused(err) != "":
			j.refuse("It was written, but its PIN could not be set: %s", err)
			return nil
		default:
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pinAgain):
		}
	}
}
