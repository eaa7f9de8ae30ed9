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

func (s *step) prepare(ctx context.Context, d *database) (err error) {
	if d.prepares {
		s.stmt, err = d.write.DB.PrepareContext(ctx, s.text)
	}
	return err
}

func (s *step) close() error { return closeStatement(s.stmt) }

func closeStatement(s *sql.Stmt) error {
	if s == nil {
		return nil
	}
	return s.Close()
}

// statements are readied and closed together.
type statements []interface {
	prepare(ctx context.Context, d *database) error
	close() error
}

func (all statements) prepare(ctx context.Context, d *database) error {
	for _, one := range all {
		if err := one.prepare(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// close closes those that were readied.
func (all statements) close() (err error) {
	for _, one := range all {
		err = errors.Join(err, one.close())
	}
	return err
}

// steps are those of a ledger, and what they read first.
type steps struct {
	holdDevice      lookup[deviceRow]
	holdCertificate lookup[certificateRow]
	holdAsks        lookup[askRow]

	enrolDevice, bindCertificate, revokeOlder      step
	dropPushes, dropSecrets, dropErrands, dropAsks step
	putPush, replaceAsk, handOver, answer          step
	keepFact                                       step // of SQLite only
}

// newSteps makes them for a database with that clock.
func newSteps(clock string) *steps {
	return &steps{
		holdDevice:      lookup[deviceRow]{where: "id = ?", holds: true},
		holdCertificate: lookup[certificateRow]{where: "hash = ?", holds: true},
		holdAsks:        lookup[askRow]{where: "device = ?", holds: true},

		enrolDevice:     step{text: "UPDATE devices SET udid = ?, model = ?, os_version = ?, build = ?, topic = ? WHERE id = ?"},
		bindCertificate: step{text: "UPDATE certificates SET udid = ? WHERE hash = ?"},
		revokeOlder:     step{text: "UPDATE certificates SET revoked = " + clock + " WHERE device = ? AND ordinal < ? AND revoked = 0"},
		dropPushes:      step{text: "DELETE FROM pushes WHERE device = ?"},
		dropSecrets:     step{text: "DELETE FROM device_secrets WHERE device = ?"},
		dropErrands:     step{text: "DELETE FROM errands WHERE device = ?"},
		dropAsks:        step{text: "DELETE FROM asks WHERE device = ?"},
		putPush: step{text: "INSERT INTO pushes (device, account, token, magic, topic) VALUES (?, ?, ?, ?, ?) " +
			"ON CONFLICT (device, account) DO UPDATE SET token = EXCLUDED.token, magic = EXCLUDED.magic, topic = EXCLUDED.topic"},
		replaceAsk: step{text: "INSERT INTO asks (device, kind, id, epoch, rank, asked_by, params, asked, expires, not_before, handed_over, answered, outcome, says, result) " +
			"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, '', '', ?) ON CONFLICT (device, kind) DO UPDATE SET id = EXCLUDED.id, epoch = EXCLUDED.epoch, rank = EXCLUDED.rank, " +
			"asked_by = EXCLUDED.asked_by, params = EXCLUDED.params, asked = EXCLUDED.asked, expires = EXCLUDED.expires, " +
			"not_before = 0, handed_over = 0, answered = 0, outcome = '', says = '', result = EXCLUDED.result"},
		handOver: step{text: "UPDATE asks SET handed_over = ? WHERE device = ? AND id = ? AND answered = 0 AND expires > ? AND NOT EXISTS " +
			"(SELECT 1 FROM asks AS other WHERE other.device = asks.device AND other.handed_over > 0 AND other.answered = 0 AND other.expires > ?)"},
		keepFact: step{text: "INSERT INTO facts (device, kind, observed, body) VALUES (?, ?, ?, ?) ON CONFLICT (device, kind) DO UPDATE " +
			"SET observed = EXCLUDED.observed, body = EXCLUDED.body WHERE facts.observed <= EXCLUDED.observed"},
		answer: step{text: "UPDATE asks SET answered = ?, outcome = ?, says = ?, result = ? WHERE device = ? AND id = ? AND handed_over > 0 AND answered = 0"},
	}
}

func (s *steps) all() statements {
	return statements{
		&s.holdDevice, &s.holdCertificate, &s.holdAsks,
		&s.enrolDevice, &s.bindCertificate, &s.revokeOlder, &s.dropPushes, &s.dropSecrets, &s.dropErrands, &s.dropAsks,
		&s.putPush, &s.replaceAsk, &s.handOver, &s.answer, &s.keepFact,
	}
}

// hold returns a device and keeps other check-ins of it out until the
// transaction ends.
func (l *Ledger) hold(ctx context.Context, tx bun.Tx, id custody.DeviceID) (deviceRow, error) {
	return first(l.steps.holdDevice.held(ctx, tx, string(id)))
}
