package ledger

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// Use is kept as counts by the quarter of an hour, and not worked out of the
// history: a history is one device's, in JSON, and eight weeks of a ward of
// 2,000 iPads are millions of entries, but at most some ten thousand counts.
// Quarters, because shifts change at them, and because every time zone is off
// UTC by a number of them, so that any zone's hours and days are made of them.
//
// A count is raised by the transaction that writes the history, as its last
// statement: two servers wait for each other only while one commits, and in
// the same order, so never crosswise.

// useQuarter is how long one count is of.
const useQuarter = 15 * time.Minute

type useRow struct {
	bun.BaseModel `bun:"table:use_counts,alias:use_counts"`
	Ward          string          `bun:"ward,pk,type:text"`
	Quarter       int64           `bun:"quarter,pk,type:bigint"`
	Kind          custody.UseKind `bun:"kind,pk,type:text"`
	Why           custody.Cause   `bun:"why,pk,type:text"`
	N             int             `bun:"n,type:bigint"`
}

func (r useRow) use() custody.Use {
	return custody.Use{Ward: r.Ward, At: quarterAt(r.Quarter), Kind: r.Kind, Why: r.Why, N: r.N}
}

// useKey is a count's place.
type useKey struct {
	ward    string
	quarter int64
	kind    custody.UseKind
	why     custody.Cause
}

// quarterOf is the quarter that t is in; also before 1970.
func quarterOf(t time.Time) int64 {
	ms, q := t.UnixMilli(), useQuarter.Milliseconds()
	return (ms - ((ms%q)+q)%q) / q
}

func quarterAt(quarter int64) time.Time {
	return time.UnixMilli(quarter * useQuarter.Milliseconds()).UTC()
}

// counted takes up what a change counts for.
func (w *batchWork) counted(uses []custody.Use) {
	for _, u := range uses {
		if w.uses == nil {
			w.uses = map[useKey]int{}
		}
		w.uses[useKey{u.Ward, quarterOf(u.At), u.Kind, u.Why}] += u.N
	}
}

// writeUses raises the counts, in one order for all servers. Most batches have none.
func (w *batchWork) writeUses(ctx context.Context) error {
	keys := slices.SortedFunc(maps.Keys(w.uses), func(a, b useKey) int {
		return cmp.Or(cmp.Compare(a.ward, b.ward), cmp.Compare(a.quarter, b.quarter), cmp.Compare(a.kind, b.kind), cmp.Compare(a.why, b.why))
	})
	var rows []useRow
	for _, k := range keys {
		if n := w.uses[k]; n != 0 {
			rows = append(rows, useRow{Ward: k.ward, Quarter: k.quarter, Kind: k.kind, Why: k.why, N: n})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := w.tx.NewInsert().Model(&rows).On("CONFLICT (ward, quarter, kind, why) DO UPDATE").
		Set("n = use_counts.n + EXCLUDED.n").Exec(ctx)
	if err != nil {
		return fmt.Errorf("counting use: %w", err)
	}
	return nil
}

// maxUse bounds how much of a ward's use one answer holds: more than a year of it.
const maxUse = 400 * 24 * time.Hour

// Use returns what was counted of a ward from from to before to, of these kinds
// or of all if none is named: a quarter of an hour in which something was each,
// in the order of time. What was before [Ledger.UseSince] was never counted.
// More than 400 days: ErrConflict.
func (l *Ledger) Use(ctx context.Context, ward string, from, to time.Time, kinds ...custody.UseKind) ([]custody.Use, error) {
	if to.Sub(from) > maxUse {
		return nil, fmt.Errorf("reading %s of use: %w", to.Sub(from), custody.ErrConflict)
	}
	var rows []useRow
	q := l.read.NewSelect().Model(&rows).Column("quarter", "kind", "why", "n").
		Where("ward = ? AND quarter >= ? AND quarter < ?", ward, quarterOf(from), quarterOf(to.Add(useQuarter-1))).
		OrderExpr("quarter, kind, why")
	if len(kinds) > 0 {
		q.Where("kind IN (?)", bun.List(kinds))
	}
	err := q.Scan(ctx)
	for i := range rows {
		rows[i].Ward = ward
	}
	return each(rows, useRow.use), failed(ctx, fmt.Sprintf("reading the use of ward %q", ward), err)
}

// UseSince is the first quarter in which anything was counted of a ward; zero: nothing yet.
func (l *Ledger) UseSince(ctx context.Context, ward string) (time.Time, error) {
	var first *int64
	err := l.read.NewSelect().Table("use_counts").ColumnExpr("MIN(quarter)").Where("ward = ?", ward).Scan(ctx, &first)
	if err != nil || first == nil {
		return time.Time{}, failed(ctx, fmt.Sprintf("asking since when ward %q is counted", ward), err)
	}
	return quarterAt(*first), nil
}

// HeldAt is how many of a ward's iPads had somebody's session on them at a
// time: those that have one now, less what was counted since. The two are read
// in one statement, for a change between them would be counted in one only.
func (l *Ledger) HeldAt(ctx context.Context, ward string, at time.Time) (n int, err error) {
	now := l.read.NewSelect().Table("custody").ColumnExpr("COUNT(*)").Where("ward = ? AND state IN (?, ?)", ward, custody.InUse, custody.Locked)
	since := l.read.NewSelect().Table("use_counts").ColumnExpr("COALESCE(SUM(n), 0)").
		Where("ward = ? AND quarter >= ? AND kind = ?", ward, quarterOf(at), custody.UseHeld)
	err = l.read.NewSelect().ColumnExpr("(?) - (?)", now, since).Scan(ctx, &n)
	return n, failed(ctx, fmt.Sprintf("asking how many iPads of ward %q were held", ward), err)
}
