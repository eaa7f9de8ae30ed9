package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
)

// prepared is a reading that is done for every message of a device or every tap.
// bun writes values into a statement's text, so that SQLite plans each anew,
// which takes several times as long as its execution; these are planned once a
// connection. PostgreSQL gets the same text with its values beside it.
type prepared struct {
	db   *bun.DB
	text string
	stmt *sql.Stmt // nil on PostgreSQL
}

// preparedReads are all of them.
type preparedReads struct {
	custody, certificate, ward, device, asks, waitingAsks, nextErrand prepared
}

// prepareReads plans the readings. The schema must be up to date.
func (l *Ledger) prepareReads(ctx context.Context) error {
	at := func(n int) schema.Safe { return schema.Safe(fmt.Sprintf("?%d", n)) }
	if l.locksRows {
		at = func(n int) schema.Safe { return schema.Safe(fmt.Sprintf("$%d", n)) }
	}
	from := func(model any) *bun.SelectQuery { return l.read.NewSelect().Model(model) }
	for p, q := range map[*prepared]*bun.SelectQuery{
		&l.reads.custody:     from((*custodyRow)(nil)).Where("device = ?", at(1)),
		&l.reads.certificate: from((*certificateRow)(nil)).Where("hash = ?", at(1)),
		&l.reads.ward:        from((*wardRow)(nil)).Where("id = ?", at(1)),
		&l.reads.device:      from((*deviceRow)(nil)).Where("id = ?", at(1)),
		&l.reads.asks:        from((*askRow)(nil)).Where("device = ?", at(1)).OrderExpr("rank, asked, kind"),
		&l.reads.waitingAsks: from((*askRow)(nil)).Where("device = ?", at(1)).Where("answered = 0 AND expires > ?", at(2)).OrderExpr("rank, asked, kind"),
		&l.reads.nextErrand: from((*errandRow)(nil)).Where("device = ? AND account = ? AND expires > ?", at(1), at(2), at(3)).
			OrderExpr("rank, ordinal").Limit(1),
	} {
		p.db, p.text = l.read, q.String()
		if l.locksRows {
			continue
		}
		var err error
		if p.stmt, err = l.read.DB.PrepareContext(ctx, p.text); err != nil {
			return failed(ctx, "preparing to read", err)
		}
		l.closers = append(l.closers, p.stmt.Close)
	}
	return nil
}

// one reads the one row that there is into a model; sql.ErrNoRows if there is none.
func (p prepared) one(ctx context.Context, model any, values ...any) error {
	found := false
	err := p.each(ctx, model, func() error { found = true; return nil }, values...)
	if err == nil && !found {
		return sql.ErrNoRows
	}
	return err
}

// each reads one row after another into a model, and calls take for each.
func (p prepared) each(ctx context.Context, model any, take func() error, values ...any) (err error) {
	var rows *sql.Rows
	if p.stmt != nil {
		rows, err = p.stmt.QueryContext(ctx, values...)
	} else {
		rows, err = p.db.DB.QueryContext(ctx, p.text, values...)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := p.db.ScanRow(ctx, rows, model); err != nil {
			return err
		}
		if err := take(); err != nil {
			return err
		}
	}
	return rows.Err()
}
