package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/badge"
	"github.com/padwarden/padwarden/server/custody"
)

// WardDeed is one line of what was done about a ward, its iPads and its
// readers. Lines are written with the change they tell of and never altered.
type WardDeed struct {
	Ward string
	Seq  int64 // from 1, without gaps
	At   time.Time
	By   string // "staff:Maria Keller", "import …"
	What string // a sentence
	Why  string // may be empty
}

type wardDeedRow struct {
	bun.BaseModel `bun:"table:ward_log"`
	Ward          string `bun:"ward,pk"`
	Seq           int64  `bun:"seq,pk"`
	At            int64  `bun:"at,notnull"`
	Actor         string `bun:"actor,notnull"`
	What          string `bun:"what,notnull"`
	Why           string `bun:"why,notnull"`
}

func (r wardDeedRow) deed() WardDeed {
	return WardDeed{Ward: r.Ward, Seq: r.Seq, At: fromMillis(r.At), By: r.Actor, What: r.What, Why: r.Why}
}

// tellWard appends lines about a ward whose row this transaction holds.
func tellWard(ctx context.Context, tx bun.Tx, ward string, said []WardDeed) error {
	if len(said) == 0 {
		return nil
	}
	var last int64
	err := tx.NewSelect().Model((*wardDeedRow)(nil)).ColumnExpr("COALESCE(MAX(seq), 0)").Where("ward = ?", ward).Scan(ctx, &last)
	if err != nil {
		return err
	}
	rows := make([]wardDeedRow, len(said))
	for i, d := range said {
		rows[i] = wardDeedRow{Ward: ward, Seq: last + int64(i) + 1, At: millis(d.At), Actor: d.By, What: d.What, Why: d.Why}
	}
	_, err = tx.NewInsert().Model(&rows).Exec(ctx)
	return err
}

// WardLog returns what was done about a ward, the last first.
func (l *Ledger) WardLog(ctx context.Context, ward string, limit int) ([]WardDeed, error) {
	if limit <= 0 {
		return nil, nil
	}
	var rows []wardDeedRow
	err := l.read.NewSelect().Model(&rows).Where("ward = ?", ward).OrderExpr("seq DESC").Limit(int64(limit)).Scan(ctx)
	return each(rows, wardDeedRow.deed), failed(ctx, fmt.Sprintf("reading what was done about ward %q", ward), err)
}

// holdWard returns a ward that is not removed, and keeps other changes of it out
// until the transaction ends.
func (l *Ledger) holdWard(ctx context.Context, tx bun.Tx, id string) (wardRow, error) {
	row := wardRow{ID: id}
	err := l.locked(tx.NewSelect().Model(&row).WherePK()).Scan(ctx)
	if err == nil && row.Removed != 0 {
		err = fmt.Errorf("ward %q was removed: %w", id, custody.ErrNotFound)
	}
	return row, err
}

// WardChange is what a ward becomes. Version is the one that was read.
type WardChange struct {
	ID      string
	Version int64
	Name    string
	Policy  custody.Policy
	Badges  badge.Format
	Said    []WardDeed // By, At, What and Why
}

