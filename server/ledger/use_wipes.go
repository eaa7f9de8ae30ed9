package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// maxSpans bounds one statement.
const maxSpans = 1000

// WipeTimes measures the wipes of a ward between each two of edges, which
// rise; at most 1,001 of them, else ErrConflict. Devices that came erased by
// other hands took no wipe and are left out. What fails is looked for up to two
// days before, which no hand-over's wipes are longer apart than.
//
// It groups in SQL, by index alone: equal seconds are one row, and a ward of
// 2,000 iPads has a thousand wipes an hour at a shift change.
func (l *Ledger) WipeTimes(ctx context.Context, ward string, edges []time.Time) ([]custody.WipeTime, error) {
	if len(edges) < 2 {
		return nil, nil
	}
	if len(edges) > maxSpans+1 {
		return nil, fmt.Errorf("measuring wipes in %d spans: %w", len(edges)-1, custody.ErrConflict)
	}
	var rows []struct {
		Span   int
		Why    custody.Cause
		Took   int64
		Usable int64
		N      int
	}
	from, to := edges[0].UnixMilli(), edges[len(edges)-1].UnixMilli()
	err := l.read.NewRaw(`WITH failed AS (
			SELECT device, epoch, MIN(asked) AS first FROM wipes
			WHERE ward = ? AND ended >= ? AND ended < ? AND why <> '' GROUP BY device, epoch)
		SELECT `+spanOf(edges)+` AS span, w.why,
			CASE WHEN w.why = '' THEN (w.ended - w.asked) / 1000 ELSE 0 END AS took,
			CASE WHEN w.why = '' THEN (w.ended - COALESCE(f.first, w.asked)) / 1000 ELSE 0 END AS usable,
			COUNT(*) AS n
		FROM wipes AS w LEFT JOIN failed AS f ON f.device = w.device AND f.epoch = w.epoch AND f.first < w.asked
		WHERE w.ward = ? AND w.ended >= ? AND w.ended < ? AND w.cause <> ?
		GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`,
		ward, from-(48*time.Hour).Milliseconds(), to, ward, from, to, custody.CauseFirst).Scan(ctx, &rows)
	times := make([]custody.WipeTime, len(rows))
	for i, r := range rows {
		times[i] = custody.WipeTime{Span: r.Span, Why: r.Why, Took: time.Duration(r.Took) * time.Second, Usable: time.Duration(r.Usable) * time.Second, N: r.N}
	}
	return times, failed(ctx, fmt.Sprintf("measuring the wipes of ward %q", ward), err)
}

// spanOf is SQL for which two edges w.ended is between. Hours and days are
// equally long but for the days on which the clocks change, so a few divisions
// tell; a join with every span has PostgreSQL expect millions of rows.
func spanOf(edges []time.Time) string {
	var sql strings.Builder
	for i, j := 0, 1; i < len(edges)-1; i = j { // edges i to j are equally far apart
		width := edges[i+1].Sub(edges[i])
		for j = i + 1; j < len(edges)-1 && edges[j+1].Sub(edges[j]) == width; j++ {
		}
		fmt.Fprintf(&sql, " WHEN w.ended < %d THEN %d + (w.ended - %d) / %d", edges[j].UnixMilli(), i, edges[i].UnixMilli(), width.Milliseconds())
	}
	return "CASE" + sql.String() + " END"
}
