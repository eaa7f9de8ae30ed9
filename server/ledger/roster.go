package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// PersonChange is one change of one person, written all or nothing together
// with its lines. What is nil or empty stays as it is.
type PersonChange struct {
	ID string
	// Unpin: the hospital account that signed in as them is theirs no longer.
	Unpin   bool
	New     bool // the person is added: active unless Active says otherwise
	Name    *string
	Account *string
	Active  *bool
	Badges  []Badge  // given; Clinician is ID
	Revoke  [][]byte // hashes of badges of this person that end at At
	// RevokeAll ends every badge that has not ended.
	RevokeAll bool
	// Directory is what a directory calls them from now on.
	Directory *DirectoryName
	At        time.Time
	Deeds     []PersonDeed // By, What and Why; the rest is filled in
}

// ChangePerson writes a change. ErrConflict if the id is taken, or the account
// or a badge is somebody's; ErrNotFound for an unknown person, or a badge to
// revoke that is not theirs.
func (l *Ledger) ChangePerson(ctx context.Context, c PersonChange) error {
	return l.change(ctx, fmt.Sprintf("changing clinician %q", c.ID), func(ctx context.Context, tx bun.Tx) error {
		if err := l.changeClinician(ctx, tx, c); err != nil {
			return err
		}
		for _, b := range c.Badges {
			b.Clinician, b.Added = c.ID, c.At
			row := newBadgeRow(b)
			if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
				return err
			}
		}
		for _, hash := range c.Revoke {
			err := oneRow(custody.ErrNotFound)(tx.NewUpdate().Model((*badgeRow)(nil)).
				Set("revoked = CASE WHEN revoked = 0 THEN ? ELSE revoked END", millis(c.At)).
				Where("hash = ? AND clinician = ?", hash, c.ID).Exec(ctx))
			if err != nil {
				return err
			}
		}
		if c.RevokeAll {
			_, err := tx.NewUpdate().Model((*badgeRow)(nil)).Set("revoked = ?", millis(c.At)).Where("clinician = ? AND revoked = 0", c.ID).Exec(ctx)
			if err != nil {
				return err
			}
		}
		if err := putDirectoryName(ctx, tx, c); err != nil {
			return err
		}
		if err := unpin(ctx, tx, c); err != nil {
			return err
		}
		return l.tell(ctx, tx, c)
	})
}

// changeClinician writes the person's own row. It is locked until the end of
// the transaction, so that lines about one person are numbered one by one.
func (l *Ledger) changeClinician(ctx context.Context, tx bun.Tx, c PersonChange) error {
	set := func(who *Clinician) {
		if c.Name != nil {
			who.Name = *c.Name
		}
		if c.Account != nil {
			who.Account = *c.Account
		}
		if c.Active != nil {
			who.Active = *c.Active
		}
	}
	if c.New {
		who := Clinician{ID: c.ID, Active: true}
		set(&who)
		row := newClinicianRow(who)
		_, err := tx.NewInsert().Model(&row).Exec(ctx)
		return err
	}
	row := clinicianRow{ID: c.ID}
	if err := l.locked(tx.NewSelect().Model(&row).WherePK()).Scan(ctx); err != nil {
		return err
	}
	if c.Name == nil && c.Account == nil && c.Active == nil {
		return nil
	}
	who := row.clinician()
	set(&who)
	row = newClinicianRow(who)
	_, err := tx.NewUpdate().Model(&row).Column("name", "account", "active", "folded").WherePK().Exec(ctx)
	return err
}

// Badges returns a person's cards, of everybody if clinician is empty: those
// that are over too, in the order of their addition.
func (l *Ledger) Badges(ctx context.Context, clinician string) ([]Badge, error) {
	var rows []badgeRow
	q := l.read.NewSelect().Model(&rows).OrderExpr("added, hash")
	if clinician != "" {
		q.Where("clinician = ?", clinician)
	}
	err := q.Scan(ctx)
	return each(rows, badgeRow.badge), failed(ctx, "reading badges", err)
}

// maxPeople bounds one page of a search.
const maxPeople = 200

// FindPeople returns the people whose id, name or account holds text, in any
// case, by name; all of them for an empty text. more says that there are others
// after those.
func (l *Ledger) FindPeople(ctx context.Context, text string, offset, limit int) (people []Clinician, more bool, err error) {
	limit = max(1, min(limit, maxPeople))
	var rows []clinicianRow
	q := l.read.NewSelect().Model(&rows).OrderExpr("name, id").Offset(int64(max(offset, 0))).Limit(int64(limit) + 1)
	for _, word := range strings.Fields(strings.ToLower(text)) {
		q.Where(`folded LIKE ? ESCAPE '\'`, "%"+literal.Replace(word)+"%")
	}
	if err := q.Scan(ctx); err != nil {
		return nil, false, failed(ctx, "looking people up", err)
	}
	if more = len(rows) > limit; more {
		rows = rows[:limit]
	}
	return each(rows, clinicianRow.clinician), more, nil
}

// literal makes the signs of a LIKE pattern stand for themselves.
var literal = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// Badge returns a card by its hash, over or not, or ErrNotFound.
func (l *Ledger) Badge(ctx context.Context, hash []byte) (Badge, error) {
	row := badgeRow{Hash: hash}
	err := l.read.NewSelect().Model(&row).WherePK().Scan(ctx)
	return row.badge(), failed(ctx, "reading a badge", err)
}
