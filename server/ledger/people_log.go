package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// PersonDeed is one line of what was done about a person: who did it, what,
// and why. Lines are written with the change they tell of and never altered.
type PersonDeed struct {
	Clinician string
	Seq       int64 // from 1, without gaps
	At        time.Time
	By        string // "staff:Maria Keller", "import", "scim:…"
	What      string // a sentence without badge numbers, PINs or codes
	Why       string // may be empty
}

type deedRow struct {
	bun.BaseModel `bun:"table:people_log"`
	Clinician     string `bun:"clinician,pk"`
	Seq           int64  `bun:"seq,pk"`
	At            int64  `bun:"at,notnull"`
	Actor         string `bun:"actor,notnull"`
	What          string `bun:"what,notnull"`
	Why           string `bun:"why,notnull"`
}

func (r deedRow) deed() PersonDeed {
	return PersonDeed{Clinician: r.Clinician, Seq: r.Seq, At: fromMillis(r.At), By: r.Actor, What: r.What, Why: r.Why}
}

// tell appends the lines of a change.
func (l *Ledger) tell(ctx context.Context, tx bun.Tx, c PersonChange) error {
	if len(c.Deeds) == 0 {
		return nil
	}
	var last int64
	err := tx.NewSelect().Model((*deedRow)(nil)).ColumnExpr("COALESCE(MAX(seq), 0)").Where("clinician = ?", c.ID).Scan(ctx, &last)
	if err != nil {
		return err
	}
	rows := make([]deedRow, len(c.Deeds))
	for i, d := range c.Deeds {
		rows[i] = deedRow{Clinician: c.ID, Seq: last + int64(i) + 1, At: millis(c.At), Actor: d.By, What: d.What, Why: d.Why}
	}
	_, err = tx.NewInsert().Model(&rows).Exec(ctx)
	return err
}

// PersonLog returns what was done about a person, the last first.
func (l *Ledger) PersonLog(ctx context.Context, clinician string, limit int) ([]PersonDeed, error) {
	var rows []deedRow
	if limit <= 0 {
		return nil, nil
	}
	err := l.read.NewSelect().Model(&rows).Where("clinician = ?", clinician).OrderExpr("seq DESC").Limit(int64(limit)).Scan(ctx)
	return each(rows, deedRow.deed), failed(ctx, fmt.Sprintf("reading what was done about %q", clinician), err)
}