// ChangeWard writes a change with its lines. ErrStale if the ward has changed
// since Version; ErrConflict if it would have another fleet kind or lock target
// and one of its iPads is in use, locked or being wiped, for their plans are of
// the old one; ErrNotFound for an unknown ward. Then nothing has changed.
func (l *Ledger) ChangeWard(ctx context.Context, c WardChange) error {
	return l.change(ctx, fmt.Sprintf("changing ward %q", c.ID), func(ctx context.Context, tx bun.Tx) error {
		row, err := l.holdWard(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		if row.Version != c.Version {
			return fmt.Errorf("version %d was read, and it is %d: %w", c.Version, row.Version, custody.ErrStale)
		}
		if row.Policy.Fleet != c.Policy.Fleet || row.Policy.Target != c.Policy.Target {
			busy, err := tx.NewSelect().Model((*custodyRow)(nil)).
				Where("ward = ? AND state IN (?)", c.ID, bun.List([]custody.State{custody.InUse, custody.Locked, custody.Wiping})).Count(ctx)
			if err != nil {
				return err
			}
			if busy > 0 {
				return fmt.Errorf("%d of its devices are in use, locked or being wiped: %w", busy, custody.ErrConflict)
			}
		}
		next := wardRow{ID: c.ID, Name: c.Name, Policy: c.Policy, Badges: c.Badges, Version: row.Version + 1}
		if _, err := tx.NewUpdate().Model(&next).Column("name", "policy", "badges", "version").WherePK().Exec(ctx); err != nil {
			return err
		}
		return tellWard(ctx, tx, c.ID, c.Said)
	})
}

// RemoveWard takes a ward off the lists. It is kept for what names it. ErrStale
// if it has changed since version; ErrConflict if it has devices or readers.
func (l *Ledger) RemoveWard(ctx context.Context, id string, version int64, at time.Time, said ...WardDeed) error {
	return l.change(ctx, fmt.Sprintf("removing ward %q", id), func(ctx context.Context, tx bun.Tx) error {
		row, err := l.holdWard(ctx, tx, id)
		if err != nil {
			return err
		}
		if row.Version != version {
			return fmt.Errorf("version %d was read, and it is %d: %w", version, row.Version, custody.ErrStale)
		}
		for _, of := range []any{(*deviceRow)(nil), (*readerRow)(nil)} {
			n, err := tx.NewSelect().Model(of).Where("ward = ?", id).Count(ctx)
			if err != nil {
				return err
			}
			if n > 0 {
				return fmt.Errorf("it has %d: %w", n, custody.ErrConflict)
			}
		}
		next := wardRow{ID: id, Version: row.Version + 1, Removed: millis(at)}
		if _, err := tx.NewUpdate().Model(&next).Column("version", "removed").WherePK().Exec(ctx); err != nil {
			return err
		}
		return tellWard(ctx, tx, id, said)
	})
}

// RestoreWard puts a removed ward back on the lists; one that is there stays.
// ErrNotFound if there never was one.
func (l *Ledger) RestoreWard(ctx context.Context, id string, said ...WardDeed) error {
	return l.change(ctx, fmt.Sprintf("bringing back ward %q", id), func(ctx context.Context, tx bun.Tx) error {
		row := wardRow{ID: id}
		if err := l.locked(tx.NewSelect().Model(&row).WherePK()).Scan(ctx); err != nil || row.Removed == 0 {
			return err
		}
		row.Version, row.Removed = row.Version+1, 0
		if _, err := tx.NewUpdate().Model(&row).Column("version", "removed").WherePK().Exec(ctx); err != nil {
			return err
		}
		return tellWard(ctx, tx, id, said)
	})
}

// RemovedWards returns the wards that were removed, in the order of their ids.
func (l *Ledger) RemovedWards(ctx context.Context) ([]Ward, error) {
	var rows []wardRow
	err := l.read.NewSelect().Model(&rows).Where("removed <> 0").OrderExpr("id").Scan(ctx)
	return each(rows, wardRow.ward), failed(ctx, "reading the removed wards", err)
}

// Untold returns the wards whose iPads in use do not all go by the policy yet.
func (l *Ledger) Untold(ctx context.Context) ([]Ward, error) {
	var rows []wardRow
	err := l.read.NewSelect().Model(&rows).Where("told < version").OrderExpr("id").Scan(ctx)
	return each(rows, wardRow.ward), failed(ctx, "reading the wards whose policy changed", err)
}

// Told notes that a ward's iPads go by a version of its policy. A later one stays.
func (l *Ledger) Told(ctx context.Context, ward string, version int64) error {
	_, err := l.write.NewUpdate().Model((*wardRow)(nil)).Set("told = ?", version).Where("id = ? AND told < ?", ward, version).Exec(ctx)
	return failed(ctx, fmt.Sprintf("noting that ward %q was told", ward), err)
}
