package ledger

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/padwarden/padwarden/server/custody"
)

// prepared are the statements that write one row and one line of history on
// SQLite. It runs inside this process, so a statement for each costs nothing on
// the way, while one for all would be parsed anew with every batch.
type prepared struct{ update, history *sql.Stmt }

func prepare(ctx context.Context, db *database) (p prepared, err error) {
	p.update, err = db.write.DB.PrepareContext(ctx, "UPDATE custody SET ward = ?, state = ?, holder = ?, epoch = ?, version = ?, "+
		"entries = ?, attempt = ?, body = ?, written_at = "+db.clock+" WHERE device = ? AND epoch = ? AND version = ?")
	if err == nil {
		p.history, err = db.write.DB.PrepareContext(ctx, "INSERT INTO history (device, seq, body) VALUES (?, ?, ?)")
	}
	if err != nil {
		return p, fmt.Errorf("preparing the statements that commit: %w", err)
	}
	return p, nil
}

// unwatched is ctx for a statement that writes one row while the database is
// locked for it already, and so never waits. For a context that may end the
// driver starts a goroutine with each statement.
func unwatched(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// updateRows writes the rows that changed, each over the one that was read.
func (w *batchWork) updateRows(ctx context.Context) error {
	if w.prepared.update == nil {
		return w.updateAtOnce(ctx)
	}
	stmt := w.tx.Tx.StmtContext(ctx, w.prepared.update)
	for _, r := range w.changed {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("updating custody: %w", err)
		}
		res, err := stmt.ExecContext(unwatched(ctx), r.Ward, string(r.State), r.Holder, r.Epoch, r.Version, r.Entries, r.Attempt, r.Body,
			string(r.Device), r.WasEpoch, r.WasVersion)
		if err == nil {
			err = asRead(res, 1)
		}
		if err != nil {
			return fmt.Errorf("updating custody: %w", err)
		}
	}
	return nil
}

// updateAtOnce is updateRows in one statement, and so in one round trip.
func (w *batchWork) updateAtOnce(ctx context.Context) error {
	res, err := w.tx.NewUpdate().
		With("next", w.tx.NewValues(&w.changed)).
		Model((*custodyRow)(nil)).TableExpr("next").
		Set("ward = next.ward").Set("state = next.state").Set("holder = next.holder").Set("epoch = next.epoch").Set("version = next.version").
		Set("entries = next.entries").Set("attempt = next.attempt").Set("body = next.body").
		Set("written_at = " + w.db.clock).
		Where("custody.device = next.device AND custody.epoch = next.was_epoch AND custody.version = next.was_version").
		Exec(ctx)
	if err == nil {
		err = asRead(res, int64(len(w.changed)))
	}
	if err != nil {
		return fmt.Errorf("updating custody: %w", err)
	}
	return nil
}

func asRead(res sql.Result, want int64) error {
	n, err := res.RowsAffected()
	if err == nil && n != want {
		err = fmt.Errorf("%d of %d rows were as read: %w", n, want, custody.ErrUnavailable)
	}
	return err
}

// writeHistory adds the lines of all members.
func (w *batchWork) writeHistory(ctx context.Context) (err error) {
	switch {
	case len(w.entries) == 0:
		return nil
	case w.prepared.history == nil:
		_, err = w.tx.NewInsert().Model(&w.entries).Exec(ctx)
	default:
		stmt := w.tx.Tx.StmtContext(ctx, w.prepared.history)
		for i := 0; i < len(w.entries) && err == nil; i++ {
			e := &w.entries[i]
			_, err = stmt.ExecContext(unwatched(ctx), string(e.Device), e.Seq, e.Body)
		}
	}
	if err != nil {
		return fmt.Errorf("writing history: %w", err)
	}
	return nil
}
