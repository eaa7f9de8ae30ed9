package ledger

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// UseRenewal writes that a device has come under a renewed certificate, and
// ends those before it that stand for the same enrolment: the device has given
// them up. Certificates of other enrolments are left as they are. A second call
// changes nothing. ErrNotFound if hash is no renewal that stands.
func (l *Ledger) UseRenewal(ctx context.Context, hash string) error {
	return l.change(ctx, "taking up a renewed certificate", func(ctx context.Context, tx bun.Tx) error {
		row := certificateRow{Hash: hash}
		if err := tx.NewSelect().Model(&row).WherePK().Where("enrolment <> '' AND revoked = 0 AND superseded = 0").Scan(ctx); err != nil {
			return err
		}
		if _, err := l.hold(ctx, tx, row.Device); err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model((*certificateRow)(nil)).Set("used = "+l.clock).
			Where("hash = ? AND used = 0", hash).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewUpdate().Model((*certificateRow)(nil)).Set("superseded = "+l.clock).
			Where("device = ? AND ordinal < ? AND superseded = 0", row.Device, row.Ordinal).
			Where("(hash = ? OR enrolment = ?)", row.Enrolment, row.Enrolment).Exec(ctx)
		return err
	})
}

// Expiring returns at most limit certificates that devices speak under and that
// expire after the given one and before the given time, the earliest first.
// The zero Certificate begins; the last of a full page leads to the next.
func (l *Ledger) Expiring(ctx context.Context, after Certificate, before time.Time, limit int) ([]Certificate, error) {
	var rows []certificateRow
	from := millis(after.Expires)
	err := l.read.NewSelect().Model(&rows).
		Where("udid <> '' AND revoked = 0 AND superseded = 0 AND (enrolment = '' OR used <> 0)").
		Where("expires < ? AND (expires > ? OR (expires = ? AND hash > ?))", before.UnixMilli(), from, from, after.Hash).
		OrderExpr("expires, hash").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, failed(ctx, "looking for certificates that expire", err)
	}
	out := make([]Certificate, len(rows))
	for i, r := range rows {
		out[i] = r.certificate()
	}
	return out, nil
}
