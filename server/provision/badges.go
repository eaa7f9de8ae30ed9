package provision

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/padwarden/padwarden/server/badge"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// Codes of refusals about people.
const (
	RefusedPerson = "person"
	RefusedTaken  = "taken"
	RefusedBadge  = "badge"
)

func refuse(code, format string, a ...any) error {
	return &custody.Refusal{Code: code, Sentence: fmt.Sprintf(format, a...)}
}

// checkPerson refuses what cannot be written of somebody.
func checkPerson(id, name, account string) error {
	var j judged
	for _, t := range []text{{"id", id, maxID, true}, {"name", name, maxName, true}, {"account", account, maxAccount, false}} {
		t.check(&j)
	}
	if j.Verdict == Refused {
		return refuse(RefusedPerson, "%s", strings.Join(j.Says, " "))
	}
	return nil
}

// NewBadge is a card that somebody is given.
type NewBadge struct {
	Raw     string       // as a reader sent it, or as it is printed
	Format  badge.Format // how that is to be read
	Label   string       // what people call it; may be empty
	Expires time.Time    // zero: never
}

// maxLabel bounds what a badge is called, in characters.
const maxLabel = 60

// AddBadge gives somebody a card. One that is anybody's already is refused,
// revoked or not, without a word about whose.
func (o *Office) AddBadge(ctx context.Context, id string, b NewBadge, d Deed) error {
	b.Label = strings.TrimSpace(b.Label)
	switch {
	case utf8.RuneCountInString(b.Label) > maxLabel || strings.ContainsFunc(b.Label, unicode.IsControl):
		return refuse(RefusedBadge, "A badge's name has at most %d characters, in one line.", maxLabel)
	case !b.Expires.IsZero() && !b.Expires.After(o.Now()):
		return refuse(RefusedBadge, "That end has passed already. Choose a later one.")
	}
	hash, err := o.Cards.BadgeAs(b.Format, b.Raw)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("Badge added: %s.", called(b.Label))
	if !b.Expires.IsZero() {
		what = fmt.Sprintf("Badge added: %s, until %s.", called(b.Label), b.Expires.UTC().Format("2006-01-02 15:04 UTC"))
	}
	err = o.change(ctx, ledger.PersonChange{ID: id, Badges: []ledger.Badge{{Hash: hash, Label: b.Label, Expires: b.Expires}}}, what, d, false)
	if errors.Is(err, custody.ErrConflict) {
		return refuse(RefusedTaken, "This badge is known already. Look it up by a tap to see whose it is; a revoked one is not given again.")
	}
	return err
}

// RevokeBadge ends a card of somebody's for good, and the sessions that it
// opened. ref is what [Ref] answers; custody.ErrNotFound if it is none of theirs.
func (o *Office) RevokeBadge(ctx context.Context, id, ref string, d Deed) error {
	badges, err := o.People.Badges(ctx, id)
	if err != nil {
		return err
	}
	for _, b := range badges {
		if Ref(b) != ref {
			continue
		}
		if !b.Revoked.IsZero() {
			o.end(ctx, id) // asked again: perhaps it failed in between
			return nil
		}
		return o.change(ctx, ledger.PersonChange{ID: id, Revoke: [][]byte{b.Hash}}, fmt.Sprintf("Badge revoked: %s.", called(b.Label)), d, true)
	}
	return fmt.Errorf("revoking a badge of %q: %w", id, custody.ErrNotFound)
}

func called(label string) string {
	if label == "" {
		return "one without a name"
	}
	return label
}

// Ref names a badge of one person on pages, where its hash has no place: by the
// part of it that a session's credential shows too.
func Ref(b ledger.Badge) string {
	return hex.EncodeToString(b.Hash[:min(8, len(b.Hash))])
}
