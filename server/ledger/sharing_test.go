package ledger

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

func openFile(t testing.TB) *Ledger {
	t.Helper()
	l, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "x.db"), Key: [32]byte{1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// inTurn runs f while a change is in work, so that all that f starts waits, and
// returns when waiting of them do.
func inTurn(t *testing.T, l *Ledger, waiting int, f func(all *sync.WaitGroup)) {
	t.Helper()
	var all sync.WaitGroup
	begun, proceed := make(chan struct{}), make(chan struct{})
	all.Go(func() {
		_ = l.change(t.Context(), "holding", func(context.Context, bun.Tx) error { close(begun); <-proceed; return nil })
	})
	<-begun
	f(&all)
	for len(l.sharing.queue) < waiting {
		time.Sleep(time.Millisecond)
	}
	close(proceed)
	all.Wait()
}

func spend(l *Ledger, key string, then error) error {
	return l.change(context.Background(), "spending", func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(spent(key)).Exec(ctx); err != nil {
			return err
		}
		return then
	})
}

// Changes that share a transaction fail alone and succeed alone.
func TestWhoSharesATransactionSharesNoFailure(t *testing.T) {
	l := openFile(t)
	own := errors.New("its own reason")
	verdicts := make([]error, 30)
	inTurn(t, l, len(verdicts), func(all *sync.WaitGroup) {
		for i := range verdicts {
			all.Go(func() {
				switch {
				case i%10 == 3:
					verdicts[i] = spend(l, fmt.Sprint(i), own)
				case i%10 == 4: // against a constraint: SQLite's own refusal
					verdicts[i] = l.change(t.Context(), "spending twice", func(ctx context.Context, tx bun.Tx) error {
						for range 2 {
							if _, err := tx.NewInsert().Model(spent(fmt.Sprint(i))).Exec(ctx); err != nil {
								return err
							}
						}
						return nil
					})
				default:
					verdicts[i] = spend(l, fmt.Sprint(i), nil)
				}
			})
		}
	})
	for i, err := range verdicts {
		there, readErr := l.Spent(t.Context(), fmt.Sprint(i))
		if readErr != nil {
			t.Fatal(readErr)
		}
		fails := i%10 == 3 || i%10 == 4
		if (err != nil) != fails || there == fails || i%10 == 4 && !errors.Is(err, custody.ErrConflict) {
			t.Errorf("%d: %v, written: %v", i, err, there)
		}
	}
}

// Where the transaction fails nobody has written, and nobody is told a reason
// that was another's writing.
func TestATransactionThatFailsIsAllThatIsSaidOfIt(t *testing.T) {
	l := openFile(t)
	full := errors.New("the disk is full")
	var verdicts [3]error
	inTurn(t, l, len(verdicts), func(all *sync.WaitGroup) {
		l.sharing.finish = func(tx bun.Tx) error { return errors.Join(full, tx.Rollback()) }
		for i := range verdicts {
			all.Go(func() { verdicts[i] = spend(l, "the same", nil) })
		}
	})
	for i, err := range verdicts {
		if !errors.Is(err, full) || errors.Is(err, custody.ErrConflict) {
			t.Errorf("%d is told %v", i, err)
		}
	}
	if there, err := l.Spent(t.Context(), "the same"); err != nil || there {
		t.Errorf("written: %v, %v", there, err)
	}
}

// A panic goes on where the change came from, and harms nobody else.
func TestAPanicStaysWithItsChange(t *testing.T) {
	l := openFile(t)
	var came any
	var beside error
	inTurn(t, l, 2, func(all *sync.WaitGroup) {
		all.Go(func() {
			defer func() { came = recover() }()
			_ = l.change(t.Context(), "failing", func(ctx context.Context, tx bun.Tx) error {
				_, _ = tx.NewInsert().Model(spent("panic")).Exec(ctx)
				panic("a fault")
			})
		})
		all.Go(func() { beside = spend(l, "beside", nil) })
	})
	if there, _ := l.Spent(t.Context(), "panic"); came != "a fault" || there {
		t.Errorf("%v came back; written: %v", came, there)
	}
	if there, _ := l.Spent(t.Context(), "beside"); beside != nil || !there {
		t.Errorf("beside it: %v, written: %v", beside, there)
	}
}

// Who gives up before their turn has written nothing, and nobody else's waits are ended.
func TestWhoGivesUpWritesNothing(t *testing.T) {
	l := openFile(t)
	ctx, giveUp := context.WithCancel(t.Context())
	var gone, stays error
	var ran atomic.Bool
	inTurn(t, l, 2, func(all *sync.WaitGroup) {
		done := make(chan struct{})
		all.Go(func() {
			gone = l.change(ctx, "giving up", func(context.Context, bun.Tx) error { ran.Store(true); return nil })
			close(done)
		})
		for len(l.sharing.queue) < 1 {
			time.Sleep(time.Millisecond)
		}
		giveUp()
		<-done
		all.Go(func() { stays = spend(l, "stays", nil) })
	})
	if !errors.Is(gone, context.Canceled) || ran.Load() || stays != nil {
		t.Errorf("gave up: %v, ran: %v; the other: %v", gone, ran.Load(), stays)
	}
}

func TestAClosedLedgerWritesNothing(t *testing.T) {
	l := openFile(t)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := spend(l, "late", nil); !errors.Is(err, custody.ErrUnavailable) {
		t.Error(err)
	}
}
