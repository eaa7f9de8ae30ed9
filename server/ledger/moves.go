package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// move is a device that goes to another ward: its record goes with its custody,
// and both wards' logs say so.
type move struct {
	device   custody.DeviceID
	from, to string
	at       time.Time
	by       string
}

func newMove(ch custody.Change) move {
	m := move{device: ch.Next.Device, from: ch.Prev.Ward, to: ch.Next.Ward}
	for _, e := range ch.Entries {
		if e.Kind == custody.KindMoved {
			m.at, m.by = e.At, e.Actor
		}
	}
	return m
}

// writeMoves writes what moved in this transaction. The wards are held in the
// order of their ids, so that two servers' batches do not wait for each other
// crosswise; one that is unknown or was removed takes no device.
func (w *batchWork) writeMoves(ctx context.Context) error {
	var wards []string
	for _, m := range w.moves {
		wards = append(wards, m.from, m.to)
	}
	if len(wards) == 0 {
		return nil
	}
	slices.Sort(wards)
	wards = slices.Compact(wards)
	var held []wardRow
	if err := w.db.locked(w.tx.NewSelect().Model(&held).Where("id IN (?)", bun.List(wards)).OrderExpr("id")).Scan(ctx); err != nil {
		return fmt.Errorf("holding wards: %w", err)
	}
	for _, m := range w.moves {
		if !slices.ContainsFunc(held, func(r wardRow) bool { return r.ID == m.to && r.Removed == 0 }) {
			return fmt.Errorf("moving %s to ward %q: %w", m.device, m.to, custody.ErrNotFound)
		}
		row := deviceRow{ID: m.device}
		if err := w.tx.NewSelect().Model(&row).WherePK().Scan(ctx); err != nil {
			return fmt.Errorf("moving a device: %w", err)
		}
		row.Ward = m.to
		if _, err := w.tx.NewUpdate().Model(&row).Column("ward").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("moving a device: %w", err)
		}
		for ward, what := range map[string]string{
			m.from: fmt.Sprintf("iPad %s (%s): moved to ward %s.", row.Name, m.device, m.to),
			m.to:   fmt.Sprintf("iPad %s (%s): moved here from ward %s.", row.Name, m.device, m.from),
		} {
			said := WardDeed{At: m.at, By: m.by, What: what}
			if err := tellWard(ctx, w.tx, ward, []WardDeed{said}); err != nil {
				return fmt.Errorf("telling of a move: %w", err)
			}
		}
	}
	return nil
}
