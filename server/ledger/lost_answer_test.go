package ledger_test

import (
	"database/sql/driver"
	"errors"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
)

// A batch of two changes, D001's and D002's, loses the answer to its COMMIT.
// What happened to it is in then; want is what both must answer, version where
// their rows must stand.
var lostAnswers = map[string]struct {
	then    func(l *ledger.Ledger, n int32, commit, rollback func() error) error
	want    error
	version int64
	// transactions are how many were tried, if that matters.
	transactions int32
}{
	"it had committed": {
		then: func(_ *ledger.Ledger, n int32, commit, _ func() error) error {
			if err := commit(); err != nil || n > 2 {
				return err
			}
			return driver.ErrBadConn
		},
		version: 2,
	},
	"it had not": {
		then: func(_ *ledger.Ledger, n int32, commit, rollback func() error) error {
			if n > 2 {
				return commit()
			}
			return errors.Join(driver.ErrBadConn, rollback())
		},
		version: 2,
	},
	"it had committed and nobody can be asked": {
		then: func(_ *ledger.Ledger, _ int32, commit, _ func() error) error {
			return errors.Join(driver.ErrBadConn, commit())
		},
		// The first change, the batch, and one of the two by itself: the other
		// would only meet the same silence.
		want: custody.ErrUnavailable, version: 2, transactions: 3,
	},
	"it had not, and another server was faster": {
		then: func(l *ledger.Ledger, n int32, commit, rollback func() error) error {
			if n > 2 {
				return commit()
			}
			return errors.Join(driver.ErrBadConn, rollback(), another(l, 2))
		},
		want: custody.ErrStale, version: 2,
	},
	"it had committed, and another server has gone on from there": {
		then: func(l *ledger.Ledger, n int32, commit, _ func() error) error {
			if n > 2 {
				return commit()
			}
			return errors.Join(driver.ErrBadConn, commit(), another(l, 3))
		},
		want: custody.ErrUnavailable, version: 3,
	},
}

// another does as another server's commit would.
func another(l *ledger.Ledger, version int64) error {
	_, err := l.Raw().Exec("UPDATE custody SET version = ?, attempt = 'another' WHERE device IN ('D001', 'D002')", version)
	return err
}

func TestALostAnswerToCommitIsFoundOut(t *testing.T) {
	for name, c := range lostAnswers {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, l *ledger.Ledger, rows []custody.Custody) {
				g := newGate(l)
				g.then = func(n int32, commit, rollback func() error) error { return c.then(l, n, commit, rollback) }
				a := ledgertest.Advance(rows[1], custody.KindReport)
				b := ledgertest.Advance(rows[2], custody.KindReport)
				for i, err := range g.batch(t, l, ledgertest.Advance(rows[0]), a, b) {
					if !errors.Is(err, c.want) {
						t.Fatalf("change %d answered %v, want %v", i, err, c.want)
					}
				}
				if n := g.commits.Load(); c.transactions != 0 && n != c.transactions {
					t.Fatalf("%d transactions, want %d", n, c.transactions)
				}
				for _, id := range []custody.DeviceID{"D001", "D002"} {
					var version int64
					err := l.Raw().NewSelect().Table("custody").Column("version").Where("device = ?", id).Scan(t.Context(), &version)
					if err != nil || version != c.version {
						t.Fatalf("%s is at %d (%v), want %d", id, version, err, c.version)
					}
				}
			})
		})
	}
}
