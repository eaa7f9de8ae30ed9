package ledger

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// pinRow is a clinician, and whom the hospital's provider says they are.
type pinRow struct {
	bun.BaseModel `bun:"table:clinicians,alias:clinicians"`
	ID            string `bun:"id,pk"`
	Issuer        string `bun:"issuer,nullzero"`
	Subject       string `bun:"subject,nullzero"`
}

// ClinicianBySubject returns the person, active or not, who is pinned to an
// issuer's subject, or ErrNotFound.
func (l *Ledger) ClinicianBySubject(ctx context.Context, issuer, subject string) (Clinician, error) {
	var row clinicianRow
	err := l.read.NewSelect().Model(&row).Where("issuer = ? AND subject = ?", issuer, subject).Scan(ctx)
	return row.clinician(), failed(ctx, "reading the clinician of a hospital account", err)
}

// PinClinician pins a person to an issuer's subject: nobody else signs in as
// them by their provider from then on. To pin them to the same again changes
// nothing. ErrConflict if they are pinned to another, or the subject is somebody
// else's; ErrNotFound if there is no such person.
func (l *Ledger) PinClinician(ctx context.Context, id, issuer, subject string) error {
	return l.change(ctx, fmt.Sprintf("pinning clinician %q to a hospital account", id), func(ctx context.Context, tx bun.Tx) error {
		if err := l.locked(tx.NewSelect().Model(&pinRow{ID: id}).WherePK()).Scan(ctx); err != nil {
			return err
		}
		return oneRow(custody.ErrConflict)(tx.NewUpdate().Model(&pinRow{ID: id, Issuer: issuer, Subject: subject}).
			Column("issuer", "subject").WherePK().
			Where("issuer IS NULL OR (issuer = ? AND subject = ?)", issuer, subject).Exec(ctx))
	})
}

// unpin lets the next hospital account that is a person's by name be theirs.
func unpin(ctx context.Context, tx bun.Tx, c PersonChange) error {
	if !c.Unpin {
		return nil
	}
	return oneRow(custody.ErrNotFound)(tx.NewUpdate().Model(&pinRow{ID: c.ID}).Column("issuer", "subject").WherePK().Exec(ctx))
}
