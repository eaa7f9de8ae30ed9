package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// custodyRow is a custody row as stored. Body is the whole of it as JSON, so
// that a new field needs no migration; the columns are what SQL decides by.
type custodyRow struct {
	bun.BaseModel `bun:"table:custody,alias:custody"`
	Device        custody.DeviceID `bun:"device,pk,type:text"`
	Ward          string           `bun:"ward,type:text"`
	State         custody.State    `bun:"state,type:text"`
	Holder        string           `bun:"holder,type:text"`
	Epoch         int64            `bun:"epoch,type:bigint"`
	Version       int64            `bun:"version,type:bigint"`
	Entries       int64            `bun:"entries,type:bigint"` // in the device's history
	Attempt       string           `bun:"attempt,type:text"`   // the transaction that wrote it last
	Body          string           `bun:"body,type:text"`
	WrittenAt     int64            `bun:"written_at,type:bigint"` // by the database's clock
}

func newCustodyRow(c custody.Custody) (custodyRow, error) {
	body, err := json.Marshal(c)
	return custodyRow{Device: c.Device, Ward: c.Ward, State: c.State, Holder: c.Holder, Epoch: c.Epoch, Version: c.Version, Body: string(body)}, err
}

func (r custodyRow) custody() (c custody.Custody, err error) {
	if err := json.Unmarshal([]byte(r.Body), &c); err != nil {
		return c, fmt.Errorf("decoding the row of %s: %w", r.Device, errors.Join(ErrBroken, err))
	}
	return c, nil
}

// Custody returns a device's row, or ErrNotFound.
func (l *Ledger) Custody(ctx context.Context, id custody.DeviceID) (custody.Custody, error) {
	c, _, err := l.custodyAndEntries(ctx, id)
	return c, err
}

// governedRow is a custody row with the policy that it goes by.
type governedRow struct {
	bun.BaseModel `bun:"table:custody,alias:custody"`
	Device        custody.DeviceID `bun:"device,pk"`
	Ward          string           `bun:"ward"`
	Body          string           `bun:"body"`
	Policy        string           `bun:"policy"` // of wards
}

// CustodyAndPolicy returns a device's row and its ward's policy by one reading,
// for what every tap and every timer asks; ErrNotFound if there is none. See
// [Ledger.Policy].
func (l *Ledger) CustodyAndPolicy(ctx context.Context, id custody.DeviceID) (c custody.Custody, p custody.Policy, err error) {
	row, err := l.lookups.governed.one(ctx, string(id))
	if err == nil {
		c, err = custodyRow{Device: row.Device, Body: row.Body}.custody()
	}
	if err == nil {
		p, err = l.policies.of(policyRow{ID: row.Ward, Policy: row.Policy})
	}
	if err != nil {
		err = failed(ctx, fmt.Sprintf("reading custody of %s and its ward's policy", id), err)
	}
	return c, p, err
}

// Custodies returns the rows of devices, by one question. Devices without a row
// are left out, and so are rows that do not decode: whoever asks for one alone
// is told what is wrong with it.
func (l *Ledger) Custodies(ctx context.Context, ids []custody.DeviceID) (map[custody.DeviceID]custody.Custody, error) {
	var rows []custodyRow
	err := l.read.NewSelect().Model(&rows).Column("device", "body").Where("device IN (?)", bun.List(ids)).Scan(ctx)
	if err != nil {
		return nil, failed(ctx, fmt.Sprintf("reading custody of %d devices", len(ids)), err)
	}
	all := make(map[custody.DeviceID]custody.Custody, len(rows))
	for _, row := range rows {
		if c, err := row.custody(); err == nil {
			all[row.Device] = c
		}
	}
	return all, nil
}

func (l *Ledger) custodyAndEntries(ctx context.Context, id custody.DeviceID) (c custody.Custody, entries int64, err error) {
	row, err := l.lookups.custody.one(ctx, string(id))
	if err == nil {
		c, err = row.custody()
	}
	if err != nil {
		err = failed(ctx, fmt.Sprintf("reading custody of %s", id), err)
	}
	return c, row.Entries, err
}

// page is how many rows are read at a time where all of them are wanted.
const page = 500

// Rows calls each with every row, or with those written within the last d by
// the database's own clock if d > 0, until each returns an error. It holds no
// connection while each runs. With d > 0 a row that is written meanwhile may
// come a second time. A row that does not decode is left out, and ErrBroken
// names the first such row once all others were passed on.
func (l *Ledger) Rows(ctx context.Context, d time.Duration, each func(custody.Custody) error) error {
	since, err := l.since(ctx, d)
	if err != nil {
		return err
	}
	var last custodyRow
	var broken error
	for {
		var rows []custodyRow
		q := l.read.NewSelect().Model(&rows).Limit(page)
		if d > 0 { // by the index, which keeps the reading as small as its result
			q.Where("written_at >= ? AND (written_at, device) > (?, ?)", since, last.WrittenAt, last.Device).OrderExpr("written_at, device")
		} else {
			q.Where("device > ?", last.Device).OrderExpr("device")
		}
		if err := q.Scan(ctx); err != nil {
			return failed(ctx, "reading custody rows", err)
		}
		for _, row := range rows {
			c, err := row.custody()
			if err != nil {
				broken = cmp.Or(broken, failed(ctx, "reading custody rows", err))
				continue
			}
			if err := each(c); err != nil {
				return err
			}
		}
		if len(rows) < page {
			return broken
		}
		last = rows[len(rows)-1]
	}
}

// since is the database's time d ago, and 0 for d <= 0.
func (l *Ledger) since(ctx context.Context, d time.Duration) (int64, error) {
	if d <= 0 {
		return 0, nil
	}
	now, err := l.now(ctx, l.read)
	return now - d.Milliseconds(), failed(ctx, "asking the database for its time", err)
}

func (l *Ledger) now(ctx context.Context, db bun.IDB) (ms int64, err error) {
	err = db.NewSelect().ColumnExpr(l.clock).Scan(ctx, &ms)
	return ms, err
}

func isNotFound(err error) bool { return errors.Is(err, custody.ErrNotFound) }
