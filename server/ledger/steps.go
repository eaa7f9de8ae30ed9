package ledger

import (
	"context"
	"database/sql"
	"errors"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// step is one statement of a transaction that devices cause again and again.
// SQLite has it prepared on its writer's connection (see [lookup] for why);
// PostgreSQL gets it with its values written in.
type step struct {
	text string
	stmt *sql.Stmt // nil: not prepared
}

// run executes it in a transaction.
func (s *step) run(ctx context.Context, tx bun.Tx, args ...any) (sql.Result, error) {
	if s.stmt == nil {
		return tx.ExecContext(ctx, s.text, args...)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return tx.Tx.StmtContext(ctx, s.stmt).ExecContext(unwatched(ctx), args...)
}

// steps are those of a ledger, and what they read first.
type steps struct {
	holdDevice      lookup[deviceRow]
	holdCertificate lookup[certificateRow]
	holdAsks        lookup[askRow]

	enrolDevice, bindCertificate, revokeOlder      step
	dropPushes, dropSecrets, dropErrands, dropAsks step
	putPush, replaceAsk, handOver, answer          step
}

func (s *steps) prepare(ctx context.Context, d *database) error {
	var errs [4]error
	s.holdDevice, errs[0] = newHolding[deviceRow](ctx, d, "id = ?")
	s.holdCertificate, errs[1] = newHolding[certificateRow](ctx, d, "hash = ?")
	s.holdAsks, errs[2] = newHolding[askRow](ctx, d, "device = ?")
	s.enrolDevice.text = "UPDATE devices SET udid = ?, model = ?, os_version = ?, build = ?, topic = ? WHERE id = ?"
	s.bindCertificate.text = "UPDATE certificates SET udid = ? WHERE hash = ?"
	s.revokeOlder.text = "UPDATE certificates SET revoked = " + d.clock + " WHERE device = ? AND ordinal < ? AND revoked = 0"
	s.dropPushes.text = "DELETE FROM pushes WHERE device = ?"
	s.dropSecrets.text = "DELETE FROM device_secrets WHERE device = ?"
	s.dropErrands.text = "DELETE FROM errands WHERE device = ?"
	s.dropAsks.text = "DELETE FROM asks WHERE device = ?"
	s.putPush.text = "INSERT INTO pushes (device, account, token, magic, topic) VALUES (?, ?, ?, ?, ?) " +
		"ON CONFLICT (device, account) DO UPDATE SET token = EXCLUDED.token, magic = EXCLUDED.magic, topic = EXCLUDED.topic"
	s.replaceAsk.text = "INSERT INTO asks (device, kind, id, epoch, rank, asked_by, params, asked, expires, not_before, handed_over, answered, outcome, says, result) " +
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, '', '', ?) ON CONFLICT (device, kind) DO UPDATE SET id = EXCLUDED.id, epoch = EXCLUDED.epoch, rank = EXCLUDED.rank, " +
		"asked_by = EXCLUDED.asked_by, params = EXCLUDED.params, asked = EXCLUDED.asked, expires = EXCLUDED.expires, " +
		"not_before = 0, handed_over = 0, answered = 0, outcome = '', says = '', result = EXCLUDED.result"
	s.handOver.text = "UPDATE asks SET handed_over = ? WHERE device = ? AND id = ? AND answered = 0 AND expires > ? AND NOT EXISTS " +
		"(SELECT 1 FROM asks AS other WHERE other.device = asks.device AND other.handed_over > 0 AND other.answered = 0 AND other.expires > ?)"
	s.answer.text = "UPDATE asks SET answered = ?, outcome = ?, says = ?, result = ? WHERE device = ? AND id = ? AND handed_over > 0 AND answered = 0"
	for _, one := range s.all() {
		if d.prepares && errs[3] == nil {
			one.stmt, errs[3] = d.write.DB.PrepareContext(ctx, one.text)
		}
	}
	return errors.Join(errs[:]...)
}

func (s *steps) all() []*step {
	return []*step{
		&s.enrolDevice, &s.bindCertificate, &s.revokeOlder, &s.dropPushes, &s.dropSecrets, &s.dropErrands, &s.dropAsks,
		&s.putPush, &s.replaceAsk, &s.handOver, &s.answer,
	}
}

func (s *steps) close() error {
	errs := []error{s.holdDevice.close(), s.holdCertificate.close(), s.holdAsks.close()}
	for _, one := range s.all() {
		if one.stmt != nil {
			errs = append(errs, one.stmt.Close())
		}
	}
	return errors.Join(errs...)
}

// hold returns a device and keeps other check-ins of it out until the
// transaction ends.
func (l *Ledger) hold(ctx context.Context, tx bun.Tx, id custody.DeviceID) (deviceRow, error) {
	return first(l.steps.holdDevice.held(ctx, tx, string(id)))
}

// first is the one row that there is, or sql.ErrNoRows.
func first[T any](rows []T, err error) (row T, _ error) {
	if err == nil && len(rows) == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return row, err
	}
	return rows[0], nil
}
