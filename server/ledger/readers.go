package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

type readerRow struct {
	bun.BaseModel `bun:"table:readers"`
	ID            string           `bun:"id,pk"`
	Ward          string           `bun:"ward,notnull"`
	Device        custody.DeviceID `bun:"device,nullzero"` // NULL for a wall reader; a docked iPad has one reader
	Credential    []byte           `bun:"credential,notnull"`
	Heard         int64            `bun:"heard,notnull"`
}

func (r readerRow) reader() Reader {
	return Reader{ID: r.ID, Ward: r.Ward, Device: r.Device, Credential: r.Credential, Heard: fromMillis(r.Heard)}
}

// AddReader adds a badge reader with the lines that tell of it; ErrConflict if
// its id or its docked iPad has one, ErrNotFound for an unknown ward or device.
func (l *Ledger) AddReader(ctx context.Context, r Reader, said ...WardDeed) error {
	return l.change(ctx, fmt.Sprintf("adding reader %q", r.ID), func(ctx context.Context, tx bun.Tx) error {
		if _, err := l.holdWard(ctx, tx, r.Ward); err != nil {
			return err
		}
		row := readerRow{ID: r.ID, Ward: r.Ward, Device: r.Device, Credential: r.Credential}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return tellWard(ctx, tx, r.Ward, said)
	})
}

// Reader returns a reader, or ErrNotFound.
func (l *Ledger) Reader(ctx context.Context, id string) (Reader, error) {
	row := readerRow{ID: id}
	err := l.read.NewSelect().Model(&row).WherePK().Scan(ctx)
	return row.reader(), failed(ctx, fmt.Sprintf("reading reader %q", id), err)
}

// ReaderFor returns the reader of the dock that a device belongs in, or ErrNotFound.
func (l *Ledger) ReaderFor(ctx context.Context, device custody.DeviceID) (Reader, error) {
	var row readerRow
	err := l.read.NewSelect().Model(&row).Where("device = ?", device).Scan(ctx)
	return row.reader(), failed(ctx, fmt.Sprintf("reading the reader of %q", device), err)
}

// Readers returns all badge readers in the order of their ids.
func (l *Ledger) Readers(ctx context.Context) ([]Reader, error) {
	var rows []readerRow
	err := l.read.NewSelect().Model(&rows).OrderExpr("id").Scan(ctx)
	return each(rows, readerRow.reader), failed(ctx, "reading the readers", err)
}

// Heard notes that a reader came with its credential. A later time stays.
func (l *Ledger) Heard(ctx context.Context, id string, at time.Time) error {
	_, err := l.write.NewUpdate().Model((*readerRow)(nil)).Set("heard = ?", millis(at)).Where("id = ? AND heard < ?", id, millis(at)).Exec(ctx)
	return failed(ctx, fmt.Sprintf("noting that reader %q was heard", id), err)
}

// RemoveReader forgets a reader: its credential opens nothing from then on.
// ErrNotFound if there is none.
func (l *Ledger) RemoveReader(ctx context.Context, id string, said ...WardDeed) error {
	return l.changeReader(ctx, "removing", id, said, func(tx bun.Tx, row *readerRow) error {
		_, err := tx.NewDelete().Model(row).WherePK().Exec(ctx)
		return err
	})
}

// TieReader makes a reader the dock's of a device, or one on the wall with an
// empty device. ErrConflict if the device has another reader or is on another
// ward, ErrNotFound if either is unknown.
func (l *Ledger) TieReader(ctx context.Context, id string, device custody.DeviceID, said ...WardDeed) error {
	return l.changeReader(ctx, "tying", id, said, func(tx bun.Tx, row *readerRow) error {
		if device != "" {
			docked, err := l.hold(ctx, tx, device)
			if err != nil {
				return err
			}
			if docked.Ward != row.Ward {
				return fmt.Errorf("%q is on ward %q: %w", device, docked.Ward, custody.ErrConflict)
			}
		}
		row.Device = device
		_, err := tx.NewUpdate().Model(row).Column("device").WherePK().Exec(ctx)
		return err
	})
}

// RenewReader gives a reader another credential; the one it had opens nothing
// from then on. ErrNotFound if there is no such reader.
func (l *Ledger) RenewReader(ctx context.Context, id string, credential []byte, said ...WardDeed) error {
	return l.changeReader(ctx, "renewing", id, said, func(tx bun.Tx, row *readerRow) error {
		row.Credential = credential
		_, err := tx.NewUpdate().Model(row).Column("credential").WherePK().Exec(ctx)
		return err
	})
}

// changeReader holds the reader's ward, then the reader, while fn changes it.
func (l *Ledger) changeReader(ctx context.Context, doing, id string, said []WardDeed, fn func(bun.Tx, *readerRow) error) error {
	return l.change(ctx, fmt.Sprintf("%s reader %q", doing, id), func(ctx context.Context, tx bun.Tx) error {
		row := readerRow{ID: id}
		if err := tx.NewSelect().Model(&row).WherePK().Scan(ctx); err != nil { // a reader keeps its ward
			return err
		}
		if _, err := l.holdWard(ctx, tx, row.Ward); err != nil {
			return err
		}
		if err := l.locked(tx.NewSelect().Model(&row).WherePK()).Scan(ctx); err != nil {
			return err
		}
		if err := fn(tx, &row); err != nil {
			return err
		}
		return tellWard(ctx, tx, row.Ward, said)
	})
}
