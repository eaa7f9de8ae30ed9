package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// Trial is a signed table of what was tried on one device, as it was filed.
// What is in Body, and whether its signature holds, is its reader's to say.
type Trial struct {
	ID     string // hex SHA-256 of Body
	Device custody.DeviceID
	Ward   string // the device's when it was filed
	Filed  time.Time
	Body   string // the signed table, byte for byte
}

type trialRow struct {
	bun.BaseModel `bun:"table:trials"`
	ID            string           `bun:"id,pk"`
	Device        custody.DeviceID `bun:"device,notnull"`
	Ward          string           `bun:"ward,notnull"`
	Filed         int64            `bun:"filed,notnull"`
	Body          string           `bun:"body,notnull"`
}

func (r trialRow) trial() Trial {
	return Trial{ID: r.ID, Device: r.Device, Ward: r.Ward, Filed: fromMillis(r.Filed), Body: r.Body}
}

// AddTrial files a trial; ErrConflict if it is there already, ErrNotFound for
// an unknown device or ward. None is ever changed or removed.
func (l *Ledger) AddTrial(ctx context.Context, t Trial) error {
	row := trialRow{ID: t.ID, Device: t.Device, Ward: t.Ward, Filed: millis(t.Filed), Body: t.Body}
	_, err := l.write.NewInsert().Model(&row).Exec(ctx)
	return failed(ctx, fmt.Sprintf("filing a trial of %q", t.Device), err)
}

// Trials returns up to limit (at most 1000) of the trials, the last filed first.
func (l *Ledger) Trials(ctx context.Context, limit int) ([]Trial, error) {
	if limit <= 0 {
		return nil, nil
	}
	var rows []trialRow
	err := l.read.NewSelect().Model(&rows).OrderExpr("filed DESC, id").Limit(int64(min(limit, maxEntries))).Scan(ctx)
	return each(rows, trialRow.trial), failed(ctx, "reading the trials", err)
}
