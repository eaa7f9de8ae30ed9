package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// Import is one import and how far it has come.
type Import struct {
	ID    string
	File  string // what it was called; may be empty
	By    string
	Began time.Time
	// Ended is zero while it goes on, and where its server went away in the middle:
	// then Stopped is set.
	Ended                   time.Time
	Stopped                 bool
	Total, Done             int
	Added, Changed, Refused int
	Failed                  string // why it ended before the last row; empty: it did not
	Lines                   []ImportLine
}

// ImportLine is a row that was refused.
type ImportLine struct {
	N    int      `json:"n"`
	What string   `json:"what"`
	Name string   `json:"name,omitempty"`
	Says []string `json:"says"`
}

type importRow struct {
	bun.BaseModel `bun:"table:imports"`
	ID            string `bun:"id,pk"`
	File          string `bun:"file,notnull"`
	Staff         string `bun:"staff,notnull"`
	Began         int64  `bun:"began,notnull"`
	Beat          int64  `bun:"beat,notnull"`
	Ended         int64  `bun:"ended,notnull"`
	Total         int    `bun:"total,notnull"`
	Done          int    `bun:"done,notnull"`
	Added         int    `bun:"added,notnull"`
	Changed       int    `bun:"changed,notnull"`
	Refused       int    `bun:"refused,notnull"`
	Failed        string `bun:"failed,notnull"`
	Body          string `bun:"body,notnull"`
}

func newImportRow(i Import) (importRow, error) {
	body, err := json.Marshal(i.Lines)
	return importRow{ID: i.ID, File: i.File, Staff: i.By, Began: millis(i.Began), Ended: millis(i.Ended), Total: i.Total, Done: i.Done,
		Added: i.Added, Changed: i.Changed, Refused: i.Refused, Failed: i.Failed, Body: string(body)}, err
}

// BeginImport writes down that an import begins. ErrConflict while another goes
// on, which one that has been silent for quiet does not: its server is gone.
func (l *Ledger) BeginImport(ctx context.Context, i Import, quiet time.Duration) error {
	return l.change(ctx, "beginning an import", func(ctx context.Context, tx bun.Tx) error {
		row, err := newImportRow(i)
		if err != nil {
			return err
		}
		if row.Beat, err = l.now(ctx, tx); err != nil {
			return err
		}
		if l.locksRows { // there may be no row yet that two servers could lock
			if _, err := tx.ExecContext(ctx, "LOCK TABLE imports IN EXCLUSIVE MODE"); err != nil {
				return err
			}
		}
		n, err := tx.NewSelect().Model((*importRow)(nil)).Where("ended = 0 AND beat > ?", row.Beat-quiet.Milliseconds()).Count(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("another goes on: %w", custody.ErrConflict)
		}
		_, err = tx.NewInsert().Model(&row).Exec(ctx)
		return err
	})
}

// KeepImport writes how far an import has come; ErrNotFound if it never began.
func (l *Ledger) KeepImport(ctx context.Context, i Import) error {
	row, err := newImportRow(i)
	if err == nil {
		err = oneRow(custody.ErrNotFound)(l.write.NewUpdate().Model(&row).Column("ended", "done", "added", "changed", "refused", "failed", "body").
			Set("beat = " + l.clock).WherePK().Exec(ctx))
	}
	return failed(ctx, "keeping how far an import has come", err)
}

// LastImport returns the import that began last, or ErrNotFound. quiet as for
// [Ledger.BeginImport].
func (l *Ledger) LastImport(ctx context.Context, quiet time.Duration) (i Import, err error) {
	var row importRow
	err = l.read.NewSelect().Model(&row).OrderExpr("began DESC, beat DESC").Limit(1).Scan(ctx)
	var now int64
	if err == nil {
		now, err = l.now(ctx, l.read)
	}
	if err == nil {
		i = Import{ID: row.ID, File: row.File, By: row.Staff, Began: fromMillis(row.Began), Ended: fromMillis(row.Ended), Total: row.Total, Done: row.Done,
			Added: row.Added, Changed: row.Changed, Refused: row.Refused, Failed: row.Failed,
			Stopped: row.Ended == 0 && row.Beat <= now-quiet.Milliseconds()}
		err = json.Unmarshal([]byte(row.Body), &i.Lines)
	}
	return i, failed(ctx, "reading the last import", err)
}
