package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

type clinicianRow struct {
	bun.BaseModel `bun:"table:clinicians,alias:clinicians"`
	ID            string `bun:"id,pk"`
	Name          string `bun:"name,notnull"`
	Account       string `bun:"account,nullzero"` // NULL where there is none, so that it can be unique
	PIN           string `bun:"pin,notnull"`
	Active        bool   `bun:"active,notnull"`
	Folded        string `bun:"folded,notnull"` // what is searched
}

// newClinicianRow is c as it is stored.
func newClinicianRow(c Clinician) clinicianRow {
	return clinicianRow{ID: c.ID, Name: c.Name, Account: c.Account, PIN: c.PIN, Active: c.Active,
		Folded: strings.ToLower(c.ID + " " + c.Name + " " + c.Account)}
}

func (r clinicianRow) clinician() Clinician {
	return Clinician{ID: r.ID, Name: r.Name, Account: r.Account, PIN: r.PIN, Active: r.Active}
}

// AddClinician adds a person; ErrConflict if the id or the Managed Apple
// Account is taken.
func (l *Ledger) AddClinician(ctx context.Context, c Clinician) error {
	row := newClinicianRow(c)
	_, err := l.write.NewInsert().Model(&row).Exec(ctx)
	return failed(ctx, fmt.Sprintf("adding clinician %q", c.ID), err)
}

// Clinician returns a person, active or not, or ErrNotFound.
func (l *Ledger) Clinician(ctx context.Context, id string) (Clinician, error) {
	row, err := l.lookups.clinician.one(ctx, id)
	if err != nil {
		return Clinician{}, failed(ctx, fmt.Sprintf("reading clinician %q", id), err)
	}
	return row.clinician(), nil
}

// Clinicians returns everybody, active or not, in the order of their ids.
func (l *Ledger) Clinicians(ctx context.Context) ([]Clinician, error) {
	var rows []clinicianRow
	err := l.read.NewSelect().Model(&rows).OrderExpr("id").Scan(ctx)
	return each(rows, clinicianRow.clinician), failed(ctx, "reading the clinicians", err)
}

// ClinicianByAccount returns the person, active or not, whose Managed Apple
// Account it is, spelt exactly so, or ErrNotFound.
func (l *Ledger) ClinicianByAccount(ctx context.Context, account string) (Clinician, error) {
	var row clinicianRow
	err := l.read.NewSelect().Model(&row).Where("account = ?", account).Scan(ctx)
	return row.clinician(), failed(ctx, "reading the clinician of an account", err)
}

// SetPIN replaces a person's encoded PIN hash; ErrNotFound if there is no such person.
func (l *Ledger) SetPIN(ctx context.Context, id, encoded string) error {
	err := oneRow(custody.ErrNotFound)(l.write.NewUpdate().Model(&clinicianRow{ID: id, PIN: encoded}).Column("pin").WherePK().Exec(ctx))
	return failed(ctx, fmt.Sprintf("setting the PIN of %q", id), err)
}

// SetActive lets a person sign in, or no longer; ErrNotFound if there is no such person.
func (l *Ledger) SetActive(ctx context.Context, id string, active bool) error {
	err := oneRow(custody.ErrNotFound)(l.write.NewUpdate().Model(&clinicianRow{ID: id, Active: active}).Column("active").WherePK().Exec(ctx))
	return failed(ctx, fmt.Sprintf("setting whether %q is active", id), err)
}

type badgeRow struct {
	bun.BaseModel `bun:"table:badges"`
	Hash          []byte `bun:"hash,pk"`
	Clinician     string `bun:"clinician,notnull"`
	Expires       int64  `bun:"expires,notnull"`
	Revoked       int64  `bun:"revoked,notnull"`
	Label         string `bun:"label,notnull"`
	Added         int64  `bun:"added,notnull"`
}

func newBadgeRow(b Badge) badgeRow {
	return badgeRow{Hash: b.Hash, Clinician: b.Clinician, Expires: millis(b.Expires), Revoked: millis(b.Revoked), Label: b.Label, Added: millis(b.Added)}
}

func (r badgeRow) badge() Badge {
	return Badge{Hash: r.Hash, Clinician: r.Clinician, Expires: fromMillis(r.Expires), Revoked: fromMillis(r.Revoked), Label: r.Label, Added: fromMillis(r.Added)}
}

// AddBadge gives a clinician a card; ErrConflict if the card is known, revoked
// or not, ErrNotFound for an unknown clinician.
func (l *Ledger) AddBadge(ctx context.Context, b Badge) error {
	row := newBadgeRow(b)
	_, err := l.write.NewInsert().Model(&row).Exec(ctx)
	return failed(ctx, fmt.Sprintf("adding a badge of %q", b.Clinician), err)
}

// ClinicianByBadge returns whose card it is. ErrNotFound for a card that is
// unknown, has expired at now, or is revoked: the three cannot be told apart.
// Whether the person is still active is for the caller to see.
func (l *Ledger) ClinicianByBadge(ctx context.Context, hash []byte, now time.Time) (Clinician, error) {
	row, err := l.byBadge.one(ctx, hash, now.UnixMilli())
	return row.clinician(), failed(ctx, "reading the clinician of a badge", err)
}

// RevokeBadge ends a card for good at at; ErrNotFound if it is unknown. The
// first time given stays.
func (l *Ledger) RevokeBadge(ctx context.Context, hash []byte, at time.Time) error {
	err := oneRow(custody.ErrNotFound)(l.write.NewUpdate().Model((*badgeRow)(nil)).
		Set("revoked = CASE WHEN revoked = 0 THEN ? ELSE revoked END", at.UnixMilli()).
		Where("hash = ?", hash).Exec(ctx))
	return failed(ctx, "revoking a badge", err)
}
