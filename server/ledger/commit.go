package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// Commit writes a change with its history, or answers ErrStale and writes
// nothing. It returns only once the transaction is durable.
//
// The answer is exact: nil means written, ErrStale, ErrConflict, ErrNotFound
// (the ward is unknown) and a context's error mean not written. A context
// counts only until the change is taken up; from then on its transaction,
// which Options.Timeout bounds, is waited for, so that no success is lost.
// ErrUnavailable means not written, too, except where the way to the database
// broke during COMMIT and stayed broken, or the row was changed again before it
// healed: then it says that the outcome is unknown.
func (l *Ledger) Commit(ctx context.Context, ch custody.Change) error {
	m, err := newMember(ch)
	if err == nil {
		err = l.commits.do(ctx, m)
	}
	if err != nil {
		return fmt.Errorf("committing %s at %d.%d: %w", ch.Next.Device, ch.Next.Epoch, ch.Next.Version, err)
	}
	return nil
}

// member is one change in the queue.
type member struct {
	change  custody.Change
	row     custodyRow
	entries []string // encoded
	wipe    *wipeRow // how it ended a wipe, if it did
	urgent  []emergencyRow
	uses    []custody.Use // what it counts for
	taken   atomic.Bool
	answer  chan error

	verdict error // what the last transaction it was part of found
	// attempt names the transaction that wrote it and sent its COMMIT; the row
	// bears the name too, which settles a COMMIT whose answer was lost.
	attempt string
}

func newMember(ch custody.Change) (*member, error) {
	prev, next := ch.Prev, ch.Next
	if prev.Device != next.Device || next.Epoch < prev.Epoch || next.Version <= prev.Version {
		return nil, fmt.Errorf("not a successor of %s at %d.%d: %w", prev.Device, prev.Epoch, prev.Version, custody.ErrConflict)
	}
	row, err := newCustodyRow(next)
	if err != nil {
		return nil, fmt.Errorf("encoding the row: %w", errors.Join(custody.ErrConflict, err))
	}
	m := &member{change: ch, row: row, wipe: newWipeRow(ch), urgent: emergenciesOf(ch), uses: custody.UsesOf(ch), entries: make([]string, len(ch.Entries)), answer: make(chan error, 1)}
	for i, e := range ch.Entries {
		if m.entries[i], err = encodeEntry(e); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// encodeEntry refuses what would not come back as it went in: JSON replaces
// bytes that are not UTF-8, and the chain would look tampered with ever after.
func encodeEntry(e custody.Entry) (string, error) {
	for _, s := range []string{string(e.Device), e.Kind, e.Actor, string(e.State), e.Detail, e.Hash} {
		if !utf8.ValidString(s) {
			return "", fmt.Errorf("a %s entry holds bytes that are not UTF-8: %w", e.Kind, custody.ErrConflict)
		}
	}
	body, err := json.Marshal(e)
	if err != nil {
		return "", fmt.Errorf("encoding a %s entry: %w", e.Kind, errors.Join(custody.ErrConflict, err))
	}
	return string(body), nil
}

// committer is the one writer of custody in this process. While one
// transaction is on its way to the disk the next members gather, so the batch
// grows with the load and nobody waits for company.
type committer struct {
	db      *database
	batch   int
	timeout time.Duration
	log     *slog.Logger
	queue   chan *member
	closing chan struct{}
	closed  chan struct{}
	once    sync.Once
	// statements are not prepared where there is one statement for all rows.
	statements batchStatements
	// finish ends a transaction; tests lose its answer here.
	finish func(bun.Tx) error
}

func newCommitter(ctx context.Context, db *database, o Options) (*committer, error) {
	c := &committer{
		db: db, batch: o.Batch, timeout: o.Timeout, log: o.Logger,
		queue:      make(chan *member, o.Queue),
		closing:    make(chan struct{}),
		closed:     make(chan struct{}),
		finish:     bun.Tx.Commit,
		statements: newBatchStatements(db.clock),
	}
	if err := c.statements.all().prepare(ctx, db); err != nil {
		return nil, errors.Join(err, c.statements.all().close())
	}
	go c.run()
	return c, nil
}

var errClosed = fmt.Errorf("the ledger is closed: %w", custody.ErrUnavailable)

// do queues m and waits for its answer.
func (c *committer) do(ctx context.Context, m *member) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-c.closing:
		return errClosed
	default:
	}
	select {
	case c.queue <- m:
	case <-ctx.Done():
		return ctx.Err()
	case <-c.closing:
		return errClosed
	}
	var gaveUp error
	select {
	case err := <-m.answer:
		return err
	case <-ctx.Done():
		gaveUp = ctx.Err()
	case <-c.closed:
		gaveUp = errClosed
	}
	if m.taken.CompareAndSwap(false, true) {
		return gaveUp // it will be skipped
	}
	return <-m.answer
}

// stop returns once the transaction in hand has ended. Whoever still waits
// learns that nothing of theirs was written.
func (c *committer) stop() (err error) {
	c.once.Do(func() {
		close(c.closing)
		<-c.closed
		err = c.statements.all().close()
	})
	<-c.closed
	return err
}

func (c *committer) run() {
	defer close(c.closed)
	for {
		var first *member
		select {
		case first = <-c.queue:
		case <-c.closing:
			return
		}
		c.settle(c.gather(first))
	}
}

// gather takes up first and whoever else waits already, up to a batch. Those
// who were about to queue when first did get their turn before it looks.
func (c *committer) gather(first *member) []*member {
	var batch []*member
	take := func(m *member) {
		if m.taken.CompareAndSwap(false, true) {
			batch = append(batch, m)
		}
	}
	take(first)
	runtime.Gosched()
	for len(batch) < c.batch {
		select {
		case m := <-c.queue:
			take(m)
		default:
			return batch
		}
	}
	return batch
}
