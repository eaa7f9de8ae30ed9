package ledger

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// emergencyRow is one break-glass session, as its device's history tells it.
type emergencyRow struct {
	bun.BaseModel `bun:"table:emergencies,alias:emergencies"`
	Device        custody.DeviceID `bun:"device,pk,type:text"`
	Version       int64            `bun:"version,pk,type:bigint"`
	Epoch         int64            `bun:"epoch,type:bigint"`
	Ward          string           `bun:"ward,type:text"`
	Clinician     string           `bun:"clinician,type:text"`
	Opened        int64            `bun:"opened,type:bigint"`
	Reason        string           `bun:"reason,type:text"`
	Explained     int64            `bun:"explained,type:bigint"`
	Finding       string           `bun:"finding,type:text"`
	Reviewer      string           `bun:"reviewer,type:text"`
	Reviewed      int64            `bun:"reviewed,type:bigint"`
}

func (r emergencyRow) emergency() custody.Emergency {
	return custody.Emergency{Device: r.Device, Version: r.Version, Epoch: r.Epoch, Ward: r.Ward, Clinician: r.Clinician,
		Opened: fromMillis(r.Opened), Reason: r.Reason, Explained: fromMillis(r.Explained),
		Finding: r.Finding, Reviewer: r.Reviewer, Reviewed: fromMillis(r.Reviewed)}
}

// emergencyOf is what an entry says of an emergency, or nil.
func emergencyOf(e custody.Entry, ward string) *emergencyRow {
	r := emergencyRow{Device: e.Device, Version: e.Run}
	switch e.Kind {
	case custody.KindEmergency:
		r.Version, r.Epoch, r.Ward, r.Clinician, r.Opened = e.Version, e.Epoch, ward, e.Actor, e.At.UnixMilli()
	case custody.KindExplained:
		r.Clinician, r.Reason, r.Explained = e.Actor, e.Detail, e.At.UnixMilli()
	case custody.KindReviewed:
		r.Reviewer, r.Finding, r.Reviewed = e.Actor, e.Detail, e.At.UnixMilli()
	default:
		return nil
	}
	return &r
}

// emergenciesOf are those that a change's entries tell of.
func emergenciesOf(ch custody.Change) (rows []emergencyRow) {
	for _, e := range ch.Entries {
		if r := emergencyOf(e, ch.Next.Ward); r != nil {
			rows = append(rows, *r)
		}
	}
	return rows
}

// writeEmergencies brings the projection up to the history that is written with
// it. What was said first stays; only who opened an emergency explains it.
func (w *batchWork) writeEmergencies(ctx context.Context) error {
	for _, r := range w.urgent {
		var err error
		q := w.tx.NewUpdate().Model(&r).WherePK()
		switch {
		case r.Opened != 0:
			_, err = w.tx.NewInsert().Model(&r).Exec(ctx)
		case r.Explained != 0:
			_, err = q.Column("reason", "explained").Where("explained = 0 AND clinician = ?", r.Clinician).Exec(ctx)
		default:
			_, err = q.Column("finding", "reviewer", "reviewed").Where("reviewed = 0").Exec(ctx)
		}
		if err != nil {
			return fmt.Errorf("writing emergencies: %w", err)
		}
	}
	return nil
}

// maxEmergencies bounds one list of them.
const maxEmergencies = 500

// Emergencies returns those that nobody has reviewed, the oldest first, and at
// most 500; with all, the reviewed ones too, the newest first.
func (l *Ledger) Emergencies(ctx context.Context, all bool) ([]custody.Emergency, error) {
	var rows []emergencyRow
	q := l.read.NewSelect().Model(&rows).Limit(maxEmergencies)
	if all {
		q.OrderExpr("opened DESC, device, version")
	} else {
		q.Where("reviewed = 0").OrderExpr("opened, device, version")
	}
	err := q.Scan(ctx)
	return each(rows, emergencyRow.emergency), failed(ctx, "reading emergencies", err)
}

// Emergency returns one, or ErrNotFound.
func (l *Ledger) Emergency(ctx context.Context, device custody.DeviceID, version int64) (custody.Emergency, error) {
	row := emergencyRow{Device: device, Version: version}
	err := l.read.NewSelect().Model(&row).WherePK().Scan(ctx)
	return row.emergency(), failed(ctx, fmt.Sprintf("reading an emergency of %s", device), err)
}

// Unexplained returns a clinician's emergencies that they have not explained, the oldest first.
func (l *Ledger) Unexplained(ctx context.Context, clinician string) ([]custody.Emergency, error) {
	var rows []emergencyRow
	err := l.read.NewSelect().Model(&rows).Where("clinician = ? AND explained = 0", clinician).
		OrderExpr("opened, device").Limit(maxEmergencies).Scan(ctx)
	return each(rows, emergencyRow.emergency), failed(ctx, fmt.Sprintf("reading the emergencies of %q", clinician), err)
}

// SetEmergencyCode gives a ward a sealed code, kept as its HMAC, in place of the
// one it had; ErrNotFound if there is no such ward.
func (l *Ledger) SetEmergencyCode(ctx context.Context, ward string, hash []byte) error {
	err := oneRow(custody.ErrNotFound)(l.write.NewUpdate().Table("wards").
		Set("emergency_code = ?", hex.EncodeToString(hash)).Where("id = ?", ward).Exec(ctx))
	return failed(ctx, fmt.Sprintf("giving ward %q an emergency code", ward), err)
}

// TakeEmergencyCode uses a ward's code up. ErrNotFound if it is not that: of
// many takers one gets it.
func (l *Ledger) TakeEmergencyCode(ctx context.Context, ward string, hash []byte) error {
	if len(hash) == 0 {
		return custody.ErrNotFound
	}
	err := oneRow(custody.ErrNotFound)(l.write.NewUpdate().Table("wards").Set("emergency_code = ''").
		Where("id = ? AND emergency_code = ?", ward, hex.EncodeToString(hash)).Exec(ctx))
	return failed(ctx, fmt.Sprintf("taking the emergency code of ward %q", ward), err)
}

// EmergencyCode reports whether a ward has a code that was not used.
func (l *Ledger) EmergencyCode(ctx context.Context, ward string) (bool, error) {
	n, err := l.read.NewSelect().Table("wards").Where("id = ? AND emergency_code <> ''", ward).Count(ctx)
	return n > 0, failed(ctx, fmt.Sprintf("looking for the emergency code of ward %q", ward), err)
}
