package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// DeviceSearch is which devices are looked for, and which of them are wanted.
type DeviceSearch struct {
	Text          string // words that a serial or a name holds, in any case; empty: all
	Wards         []string
	Everywhere    bool          // whatever Wards says
	State         custody.State // empty: any
	Offset, Limit int
}

// Kept is a device with its custody.
type Kept struct {
	Device
	Custody custody.Custody
}

// maxDevices bounds one page of a search.
const maxDevices = 200

// FindDevices returns a page of the devices that are looked for, by name, and
// how many there are in all.
func (l *Ledger) FindDevices(ctx context.Context, s DeviceSearch) (devices []Kept, all int64, err error) {
	var rows []deviceRow
	q := l.read.NewSelect().Model(&rows)
	if !s.Everywhere {
		q.Where("ward IN (?)", bun.List(append([]string{""}, s.Wards...)))
	}
	for _, word := range strings.Fields(strings.ToLower(s.Text)) {
		q.Where(`folded LIKE ? ESCAPE '\'`, "%"+literal.Replace(word)+"%")
	}
	if s.State != "" {
		q.Where("EXISTS (SELECT 1 FROM custody WHERE custody.device = id AND custody.state = ?)", s.State)
	}
	if all, err = q.Count(ctx); err == nil {
		err = q.OrderExpr("name, id").Offset(int64(max(s.Offset, 0))).Limit(int64(max(1, min(s.Limit, maxDevices)))).Scan(ctx)
	}
	if err != nil || len(rows) == 0 {
		return nil, all, failed(ctx, "looking devices up", err)
	}
	var kept []custodyRow
	err = l.read.NewSelect().Model(&kept).Where("device IN (?)", bun.List(each(rows, func(r deviceRow) custody.DeviceID { return r.ID }))).Scan(ctx)
	for _, r := range rows {
		k := Kept{Device: r.device()}
		if at := slices.IndexFunc(kept, func(c custodyRow) bool { return c.Device == r.ID }); at >= 0 && err == nil {
			k.Custody, err = kept[at].custody()
		}
		devices = append(devices, k)
	}
	return devices, all, failed(ctx, "looking devices up", err)
}

// RenameDevice changes what people call a device, with the lines that tell of
// it; ErrNotFound if there is none.
func (l *Ledger) RenameDevice(ctx context.Context, id custody.DeviceID, name string, said ...WardDeed) error {
	return l.change(ctx, fmt.Sprintf("renaming device %q", id), func(ctx context.Context, tx bun.Tx) error {
		row := deviceRow{ID: id}
		if err := tx.NewSelect().Model(&row).WherePK().Scan(ctx); err != nil {
			return err
		}
		if len(said) > 0 {
			if _, err := l.holdWard(ctx, tx, row.Ward); err != nil {
				return err
			}
		}
		row.Name, row.Folded = name, foldedDevice(id, name)
		if _, err := tx.NewUpdate().Model(&row).Column("name", "folded").WherePK().Exec(ctx); err != nil {
			return err
		}
		return tellWard(ctx, tx, row.Ward, said)
	})
}

// Numbers counts what there is of a ward.
type Numbers struct {
	Devices, Readers int
}

// Count returns the numbers of every ward that has any.
func (l *Ledger) Count(ctx context.Context) (map[string]Numbers, error) {
	all := map[string]Numbers{}
	for _, of := range []struct {
		model any
		add   func(n *Numbers, count int)
	}{
		{(*deviceRow)(nil), func(n *Numbers, count int) { n.Devices = count }},
		{(*readerRow)(nil), func(n *Numbers, count int) { n.Readers = count }},
	} {
		var rows []struct {
			Ward string
			N    int
		}
		if err := l.read.NewSelect().Model(of.model).ColumnExpr("ward, COUNT(*) AS n").GroupExpr("ward").Scan(ctx, &rows); err != nil {
			return nil, failed(ctx, "counting devices and readers", err)
		}
		for _, r := range rows {
			n := all[r.Ward]
			of.add(&n, r.N)
			all[r.Ward] = n
		}
	}
	return all, nil
}
