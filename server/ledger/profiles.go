package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// SeenProfiles is what a device's last ProfileList showed.
type SeenProfiles struct {
	Device   custody.DeviceID
	Versions map[string]string // PayloadUUID by PayloadIdentifier
	Seen     time.Time
}

type seenRow struct {
	bun.BaseModel `bun:"table:seen_profiles,alias:seen_profiles"`
	Device        custody.DeviceID  `bun:"device,pk"`
	Versions      map[string]string `bun:"versions,type:text"` // JSON
	Seen          int64             `bun:"seen,notnull"`
}

// PutProfiles keeps what a device's list of profiles showed, unless a later
// list is kept already. ErrNotFound for an unknown device. The device's next
// Authenticate forgets it.
func (l *Ledger) PutProfiles(ctx context.Context, p SeenProfiles) error {
	return l.change(ctx, fmt.Sprintf("keeping the profiles of %q", p.Device), func(tx bun.Tx) error {
		if _, err := l.holdDevice(ctx, tx, p.Device); err != nil {
			return err
		}
		row := seenRow{Device: p.Device, Versions: p.Versions, Seen: millis(p.Seen)}
		_, err := tx.NewInsert().Model(&row).On("CONFLICT (device) DO UPDATE").
			Set("versions = EXCLUDED.versions").Set("seen = EXCLUDED.seen").
			Where("seen_profiles.seen <= EXCLUDED.seen").Exec(ctx)
		return err
	})
}

// Profiles returns what a device's last list of profiles showed; ErrNotFound if
// it has shown none since it enrolled.
func (l *Ledger) Profiles(ctx context.Context, device custody.DeviceID) (SeenProfiles, error) {
	row := seenRow{Device: device}
	if err := l.read.NewSelect().Model(&row).WherePK().Scan(ctx); err != nil {
		return SeenProfiles{}, failed(ctx, fmt.Sprintf("reading the profiles of %q", device), err)
	}
	return SeenProfiles{Device: row.Device, Versions: row.Versions, Seen: fromMillis(row.Seen)}, nil
}
