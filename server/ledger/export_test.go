package ledger

import (
	"context"

	"github.com/uptrace/bun"
)

// Raw is the connection that writes.
func (l *Ledger) Raw() *bun.DB { return l.write }

// Bare is the connection that only reads, where there is one.
func (l *Ledger) Bare() *bun.DB { return l.read }

// OnFinish puts fn in the place of COMMIT. It must be called before the first Commit.
func (l *Ledger) OnFinish(fn func(commit, rollback func() error) error) {
	l.commits.finish = func(tx bun.Tx) error { return fn(tx.Commit, tx.Rollback) }
}

// Queued is how many commits wait to be taken up.
func (l *Ledger) Queued() int { return len(l.commits.queue) }

// ForgetRowLocks has rows read without being locked.
func (l *Ledger) ForgetRowLocks() { l.locksRows = false }

// MigrateDown takes every migration back.
func (l *Ledger) MigrateDown(ctx context.Context) error {
	provider, err := migrationsFor(&l.database, l.log)
	if err == nil {
		_, err = provider.DownTo(ctx, 0)
	}
	return err
}
