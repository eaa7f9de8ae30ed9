package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

type errandRow struct {
	bun.BaseModel `bun:"table:errands"`
	UUID          string           `bun:"uuid,pk"`
	Device        custody.DeviceID `bun:"device,notnull"`
	Account       string           `bun:"account,notnull"` // empty: device channel
	Request       string           `bun:"request,notnull"`
	Body          []byte           `bun:"body,notnull"` // sealed
	Rank          int              `bun:"rank,notnull"`
	Ordinal       int64            `bun:"ordinal,notnull"` // among the device's, in the order of asking
	Expires       int64            `bun:"expires,notnull"`
}

// maxErrands is the most that may wait for one device.
const maxErrands = 256

func errandName(uuid string) string { return fmt.Sprintf("errand %q", uuid) }

// PutErrand keeps an errand until it is ended or expires. One whose UUID waits
// already is left as it is. ErrNotFound for an unknown device, ErrConflict
// where 256 errands wait for it. An errand without an expiry is refused with
// ErrConflict, too: nothing waits for ever.
func (l *Ledger) PutErrand(ctx context.Context, e Errand) error {
	name := errandName(e.UUID)
	if e.Expires.IsZero() {
		return fmt.Errorf("keeping %s: it has no expiry: %w", name, custody.ErrConflict)
	}
	return l.change(ctx, "keeping "+name, func(ctx context.Context, tx bun.Tx) error {
		if _, err := l.hold(ctx, tx, e.Device); err != nil {
			return err
		}
		row := errandRow{
			UUID: e.UUID, Device: e.Device, Account: e.User, Request: e.Request,
			Body: l.box.seal(name, e.Body), Rank: e.Rank, Expires: millis(e.Expires),
		}
		if waits, err := tx.NewSelect().Model(&row).WherePK().Exists(ctx); err != nil || waits {
			return err
		}
		var waiting int
		err := tx.NewSelect().Model((*errandRow)(nil)).ColumnExpr("COUNT(*)").ColumnExpr("COALESCE(MAX(ordinal), 0) + 1").
			Where("device = ?", e.Device).Scan(ctx, &waiting, &row.Ordinal)
		if err != nil {
			return err
		}
		if waiting >= maxErrands {
			return fmt.Errorf("%d errands wait for the device: %w", waiting, custody.ErrConflict)
		}
		_, err = tx.NewInsert().Model(&row).Exec(ctx)
		return err
	})
}

// NextErrand returns the errand of lowest rank, of these the oldest, that waits
// for a device's channel and has not expired at now; ErrNotFound if none does.
// It keeps waiting until it is ended.
func (l *Ledger) NextErrand(ctx context.Context, device custody.DeviceID, user string, now time.Time) (Errand, error) {
	row, err := l.errand.one(ctx, string(device), user, now.UnixMilli())
	if err != nil {
		return Errand{}, failed(ctx, fmt.Sprintf("reading the next errand of %q", device), err)
	}
	body, err := l.box.open(errandName(row.UUID), row.Body)
	return Errand{
		UUID: row.UUID, Device: row.Device, User: row.Account, Request: row.Request,
		Body: body, Rank: row.Rank, Expires: fromMillis(row.Expires),
	}, err
}

// EndErrand drops an errand that the named channel has answered; ErrNotFound
// if none of that UUID waits for that channel.
func (l *Ledger) EndErrand(ctx context.Context, uuid string, device custody.DeviceID, user string) error {
	err := oneRow(custody.ErrNotFound)(l.write.NewDelete().Model((*errandRow)(nil)).
		Where("uuid = ? AND device = ? AND account = ?", uuid, device, user).Exec(ctx))
	return failed(ctx, "ending "+errandName(uuid), err)
}

// ExpireErrands drops all errands that have expired at now.
func (l *Ledger) ExpireErrands(ctx context.Context, now time.Time) error {
	_, err := l.write.NewDelete().Model((*errandRow)(nil)).Where("expires <= ?", now.UnixMilli()).Exec(ctx)
	return failed(ctx, "dropping expired errands", err)
}
