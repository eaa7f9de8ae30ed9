// Package ledger is the durable store: custody with its history, the
// inventory, people, certificates and secrets, in one SQL database.
//
// Two databases serve it with one set of queries and one schema: SQLite, a
// file that one process holds, and PostgreSQL, which any number of servers may
// share. What differs is kept in sqlite.go and postgres.go: how a database is
// opened, how it says its time, and whether rows must be locked by name.
//
// Three promises carry the package:
//
//   - A custody row changes only from the (epoch, version) that its writer
//     read, together with its history, and [Ledger.Commit] answers only once
//     that is durable. Commits that wait at the same time share a transaction.
//   - Secrets are stored sealed (AES-256-GCM) with a key that is not in the
//     database, badges and one-time secrets as hashes.
//   - Every error wraps one of package custody's, or is a context's, or is
//     [ErrKey] or [ErrBroken].
package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// ErrKey: the key given does not open what the ledger has sealed.
var ErrKey = errors.New("the key does not open this ledger's secrets")

// Options say which database to open and how. Exactly one of Path and DSN is set.
type Options struct {
	// Path is a SQLite file; it is made with mode 0600 if there is none. One
	// process at a time may have it open, which <Path>.lock sees to.
	Path string
	// DSN is a PostgreSQL address, postgres://….
	DSN string
	// Key seals secrets. It must not be zero and must stay the same.
	Key [32]byte

	// Batch is the most commits that share a transaction (default 128).
	Batch int
	// Queue is the most commits that wait for one (default 1024); more wait in
	// Commit itself, where their context can end the waiting.
	Queue int
	// Timeout bounds one transaction of commits (default 10 s).
	Timeout time.Duration
	// Connections is the most that are held to PostgreSQL, or that read SQLite (default 16).
	Connections int
	// PaceAge is how old a ward's measured pace may be (default 15 s).
	PaceAge time.Duration
	// Logger tells of batches that failed and of migrations (default: none).
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	setDefault(&o.Batch, 128)
	setDefault(&o.Queue, 1024)
	setDefault(&o.Timeout, 10*time.Second)
	setDefault(&o.Connections, 16)
	setDefault(&o.PaceAge, 15*time.Second)
	// The committer needs one connection however many readers there are.
	o.Connections = max(o.Connections, 2)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func setDefault[T int | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// Ledger is an open ledger. Its methods may be called from any goroutine.
type Ledger struct {
	database
	*lookups
	*steps
	policies policies
	box      sealer
	paces    paces
	paceAge  time.Duration
	commits  *committer
	sharing  *sharing // nil on PostgreSQL, whose writers do not wait for each other
	log      *slog.Logger
}

var _ custody.Ledger = (*Ledger)(nil)

// database is what differs between SQLite and PostgreSQL.
type database struct {
	write *bun.DB // SQLite: the one writer's connection
	read  *bun.DB // PostgreSQL: the same as write
	// clock is an SQL expression: the database's time in Unix milliseconds.
	clock string
	// locksRows: rows that are read to be changed must be locked by name.
	// SQLite has one writer, so the whole database is.
	locksRows bool
	// prepares: statements are prepared once and used again.
	prepares bool
	// release gives back what keeps other processes out.
	release func() error
}

// Open opens the database, brings its schema up to date and checks the key.
// It waits for no one: a SQLite file that another process holds, or a
// PostgreSQL that cannot be reached, is an error that wraps ErrConflict or
// ErrUnavailable.
func Open(ctx context.Context, o Options) (*Ledger, error) {
	o = o.withDefaults()
	if o.Key == ([32]byte{}) {
		return nil, fmt.Errorf("opening the ledger: no key given: %w", ErrKey)
	}
	box, err := newSealer(o.Key)
	if err != nil {
		return nil, err
	}
	var db database
	switch {
	case (o.Path == "") == (o.DSN == ""):
		return nil, fmt.Errorf("opening the ledger: give a file or an address, not both: %w", custody.ErrConflict)
	case o.Path != "":
		db, err = openSQLite(ctx, o)
	default:
		db, err = openPostgres(ctx, o)
	}
	if err != nil {
		return nil, err
	}
	l := &Ledger{database: db, lookups: newLookups(), steps: newSteps(db.clock), box: box, paceAge: o.PaceAge, log: o.Logger}
	if err := l.prepare(ctx); err != nil {
		return nil, errors.Join(err, l.statements().close(), db.close())
	}
	if l.commits, err = newCommitter(ctx, &l.database, o); err != nil {
		return nil, errors.Join(failed(ctx, "preparing commits", err), l.statements().close(), db.close())
	}
	if l.locksRows {
		return l, nil
	}
	if l.sharing, err = newSharing(ctx, &l.database, o); err != nil {
		return nil, errors.Join(failed(ctx, "preparing to write", err), l.Close())
	}
	return l, nil
}

// prepare migrates the schema and proves that the key is the right one, so
// that a wrong one is refused at start and not when the first secret is needed.
func (l *Ledger) prepare(ctx context.Context) error {
	if err := migrate(ctx, &l.database, l.log); err != nil {
		return err
	}
	if err := l.fillHolders(ctx); err != nil {
		return err
	}
	if err := l.statements().prepare(ctx, &l.database); err != nil {
		return failed(ctx, "preparing the database's queries", err)
	}
	_, err := l.ServerSecret(ctx, "key-check", func() ([]byte, error) { return []byte("ok"), nil })
	if err != nil {
		return fmt.Errorf("checking the key: %w", err)
	}
	return nil
}

// Close waits for the commits that are under way and closes the database.
// Commits that still wait for a transaction, and all later calls, answer
// ErrUnavailable.
func (l *Ledger) Close() error {
	err := l.commits.stop()
	if l.sharing != nil {
		err = errors.Join(err, l.sharing.stop())
	}
	return errors.Join(err, l.statements().close(), l.database.close())
}

func (l *Ledger) statements() statements { return append(l.lookups.all(), l.steps.all()...) }

func (d *database) close() error {
	var errs []error
	errs = append(errs, d.write.Close())
	if d.read != d.write {
		errs = append(errs, d.read.Close())
	}
	// Last, so that nobody comes in while this process still writes.
	return errors.Join(append(errs, d.release())...)
}

// Ping reports whether the database answers, with ErrUnavailable if not.
func (l *Ledger) Ping(ctx context.Context) error {
	var one int
	return failed(ctx, "asking the database", l.read.NewSelect().ColumnExpr("1").Scan(ctx, &one))
}

// change runs fn in a transaction that writes, of which it sees only what it does
// itself and what was committed before: all of it is written, or nothing. what
// says what it does, for errors. fn uses the context that it is given.
func (l *Ledger) change(ctx context.Context, what string, fn func(ctx context.Context, tx bun.Tx) error) error {
	if l.sharing != nil {
		return failed(ctx, what, l.sharing.do(ctx, fn))
	}
	return failed(ctx, what, l.write.RunInTx(ctx, nil, fn))
}

// locked makes q lock the rows it returns until its transaction ends.
func (d *database) locked(q *bun.SelectQuery) *bun.SelectQuery {
	if d.locksRows {
		return q.For("UPDATE")
	}
	return q
}

// millis is how times are stored: Unix milliseconds, 0 for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
