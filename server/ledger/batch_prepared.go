package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// batchStatements are what a batch of commits does to every row of it, where a
// statement costs no round trip (SQLite): prepared, they take 3 µs each, while
// one statement for all rows has to be parsed every time, at 20 µs a row.
type batchStatements struct {
	read, update, note step
}

func newBatchStatements(clock string) batchStatements {
	return batchStatements{
		read: step{text: "SELECT epoch, version, entries, attempt FROM custody WHERE device = ?"},
		update: step{text: "UPDATE custody SET ward = ?, state = ?, holder = ?, epoch = ?, version = ?, entries = ?, attempt = ?, body = ?, written_at = " + clock +
			" WHERE device = ? AND epoch = ? AND version = ?"},
		note: step{text: "INSERT INTO history (device, seq, body) VALUES (?, ?, ?)"},
	}
}

func (s *batchStatements) all() statements { return statements{&s.read, &s.update, &s.note} }

func (s *batchStatements) readRows(ctx context.Context, tx bun.Tx, ids []custody.DeviceID) (rows []*custodyRow, err error) {
	stmt := tx.Tx.StmtContext(ctx, s.read.stmt)
	defer stmt.Close()
	for _, id := range ids {
		row := &custodyRow{Device: id}
		switch err := stmt.QueryRowContext(unwatched(ctx), string(id)).Scan(&row.Epoch, &row.Version, &row.Entries, &row.Attempt); {
		case errors.Is(err, sql.ErrNoRows): // its member is told
		case err != nil:
			return nil, err
		default:
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// updateRows returns how many rows were as read.
func (s *batchStatements) updateRows(ctx context.Context, tx bun.Tx, rows []*nextRow) (n int64, err error) {
	stmt := tx.Tx.StmtContext(ctx, s.update.stmt)
	defer stmt.Close()
	for _, r := range rows {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		res, err := stmt.ExecContext(unwatched(ctx), r.Ward, string(r.State), r.Holder, r.Epoch, r.Version, r.Entries, r.Attempt, r.Body,
			string(r.Device), r.WasEpoch, r.WasVersion)
		if err != nil {
			return n, err
		}
		one, err := res.RowsAffected()
		if err != nil {
			return n, err
		}
		n += one
	}
	return n, nil
}

func (s *batchStatements) writeEntries(ctx context.Context, tx bun.Tx, entries []historyRow) error {
	stmt := tx.Tx.StmtContext(ctx, s.note.stmt)
	defer stmt.Close()
	for _, e := range entries {
		if _, err := stmt.ExecContext(unwatched(ctx), string(e.Device), e.Seq, e.Body); err != nil {
			return err
		}
	}
	return nil
}

// readRows locks rows and returns them in the order of their devices.
// PostgreSQL locks in the order of the result, so two servers' batches never
// wait for each other crosswise.
func (w *batchWork) readRows(ctx context.Context, ids []custody.DeviceID) (rows []*custodyRow, err error) {
	if w.statements.read.stmt != nil {
		return w.statements.readRows(ctx, w.tx, ids)
	}
	q := w.tx.NewSelect().Model(&rows).Column("device", "epoch", "version", "entries", "attempt").
		Where("device IN (?)", bun.List(ids)).OrderExpr("device")
	return rows, w.db.locked(q).Scan(ctx)
}

// updateRows writes the changed rows, all or none.
func (w *batchWork) updateRows(ctx context.Context) error {
	n, err := w.updated(ctx)
	if err == nil && n != int64(len(w.changed)) {
		err = custody.ErrUnavailable
	}
	if err != nil {
		return fmt.Errorf("updating custody: %d of %d rows were as read: %w", n, len(w.changed), err)
	}
	return nil
}

func (w *batchWork) updated(ctx context.Context) (int64, error) {
	if w.statements.update.stmt != nil {
		return w.statements.updateRows(ctx, w.tx, w.changed)
	}
	res, err := w.tx.NewUpdate().
		With("next", w.tx.NewValues(&w.changed)).
		Model((*custodyRow)(nil)).TableExpr("next").
		Set("ward = next.ward").Set("state = next.state").Set("holder = next.holder").Set("epoch = next.epoch").Set("version = next.version").
		Set("entries = next.entries").Set("attempt = next.attempt").Set("body = next.body").
		Set("written_at = " + w.db.clock).
		Where("custody.device = next.device AND custody.epoch = next.was_epoch AND custody.version = next.was_version").
		Exec(ctx)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (w *batchWork) writeEntries(ctx context.Context) (err error) {
	switch {
	case len(w.entries) == 0:
		return nil
	case w.statements.note.stmt != nil:
		err = w.statements.writeEntries(ctx, w.tx, w.entries)
	default:
		_, err = w.tx.NewInsert().Model(&w.entries).Exec(ctx)
	}
	if err != nil {
		return fmt.Errorf("writing history: %w", err)
	}
	return nil
}
