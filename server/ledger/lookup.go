package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"errors"

	"github.com/uptrace/bun"
)

// lookup reads rows of T by a key, for what nearly every request asks. SQLite
// takes about 50 µs to parse such a query and 10 to answer it, so there it is
// prepared once on each connection. PostgreSQL's connections prepare nothing
// (see openPostgres), and get the same query with its values written in.
type lookup[T any] struct {
	db      *bun.DB
	columns []string // none: all
	join    string
	where   string
	order   string    // empty: none
	locks   bool      // it is read in a transaction that changes it
	stmt    *sql.Stmt // nil: not prepared
}

func newLookup[T any](ctx context.Context, d *database, join, where string, columns ...string) (lookup[T], error) {
	q := lookup[T]{db: d.read, columns: columns, join: join, where: where}
	return q, q.prepare(ctx, d)
}

// newListing is a lookup of several rows, in order, of which there may be a limit.
func newListing[T any](ctx context.Context, d *database, where, order string) (lookup[T], error) {
	q := lookup[T]{db: d.read, where: where, order: order}
	return q, q.prepare(ctx, d)
}

// newHolding is a lookup within transactions, which keeps others from changing
// the rows until the transaction ends.
func newHolding[T any](ctx context.Context, d *database, where string) (lookup[T], error) {
	q := lookup[T]{db: d.write, where: where, locks: d.locksRows}
	return q, q.prepare(ctx, d)
}

func (q *lookup[T]) prepare(ctx context.Context, d *database) (err error) {
	if d.prepares {
		q.stmt, err = q.db.DB.PrepareContext(ctx, q.query((*T)(nil)).String())
	}
	return err
}

// held returns the rows, within a transaction.
func (q *lookup[T]) held(ctx context.Context, tx bun.Tx, args ...any) (all []T, err error) {
	if q.stmt == nil {
		err = q.query(&all, args...).Conn(tx).Scan(ctx)
		return all, err
	}
	return q.read(ctx, tx.Tx.StmtContext(ctx, q.stmt), args)
}

func (q *lookup[T]) query(model any, args ...any) *bun.SelectQuery {
	s := q.db.NewSelect().Model(model).Column(q.columns...).Where(q.where, args...)
	if q.order != "" {
		s.OrderExpr(q.order)
	}
	if q.locks {
		s.For("UPDATE")
	}
	if q.join != "" {
		s.Join(q.join)
	}
	return s
}

// one returns the row, or sql.ErrNoRows.
func (q *lookup[T]) one(ctx context.Context, args ...any) (row T, err error) {
	if q.stmt == nil {
		err = q.query(&row, args...).Scan(ctx) // watched: a network may be silent
		return row, err
	}
	if err := ctx.Err(); err != nil {
		return row, err
	}
	rows, err := q.stmt.QueryContext(unwatched(ctx), args...)
	if err != nil {
		return row, err
	}
	defer rows.Close()
	if !rows.Next() {
		return row, cmp.Or(rows.Err(), sql.ErrNoRows)
	}
	return row, q.db.ScanRow(ctx, rows, &row)
}

// all returns the rows in order.
func (q *lookup[T]) all(ctx context.Context, args ...any) (all []T, err error) {
	if q.stmt == nil {
		err = q.query(&all, args...).Scan(ctx)
		return all, err
	}
	return q.read(ctx, q.stmt, args)
}

func (q *lookup[T]) read(ctx context.Context, stmt *sql.Stmt, args []any) (all []T, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(unwatched(ctx), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var row T
		if err := q.db.ScanRow(ctx, rows, &row); err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, rows.Err()
}

// unwatched is ctx for a statement about a few rows of SQLite, which waits for
// nobody: a reader never waits for the writer, and who writes has the database
// already. For a context that may end, database/sql and the driver start a
// goroutine each with every statement, which takes as long as the statement.
func unwatched(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

func (q *lookup[T]) close() error {
	if q.stmt == nil {
		return nil
	}
	return q.stmt.Close()
}

// lookups are those of a ledger.
type lookups struct {
	custody   lookup[custodyRow]
	ward      lookup[wardRow]
	policy    lookup[policyRow]
	device    lookup[deviceRow]
	clinician lookup[clinicianRow]
	byBadge   lookup[clinicianRow] // by a card's hash and the time
	passkey   lookup[passkeyRow]

	certificate lookup[certificateRow]
	asks        lookup[askRow]
	waiting     lookup[askRow] // of a device, at a time
	token       lookup[tokenRow]
	push        lookup[pushRow]   // of a device and user
	users       lookup[pushRow]   // of a device: its users' channels
	errand      lookup[errandRow] // the next of a device and user, at a time
}

func (l *lookups) prepare(ctx context.Context, d *database) error {
	var errs [14]error
	l.custody, errs[0] = newLookup[custodyRow](ctx, d, "", "device = ?", "device", "entries", "body")
	l.ward, errs[1] = newLookup[wardRow](ctx, d, "", "id = ?")
	l.device, errs[2] = newLookup[deviceRow](ctx, d, "", "id = ?")
	l.clinician, errs[3] = newLookup[clinicianRow](ctx, d, "", "id = ?")
	l.byBadge, errs[4] = newLookup[clinicianRow](ctx, d, "JOIN badges ON badges.clinician = clinicians.id",
		"badges.hash = ? AND badges.revoked = 0 AND (badges.expires = 0 OR badges.expires > ?)")
	l.passkey, errs[5] = newLookup[passkeyRow](ctx, d, "", "id = ?")
	l.policy, errs[6] = newLookup[policyRow](ctx, d, "", "id = ?")
	l.certificate, errs[7] = newLookup[certificateRow](ctx, d, "", "hash = ?")
	l.asks, errs[8] = newListing[askRow](ctx, d, "device = ?", "rank, asked, kind")
	l.waiting, errs[9] = newListing[askRow](ctx, d, "device = ? AND answered = 0 AND expires > ?", "rank, asked, kind")
	l.errand, errs[10] = newListing[errandRow](ctx, d, "device = ? AND account = ? AND expires > ?", "rank, ordinal LIMIT 1")
	l.push, errs[11] = newLookup[pushRow](ctx, d, "", "device = ? AND account = ?")
	l.users, errs[12] = newListing[pushRow](ctx, d, "device = ? AND account <> ''", "account")
	l.token, errs[13] = newLookup[tokenRow](ctx, d, "", "hash = ?")
	return errors.Join(errs[:]...)
}

func (l *lookups) close() error {
	return errors.Join(l.custody.close(), l.ward.close(), l.policy.close(), l.device.close(), l.clinician.close(), l.byBadge.close(), l.passkey.close(),
		l.certificate.close(), l.asks.close(), l.waiting.close(), l.errand.close(), l.push.close(), l.users.close(), l.token.close())
}
