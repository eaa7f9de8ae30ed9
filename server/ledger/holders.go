package ledger

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// HeldBy returns the rows whose holder a clinician is, in the order of their
// devices: in use, locked, or not yet proven clean of their data.
func (l *Ledger) HeldBy(ctx context.Context, clinician string) ([]custody.Custody, error) {
	if clinician == "" {
		return nil, nil
	}
	var rows []custodyRow
	err := l.read.NewSelect().Model(&rows).Where("holder = ?", clinician).OrderExpr("device").Scan(ctx)
	held := make([]custody.Custody, 0, len(rows))
	for _, r := range rows {
		c, bad := r.custody()
		if bad != nil {
			err = bad
			continue
		}
		held = append(held, c)
	}
	return held, failed(ctx, fmt.Sprintf("reading what %q holds", clinician), err)
}

// fillHolders gives rows that were written before holders had a column theirs.
func (l *Ledger) fillHolders(ctx context.Context) error {
	for {
		var rows []custodyRow
		if err := l.write.NewSelect().Model(&rows).Where("holder IS NULL").OrderExpr("device").Limit(page).Scan(ctx); err != nil {
			return failed(ctx, "reading rows without a holder's column", err)
		}
		if len(rows) == 0 {
			return nil
		}
		if err := l.change(ctx, "filling holders in", func(ctx context.Context, tx bun.Tx) error { return fillHolders(ctx, tx, rows) }); err != nil {
			return err
		}
	}
}

func fillHolders(ctx context.Context, tx bun.Tx, rows []custodyRow) error {
	for _, r := range rows {
		c, _ := r.custody() // one that cannot be read holds nobody, and is said to be broken where it is used
		_, err := tx.NewUpdate().Model((*custodyRow)(nil)).Set("holder = ?", c.Holder).
			Where("device = ? AND holder IS NULL", r.Device).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}
