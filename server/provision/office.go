package provision

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/padwarden/padwarden/server/badge"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/revoke"
)

// People is what is read and written of people one at a time.
type People interface {
	Clinician(ctx context.Context, id string) (ledger.Clinician, error)
	FindPeople(ctx context.Context, text string, offset, limit int) (people []ledger.Clinician, more bool, err error)
	Badge(ctx context.Context, hash []byte) (ledger.Badge, error)
	Badges(ctx context.Context, clinician string) ([]ledger.Badge, error)
	PersonLog(ctx context.Context, clinician string, limit int) ([]ledger.PersonDeed, error)
	ChangePerson(ctx context.Context, c ledger.PersonChange) error
	HeldBy(ctx context.Context, clinician string) ([]custody.Custody, error)
}

// Cards knows badges and gives new PINs.
type Cards interface {
	BadgeAs(f badge.Format, raw string) ([]byte, error)
	ResetPIN(ctx context.Context, clinician string) (code string, err error)
}

// Revoker ends sessions.
type Revoker interface {
	End(ctx context.Context, clinician string) ([]custody.Custody, error)
	Unreached(ctx context.Context, clinician string) ([]revoke.Unreached, error)
}

// Office changes people, one at a time. Every change is written with who did it
// and why, and what it revokes ends at once.
type Office struct {
	People  People
	Cards   Cards
	Revoker Revoker
	Now     func() time.Time
	Log     *slog.Logger // nil: silent
}

// Deed says who does something about a person, and why.
type Deed struct{ By, Why string }

// Person is somebody with all that is known of them.
type Person struct {
	ledger.Clinician
	Badges    []ledger.Badge
	Held      []custody.Custody  // rows that still name them as holder
	Unreached []revoke.Unreached // of those, the ones that a revocation could not reach
	Log       []ledger.PersonDeed
}

// shownLog is how many lines of what was done are shown with a person.
const shownLog = 100

// Person returns somebody, or custody.ErrNotFound.
func (o *Office) Person(ctx context.Context, id string) (p Person, err error) {
	if p.Clinician, err = o.People.Clinician(ctx, id); err != nil {
		return p, err
	}
	if p.Badges, err = o.People.Badges(ctx, id); err != nil {
		return p, err
	}
	if p.Held, err = o.People.HeldBy(ctx, id); err != nil {
		return p, err
	}
	if p.Unreached, err = o.Revoker.Unreached(ctx, id); err != nil {
		return p, err
	}
	p.Log, err = o.People.PersonLog(ctx, id, shownLog)
	return p, err
}

// Find returns people whose id, name or account holds text, by name.
func (o *Office) Find(ctx context.Context, text string, offset, limit int) (people []ledger.Clinician, more bool, err error) {
	return o.People.FindPeople(ctx, text, offset, limit)
}

// Owner returns whose badge a reader sent, over or not: who looks a lost card
// up wants to know that too. custody.ErrNotFound for one that is nobody's, a
// [*custody.Refusal] for what is no badge.
func (o *Office) Owner(ctx context.Context, format badge.Format, raw string) (ledger.Badge, error) {
	hash, err := o.Cards.BadgeAs(format, raw)
	if err != nil {
		return ledger.Badge{}, err
	}
	return o.People.Badge(ctx, hash)
}

// Unreached lists the devices that revocations could not reach.
func (o *Office) Unreached(ctx context.Context) ([]revoke.Unreached, error) {
	return o.Revoker.Unreached(ctx, "")
}

// change writes one change with its line, and ends what it revokes.
func (o *Office) change(ctx context.Context, c ledger.PersonChange, what string, d Deed, revokes bool) error {
	c.At = o.Now()
	c.Deeds = []ledger.PersonDeed{{By: d.By, What: what, Why: d.Why}}
	if err := o.People.ChangePerson(ctx, c); err != nil {
		return err
	}
	if revokes {
		o.end(ctx, c.ID)
	}
	return nil
}

// end ends sessions at once. Where it fails the servers' own look makes up for
// it within [revoke.Every]: what was written stands, so nobody is told otherwise.
func (o *Office) end(ctx context.Context, clinician string) {
	if _, err := o.Revoker.End(ctx, clinician); err != nil && o.Log != nil {
		o.Log.Warn("sessions could not be ended at once; they are within seconds", "clinician", clinician, "err", err)
	}
}

// Ended ends the sessions of somebody who was just revoked; [Importer.Ended].
func (o *Office) Ended(ctx context.Context, clinician string) { o.end(ctx, clinician) }

// Add adds somebody, who is active and has neither badge nor PIN.
func (o *Office) Add(ctx context.Context, c ledger.Clinician, d Deed) error {
	if err := checkPerson(c.ID, c.Name, c.Account); err != nil {
		return err
	}
	return o.change(ctx, ledger.PersonChange{ID: c.ID, New: true, Name: &c.Name, Account: &c.Account, Active: &c.Active}, fmt.Sprintf("Added: %s", c.Name), d, false)
}

// Rename changes somebody's name and account.
func (o *Office) Rename(ctx context.Context, id, name, account string, d Deed) error {
	if err := checkPerson(id, name, account); err != nil {
		return err
	}
	was, err := o.People.Clinician(ctx, id)
	if err != nil {
		return err
	}
	c := ledger.PersonChange{ID: id}
	var what []string
	if name != was.Name {
		c.Name = &name
		what = append(what, fmt.Sprintf("The name is %s, no longer %s.", name, was.Name))
	}
	if account != was.Account {
		c.Account = &account
		what = append(what, fmt.Sprintf("The account is %s, no longer %s.", orNone(account), orNone(was.Account)))
	}
	if what == nil {
		return nil
	}
	return o.change(ctx, c, strings.Join(what, " "), d, false)
}

// Unpin lets the hospital account go that signed in as somebody, so that another
// one that is theirs by name can: it was made anew, or was never theirs. Their
// open sessions go on.
func (o *Office) Unpin(ctx context.Context, id string, d Deed) error {
	return o.change(ctx, ledger.PersonChange{ID: id, Unpin: true}, "The hospital account that signed in as them was let go.", d, false)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// SetActive lets somebody sign in, or no longer; then their sessions end.
func (o *Office) SetActive(ctx context.Context, id string, active bool, d Deed) error {
	was, err := o.People.Clinician(ctx, id)
	if err != nil {
		return err
	}
	if was.Active == active {
		if !active { // asked again: perhaps it failed in between
			o.end(ctx, id)
		}
		return nil
	}
	what := "May sign in again."
	if !active {
		what = "May no longer sign in; open sessions end."
	}
	return o.change(ctx, ledger.PersonChange{ID: id, Active: &active}, what, d, !active)
}

// NewPIN takes the PIN away and returns a one-time code that sets a new one. It
// is told once and kept nowhere as it is.
func (o *Office) NewPIN(ctx context.Context, id string, d Deed) (code string, err error) {
	// The line first: a code that nobody knows of would be worse than a line
	// about one that was never made.
	if err := o.change(ctx, ledger.PersonChange{ID: id}, "A new PIN: a one-time code was asked for.", d, false); err != nil {
		return "", err
	}
	return o.Cards.ResetPIN(ctx, id)
}
