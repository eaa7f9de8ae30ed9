package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// Approval is a deed that one member of staff asks for, and that waits for a
// second. It is of one hand-over of the device.
type Approval struct {
	ID      string
	Device  custody.DeviceID
	Deed    string
	Epoch   int64
	Staff   string // the id of who asks
	By      string // their name; read, not written
	Why     string
	At      time.Time
	Expires time.Time
}

type approvalRow struct {
	bun.BaseModel `bun:"table:approvals,alias:approvals"`
	Device        custody.DeviceID `bun:"device,pk"`
	Deed          string           `bun:"deed,pk"`
	ID            string           `bun:"id,notnull"`
	Epoch         int64            `bun:"epoch,notnull"`
	Staff         string           `bun:"staff,notnull"`
	By            string           `bun:"by_name,scanonly"`
	Why           string           `bun:"why,notnull"`
	At            int64            `bun:"at,notnull"`
	Expires       int64            `bun:"expires,notnull"`
}

func (r approvalRow) approval() Approval {
	return Approval{ID: r.ID, Device: r.Device, Deed: r.Deed, Epoch: r.Epoch, Staff: r.Staff, By: r.By, Why: r.Why, At: fromMillis(r.At), Expires: fromMillis(r.Expires)}
}

// AskApproval keeps what a second person is asked for, in the place of what the
// same person asked before. ErrConflict if somebody else asks the same of the
// same hand-over and still waits; ErrNotFound for an unknown device or member of
// staff.
func (l *Ledger) AskApproval(ctx context.Context, a Approval) error {
	return l.change(ctx, fmt.Sprintf("asking a second person about %s", a.Device), func(ctx context.Context, tx bun.Tx) error {
		row := &approvalRow{Device: a.Device, Deed: a.Deed, ID: a.ID, Epoch: a.Epoch, Staff: a.Staff, Why: a.Why, At: millis(a.At), Expires: millis(a.Expires)}
		q := tx.NewInsert().Model(row).On("CONFLICT (device, deed) DO UPDATE")
		for _, column := range []string{"id", "epoch", "staff", "why", "at", "expires"} {
			q.Set(column + " = EXCLUDED." + column)
		}
		return oneRow(custody.ErrConflict)(q.Where("approvals.staff = EXCLUDED.staff OR approvals.epoch <> EXCLUDED.epoch OR approvals.expires <= EXCLUDED.at").Exec(ctx))
	})
}

// Approvals returns what waits for a second person at now, the oldest first.
func (l *Ledger) Approvals(ctx context.Context, now time.Time) ([]Approval, error) {
	var rows []approvalRow
	err := l.read.NewSelect().Model(&rows).ColumnExpr("approvals.*, staff.name AS by_name").Join("JOIN staff ON staff.id = approvals.staff").
		Where("approvals.expires > ?", millis(now)).OrderExpr("approvals.at, approvals.id").Limit(maxEntries).Scan(ctx)
	return each(rows, approvalRow.approval), failed(ctx, "reading what waits for a second person", err)
}

// TakeApproval returns what waits under id at now, and ends its waiting: of two
// who take it one gets it. ErrNotFound if it is not there, or has waited too long.
func (l *Ledger) TakeApproval(ctx context.Context, id string, now time.Time) (a Approval, err error) {
	err = l.change(ctx, "taking what waits for a second person", func(ctx context.Context, tx bun.Tx) error {
		var row approvalRow
		q := tx.NewSelect().Model(&row).Where("approvals.id = ? AND approvals.expires > ?", id, millis(now))
		if err := l.locked(q).Scan(ctx); err != nil {
			return err
		}
		a = row.approval()
		return oneRow(custody.ErrNotFound)(tx.NewDelete().Model((*approvalRow)(nil)).Where("id = ?", id).Exec(ctx))
	})
	return a, err
}

type wipeAskRow struct {
	bun.BaseModel `bun:"table:wipe_asks,alias:wipe_asks"`
	Staff         string           `bun:"staff,pk"`
	Device        custody.DeviceID `bun:"device,pk"`
	At            int64            `bun:"at,notnull"`
}

// WipesAlone notes at at that a member of staff has a device wiped, and reports
// true; or notes nothing and reports false, where they had most other devices
// wiped since since. Two at once are counted one after the other.
func (l *Ledger) WipesAlone(ctx context.Context, staff string, device custody.DeviceID, at, since time.Time, most int) (ok bool, err error) {
	err = l.change(ctx, "counting what one person has wiped", func(ctx context.Context, tx bun.Tx) error {
		ok = false                 // a transaction may be tried again
		who := staffRow{ID: staff} // whose row is locked, so that they are counted in turn
		if err := l.locked(tx.NewSelect().Model(&who).WherePK()).Scan(ctx); err != nil {
			return err
		}
		n, err := tx.NewSelect().Model((*wipeAskRow)(nil)).Where("staff = ? AND device <> ? AND at >= ?", staff, device, millis(since)).Count(ctx)
		if err != nil || n >= int64(most) {
			return err
		}
		ok = true
		_, err = tx.NewInsert().Model(&wipeAskRow{Staff: staff, Device: device, At: millis(at)}).
			On("CONFLICT (staff, device) DO UPDATE").Set("at = EXCLUDED.at").Exec(ctx)
		return err
	})
	return ok && err == nil, err
}
