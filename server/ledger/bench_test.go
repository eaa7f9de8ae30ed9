package ledger_test

import (
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
)

const clients = 64

// BenchmarkCommit commits changes with one history entry: from one client, and
// from 64 at once, each on a device of its own. The floor is a bare
// transaction that updates one narrow row on the same connection: what this
// disk and this database allow without a group.
func BenchmarkCommit(b *testing.B) {
	for name, fresh := range map[string]ledgertest.Fresh{"SQLite": ledgertest.SQLite, "Postgres": ledgertest.Postgres} {
		b.Run(name, func(b *testing.B) {
			l := ledgertest.Open(b, fresh(b))
			rows := ledgertest.Populate(b, l, clients)
			b.Run("floor", func(b *testing.B) { floor(b, l) })
			b.Run("single", func(b *testing.B) {
				for b.Loop() {
					rows[0] = commit(b, l, rows[0])
				}
				perSecond(b)
			})
			b.Run("64", func(b *testing.B) {
				var next atomic.Int32
				b.SetParallelism((clients + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
				b.RunParallel(func(pb *testing.PB) {
					mine := &rows[int(next.Add(1)-1)%clients]
					for pb.Next() {
						*mine = commit(b, l, *mine)
					}
				})
				perSecond(b)
			})
		})
	}
}

func floor(b *testing.B, l *ledger.Ledger) {
	db := l.Raw().DB
	if _, err := db.Exec("CREATE TABLE floor (id BIGINT PRIMARY KEY, n BIGINT); INSERT INTO floor VALUES (1, 0)"); err != nil {
		b.Fatal(err)
	}
	defer db.Exec("DROP TABLE floor")
	for b.Loop() {
		tx, err := db.Begin()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := tx.Exec("UPDATE floor SET n = n + 1 WHERE id = 1"); err != nil {
			b.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
	}
	perSecond(b)
}

func commit(b *testing.B, l *ledger.Ledger, prev custody.Custody) custody.Custody {
	ch := ledgertest.Advance(prev, custody.KindReport)
	if err := l.Commit(b.Context(), ch); err != nil {
		b.Error(err)
	}
	return ch.Next
}

func perSecond(b *testing.B) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}
