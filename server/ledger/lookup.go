package ledger

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"
)

// lookup reads rows of T by a key, for what nearly every request asks. SQLite
// takes about 50 µs to parse such a query and 10 to answer it, so there it is
// prepared once on each connection. PostgreSQL's connections prepare nothing
// (see openPostgres), and get the same query with its values written in.
type lookup[T any] struct {
	columns []string // none: all
	also    string   // an expression more
	join    string
	where   string
	order   string // empty: none; there may be a limit behind it
	holds   bool   // it is read in a transaction, and nobody else changes the rows until that ends

	db    *bun.DB
	locks bool
	stmt  *sql.Stmt // nil: not prepared
}

// prepare readies it. The schema must be up to date.
func (q *lookup[T]) prepare(ctx context.Context, d *database) (err error) {
	if q.db = d.read; q.holds {
		q.db, q.locks = d.write, d.locksRows
	}
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
	if q.also != "" {
		s.ColumnExpr(q.also)
	}
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
func (q *lookup[T]) one(ctx context.Context, args ...any) (T, error) {
	return first(q.all(ctx, args...))
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

// all returns the rows in order.
func (q *lookup[T]) all(ctx context.Context, args ...any) (all []T, err error) {
	if q.stmt == nil {
		err = q.query(&all, args...).Scan(ctx) // watched: a network may be silent
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

func (q *lookup[T]) close() error { return closeStatement(q.stmt) }

// lookups are those of a ledger.
type lookups struct {
	custody   lookup[custodyRow]
	governed  lookup[governedRow]
	ward      lookup[wardRow]
	policy    lookup[policyRow]
	device    lookup[deviceRow]
	clinician lookup[clinicianRow]
	byBadge   lookup[clinicianRow] // by a card's hash and the time
	passkey   lookup[passkeyRow]

	certificate lookup[certificateRow]
	visitor     lookup[visitorRow]
	asks        lookup[askRow]
	waiting     lookup[askRow] // of a device, at a time
	token       lookup[tokenRow]
	push        lookup[pushRow]   // of a device and user
	users       lookup[pushRow]   // of a device: its users' channels
	errand      lookup[errandRow] // the next of a device and user, at a time
}

func newLookups() *lookups {
	return &lookups{
		custody: lookup[custodyRow]{where: "device = ?", columns: []string{"device", "entries", "body"}},
		governed: lookup[governedRow]{join: "JOIN wards ON wards.id = custody.ward", where: "device = ?",
			columns: []string{"device", "ward", "body", "wards.policy"}},
		ward:      lookup[wardRow]{where: "id = ?"},
		policy:    lookup[policyRow]{where: "id = ?"},
		device:    lookup[deviceRow]{where: "id = ?"},
		clinician: lookup[clinicianRow]{where: "id = ?"},
		byBadge: lookup[clinicianRow]{join: "JOIN badges ON badges.clinician = clinicians.id",
			where: "badges.hash = ? AND badges.revoked = 0 AND (badges.expires = 0 OR badges.expires > ?)"},
		passkey: lookup[passkeyRow]{where: "id = ?"},

		certificate: lookup[certificateRow]{where: "hash = ?"},
		visitor:     visitors(),
		asks:        lookup[askRow]{where: "device = ?", order: "rank, asked, kind"},
		waiting:     lookup[askRow]{where: "device = ? AND answered = 0 AND expires > ?", order: "rank, asked, kind"},
		token:       lookup[tokenRow]{where: "hash = ?"},
		push:        lookup[pushRow]{where: "device = ? AND account = ?"},
		users:       lookup[pushRow]{where: "device = ? AND account <> ''", order: "account"},
		errand:      lookup[errandRow]{where: "device = ? AND account = ? AND expires > ?", order: "rank, ordinal LIMIT 1"},
	}
}

func (l *lookups) all() statements {
	return statements{&l.custody, &l.governed, &l.ward, &l.policy, &l.device, &l.clinician, &l.byBadge, &l.passkey,
		&l.certificate, &l.visitor, &l.asks, &l.waiting, &l.token, &l.push, &l.users, &l.errand}
}
