package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// sharing lets changes that wait for SQLite's one writer at the same time share
// a transaction, and so one wait for the disk: half of the processor's time and
// nearly all of the clock's that a small change costs is its own commit. Each runs
// in a savepoint (https://sqlite.org/lang_savepoint.html), so that one that fails
// takes nothing of the others' with it, and none is answered before all are
// durable. Custody is not among them: its changes share by themselves, see committer.
type sharing struct {
	db      *bun.DB
	most    int
	queue   chan *sharer
	closing chan struct{}
	closed  chan struct{}
	once    sync.Once

	save, release, undo step
	// finish ends a transaction; tests let it fail here.
	finish func(bun.Tx) error
}

// sharer is one change in the queue.
type sharer struct {
	ctx     context.Context // of whoever waits
	do      func(context.Context, bun.Tx) error
	taken   atomic.Bool
	answer  chan error
	verdict error
	panics  any
}

// maxShared is how many changes share a transaction. They are larger than a
// custody row's, and nobody should wait long for company.
const maxShared = 32

func newSharing(ctx context.Context, d *database, o Options) (*sharing, error) {
	s := &sharing{
		db: d.write, most: maxShared, finish: bun.Tx.Commit,
		save: step{text: "SAVEPOINT one"}, release: step{text: "RELEASE one"}, undo: step{text: "ROLLBACK TO one"},
		queue: make(chan *sharer, o.Queue), closing: make(chan struct{}), closed: make(chan struct{}),
	}
	if err := s.all().prepare(ctx, d); err != nil {
		return nil, errors.Join(err, s.all().close())
	}
	go s.run()
	return s, nil
}

func (s *sharing) all() statements { return statements{&s.save, &s.release, &s.undo} }

// do has a change made and waits until it is durable. A context counts until the
// change is taken up, as with [Ledger.Commit].
func (s *sharing) do(ctx context.Context, fn func(context.Context, bun.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m := &sharer{ctx: ctx, do: fn, answer: make(chan error, 1)}
	select {
	case s.queue <- m:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return errClosed
	}
	var gaveUp error
	select {
	case err := <-m.answer:
		return m.answered(err)
	case <-ctx.Done():
		gaveUp = ctx.Err()
	case <-s.closed:
		gaveUp = errClosed
	}
	if m.taken.CompareAndSwap(false, true) {
		return gaveUp // it will be skipped
	}
	return m.answered(<-m.answer)
}

// answered lets a panic go on where the change came from.
func (m *sharer) answered(err error) error {
	if m.panics != nil {
		panic(m.panics)
	}
	return err
}

func (s *sharing) run() {
	defer close(s.closed)
	for {
		select {
		case first := <-s.queue:
			s.settle(s.gather(first))
		case <-s.closing:
			return
		}
	}
}

// gather takes up first and who else waits already.
func (s *sharing) gather(first *sharer) (all []*sharer) {
	for m := first; ; {
		if m.taken.CompareAndSwap(false, true) {
			all = append(all, m)
		}
		if len(all) >= s.most {
			return all
		}
		select {
		case m = <-s.queue:
		default:
			return all
		}
	}
}

// settle answers every change: with its own verdict if the transaction is
// durable. If it is not, all are told so, who was refused too: it may have been
// for what another had written, which is not there now.
func (s *sharing) settle(all []*sharer) {
	if len(all) == 0 {
		return
	}
	err := s.together(all)
	for _, m := range all {
		m.answer <- cmp.Or(err, m.verdict)
	}
}

func (s *sharing) together(all []*sharer) error {
	// Nobody's giving up may end what others wait for: an interrupted statement
	// rolls back all of its transaction. One that is alone may be ended.
	ctx := context.Background()
	if len(all) == 1 {
		ctx = all[0].ctx
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after a commit it does nothing
	for _, m := range all {
		if err := s.one(ctx, tx, m, len(all) == 1); err != nil {
			return err
		}
	}
	if len(all) == 1 && all[0].verdict != nil {
		return nil // nothing of it stays
	}
	return s.finish(tx)
}

// one makes one change. An error is the transaction's end: SQLite rolls all of
// it back by itself where it can do nothing else, and nobody's is written then.
func (s *sharing) one(ctx context.Context, tx bun.Tx, m *sharer, alone bool) error {
	if alone {
		m.verdict = m.made(ctx, tx)
		return nil
	}
	if _, err := s.save.run(ctx, tx); err != nil {
		return err
	}
	if m.verdict = m.made(ctx, tx); m.verdict != nil {
		if _, err := s.undo.run(ctx, tx); err != nil {
			return errors.Join(fmt.Errorf("a change beside it failed: %w", custody.ErrUnavailable), err)
		}
	}
	_, err := s.release.run(ctx, tx)
	return err
}

// made runs the change, and keeps a panic for whoever waits.
func (m *sharer) made(ctx context.Context, tx bun.Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			m.panics, err = p, custody.ErrUnavailable
		}
	}()
	return m.do(ctx, tx)
}

// stop returns once the transaction in hand has ended; who still waits learns
// that nothing of theirs was written.
func (s *sharing) stop() (err error) {
	s.once.Do(func() {
		close(s.closing)
		<-s.closed
		err = s.all().close()
	})
	<-s.closed
	return err
}
