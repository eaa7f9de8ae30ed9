package ledger_test

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
)

// BenchmarkUse reads what the page of a ward's use is made of, from eight weeks
// of 2,000 iPads that are each taken and wiped three times a day.
func BenchmarkUse(b *testing.B) {
	for name, fresh := range map[string]ledgertest.Fresh{"SQLite": ledgertest.SQLite, "Postgres": ledgertest.Postgres} {
		b.Run(name, func(b *testing.B) {
			l := ledgertest.Open(b, fresh(b))
			end := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
			pastUse(b, l, 2000, 56, end)
			edges := func(days, a int) (edges []time.Time) {
				for i := range days*a + 1 {
					edges = append(edges, end.AddDate(0, 0, -days).Add(time.Duration(i)*24*time.Hour/time.Duration(a)))
				}
				return edges
			}
			report := func(days, a int) func(*testing.B) {
				return func(b *testing.B) {
					for b.Loop() {
						e := edges(days, a)
						counts, err := l.Use(b.Context(), "4B", e[0], end)
						if err != nil || len(counts) < days*96 {
							b.Fatal(len(counts), err)
						}
						times, err := l.WipeTimes(b.Context(), "4B", e)
						if err != nil || len(times) == 0 {
							b.Fatal(err)
						}
						if _, err := l.HeldAt(b.Context(), "4B", e[0]); err != nil {
							b.Fatal(err)
						}
					}
				}
			}
			b.Run("1day", report(1, 24))
			b.Run("7days", report(7, 24))
			b.Run("28days", report(28, 1))
			b.Run("56days", report(56, 1))
		})
	}
}

// pastUse writes what so many devices of ward 4B would have left in so many days.
func pastUse(b *testing.B, l *ledger.Ledger, devices, days int, end time.Time) {
	b.Helper()
	ledgertest.Populate(b, l, devices)
	must := func(_ any, err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	tx, err := l.Raw().BeginTx(b.Context(), nil)
	must(nil, err)
	type use struct {
		Ward    string `bun:"ward"`
		Quarter int64  `bun:"quarter"`
		Kind    string `bun:"kind"`
		Why     string `bun:"why"`
		N       int    `bun:"n"`
	}
	type wipe struct {
		Device                                           string
		Run, Epoch                                       int64
		Ward, Fleet, Cause                               string
		Asked, HandedOver, Acknowledged, Returned, Ended int64
		Grade, Why                                       string
	}
	first := end.AddDate(0, 0, -days)
	for day := range days {
		var uses []use
		for q := range 96 {
			at := first.AddDate(0, 0, day).Unix()/900 + int64(q)
			for _, kind := range []custody.UseKind{custody.UseOpened, custody.UseResumed, custody.UseIdle, custody.UseHeld, custody.UseEmergency} {
				uses = append(uses, use{"4B", at, string(kind), "", q % 7})
			}
			uses = append(uses, use{"4B", at, string(custody.UseUnproven), string(custody.CauseOverdue), 1}, use{"4B", at, string(custody.UseUnproven), string(custody.CauseFailed), 1})
		}
		_, err := tx.NewInsert().Model(&uses).ModelTableExpr("use_counts").Exec(b.Context())
		must(nil, err)
		for round := range 3 {
			var wipes []wipe
			for i := range devices {
				run := int64(day*3 + round)
				asked := first.AddDate(0, 0, day).Add(time.Duration(7+round*7)*time.Hour + time.Duration(i)*time.Second).UnixMilli()
				w := wipe{Device: fmt.Sprintf("D%03d", i), Run: run, Epoch: run, Ward: "4B", Fleet: "return-to-service", Cause: "return", Asked: asked,
					Ended: asked + int64(150+(i*31+day*7)%240)*1000, Grade: "erased"}
				if (i+day)%100 == 0 {
					w.Why, w.Grade = "overdue", ""
				}
				wipes = append(wipes, w)
			}
			_, err := tx.NewInsert().Model(&wipes).ModelTableExpr("wipes").Exec(b.Context())
			must(nil, err)
		}
	}
	must(nil, tx.Commit())
	_, err = l.Raw().ExecContext(b.Context(), "ANALYZE")
	must(nil, err)
}

// BenchmarkCountedCommit takes and gives back iPads, from 64 clients at once:
// BenchmarkCommit with changes that are counted.
func BenchmarkCountedCommit(b *testing.B) {
	for name, fresh := range map[string]ledgertest.Fresh{"SQLite": ledgertest.SQLite, "Postgres": ledgertest.Postgres} {
		b.Run(name, func(b *testing.B) {
			l := ledgertest.Open(b, fresh(b))
			rows := ledgertest.Populate(b, l, clients)
			at := time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC)
			var next atomic.Int32
			b.ResetTimer()
			b.SetParallelism((clients + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
			b.RunParallel(func(pb *testing.PB) {
				mine := &rows[int(next.Add(1)-1)%clients]
				for pb.Next() {
					ch := ledgertest.Becomes(*mine, custody.InUse, "", custody.KindSessionOpened, at)
					if mine.State == custody.InUse {
						ch = ledgertest.Becomes(*mine, custody.Clean, custody.CauseReturn, custody.KindClean, at)
					}
					if err := l.Commit(b.Context(), ch); err != nil {
						b.Error(err)
					}
					*mine = ch.Next
				}
			})
			perSecond(b)
		})
	}
}
