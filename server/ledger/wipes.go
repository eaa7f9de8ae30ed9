package ledger

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// wipeRow is one wipe that ended. It is written in the transaction of the
// custody change that ended it, one row a run: what is told twice is one wipe,
// and one that is proven late is from then on a proven one.
type wipeRow struct {
	bun.BaseModel `bun:"table:wipes,alias:wipes"`
	Device        custody.DeviceID  `bun:"device,pk,type:text"`
	Run           int64             `bun:"run,pk,type:bigint"`
	Epoch         int64             `bun:"epoch,type:bigint"`
	Ward          string            `bun:"ward,type:text"`
	Fleet         custody.FleetKind `bun:"fleet,type:text"`
	Cause         custody.Cause     `bun:"cause,type:text"`
	Asked         int64             `bun:"asked,type:bigint"`
	HandedOver    int64             `bun:"handed_over,type:bigint"`
	Acknowledged  int64             `bun:"acknowledged,type:bigint"`
	Returned      int64             `bun:"returned,type:bigint"`
	Ended         int64             `bun:"ended,type:bigint"`
	Grade         custody.Grade     `bun:"grade,type:text"`
	Why           custody.Cause     `bun:"why,type:text"`
}

// newWipeRow is the wipe that a change ended, or nil.
func newWipeRow(ch custody.Change) *wipeRow {
	w, ok := custody.WipedBy(ch.Prev, ch.Next)
	if !ok {
		return nil
	}
	return &wipeRow{Device: w.Device, Run: w.Run, Epoch: w.Epoch, Ward: w.Ward, Fleet: ch.Fleet, Cause: w.Cause,
		Asked: millis(w.Asked), HandedOver: millis(w.HandedOver), Acknowledged: millis(w.Acknowledged), Returned: millis(w.Returned),
		Ended: millis(w.Ended), Grade: w.Grade, Why: w.Why}
}

func (r wipeRow) wiped() custody.Wiped {
	return custody.Wiped{Device: r.Device, Run: r.Run, Epoch: r.Epoch, Ward: r.Ward, Fleet: r.Fleet, Cause: r.Cause,
		Asked: fromMillis(r.Asked), HandedOver: fromMillis(r.HandedOver), Acknowledged: fromMillis(r.Acknowledged),
		Returned: fromMillis(r.Returned), Ended: fromMillis(r.Ended), Grade: r.Grade, Why: r.Why}
}

// ended takes a wipe up for this transaction. A run that ends twice in one
// batch is one row, for one statement may write a row once only.
func (w *batchWork) ended(row *wipeRow) {
	for _, was := range w.wipes {
		if was.Device == row.Device && was.Run == row.Run {
			row.Cause = was.Cause // why it was wiped, before it was overdue
			*was = *row
			return
		}
	}
	w.wipes = append(w.wipes, row)
}

// writeWipes stores the wipes that ended. Most batches have none.
func (w *batchWork) writeWipes(ctx context.Context) error {
	if len(w.wipes) == 0 {
		return nil
	}
	q := w.tx.NewInsert().Model(&w.wipes).On("CONFLICT (device, run) DO UPDATE")
	for _, column := range []string{"handed_over", "acknowledged", "returned", "ended", "grade", "why"} {
		q.Set(column + " = EXCLUDED." + column)
	}
	if _, err := q.Exec(ctx); err != nil {
		return fmt.Errorf("writing how wipes ended: %w", err)
	}
	return nil
}

// maxWipes bounds what a ward is measured by: the latest of its wipes.
const maxWipes = 10_000

// Wipes returns how the ward's wipes of the last d by the database's clock
// ended, the latest first, and at most 10,000.
func (l *Ledger) Wipes(ctx context.Context, ward string, d time.Duration) ([]custody.Wiped, error) {
	since, err := l.since(ctx, d)
	if err != nil {
		return nil, err
	}
	var rows []wipeRow
	err = l.read.NewSelect().Model(&rows).Where("ward = ? AND ended >= ?", ward, since).
		OrderExpr("ended DESC, device, run").Limit(maxWipes).Scan(ctx)
	if err != nil {
		return nil, failed(ctx, fmt.Sprintf("reading the wipes of ward %q", ward), err)
	}
	wipes := make([]custody.Wiped, len(rows))
	for i, r := range rows {
		wipes[i] = r.wiped()
	}
	return wipes, nil
}

// paces keeps what was measured of each ward for a while: every page of a
// ward asks for it, and it moves slowly.
type paces struct {
	mu  sync.Mutex
	all map[string]measured
}

type measured struct {
	pace custody.Pace
	at   time.Time // of this process: only its age counts
}

// Pace measures the ward's wipes of the last [custody.PaceWindow]. What it
// answers may be as old as Options.PaceAge.
func (l *Ledger) Pace(ctx context.Context, ward string) (custody.Pace, error) {
	l.paces.mu.Lock()
	known, ok := l.paces.all[ward]
	l.paces.mu.Unlock()
	if ok && time.Since(known.at) < l.paceAge {
		return known.pace, nil
	}
	wipes, err := l.Wipes(ctx, ward, custody.PaceWindow)
	if err != nil {
		return custody.Pace{}, err
	}
	pace := custody.PaceOf(wipes)
	l.paces.mu.Lock()
	defer l.paces.mu.Unlock()
	if l.paces.all == nil || len(l.paces.all) >= maxPaces {
		l.paces.all = map[string]measured{}
	}
	l.paces.all[ward] = measured{pace: pace, at: time.Now()}
	return pace, nil
}

// maxPaces bounds what is kept, whatever wards are asked for.
const maxPaces = 1000
