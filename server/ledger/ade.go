package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// Assigned is a device that Apple lists for the organisation's server. Ward is
// empty where the inventory does not have it: it may not enrol then.
type Assigned struct {
	Serial  custody.DeviceID
	Model   string
	Family  string // iPad, iPhone, …
	Profile string // UUID of the enrolment profile that is assigned to it; empty: none
	Status  string // empty, assigned, pushed, removed
	Seen    time.Time
	Ward    string
}

// AssignedPage is one page of Apple's list.
type AssignedPage struct {
	// First: the list begins anew, and what was known of it is dropped.
	First   bool
	Devices []Assigned
	Removed []custody.DeviceID
	// State is where the list stands after this page, as whoever reads it wants
	// to find it again.
	State string
}

type assignedRow struct {
	bun.BaseModel `bun:"table:ade_devices,alias:a"`
	Serial        custody.DeviceID `bun:"serial,pk"`
	Model         string           `bun:"model,notnull"`
	Family        string           `bun:"family,notnull"`
	Profile       string           `bun:"profile,notnull"`
	Status        string           `bun:"status,notnull"`
	Seen          int64            `bun:"seen,notnull"`
	Ward          string           `bun:"ward,scanonly"`
}

func (r assignedRow) assigned() Assigned {
	return Assigned{
		Serial: r.Serial, Model: r.Model, Family: r.Family, Profile: r.Profile, Status: r.Status, Seen: fromMillis(r.Seen), Ward: r.Ward,
	}
}

type adeStateRow struct {
	bun.BaseModel `bun:"table:ade_state"`
	Name          string `bun:"name,pk"`
	Value         string `bun:"value,notnull"`
}

// adeList is the name of the state that a page comes with.
const adeList = "list"

// KeepAssigned keeps one page of Apple's list and where the list stands after
// it, in one transaction: a page is never skipped, and at worst read again.
func (l *Ledger) KeepAssigned(ctx context.Context, p AssignedPage) error {
	return l.change(ctx, "keeping a page of the organisation's devices", func(ctx context.Context, tx bun.Tx) error {
		if p.First {
			if _, err := tx.NewDelete().Model((*assignedRow)(nil)).Where("TRUE").Exec(ctx); err != nil {
				return err
			}
		}
		for _, d := range p.Devices {
			row := assignedRow{Serial: d.Serial, Model: d.Model, Family: d.Family, Profile: d.Profile, Status: d.Status, Seen: millis(d.Seen)}
			q := tx.NewInsert().Model(&row).On("CONFLICT (serial) DO UPDATE")
			for _, column := range []string{"model", "family", "profile", "status", "seen"} {
				q.Set(column + " = EXCLUDED." + column)
			}
			if _, err := q.Exec(ctx); err != nil {
				return err
			}
		}
		if len(p.Removed) > 0 {
			if _, err := tx.NewDelete().Model((*assignedRow)(nil)).Where("serial IN (?)", bun.In(p.Removed)).Exec(ctx); err != nil {
				return err
			}
		}
		return putADEState(ctx, tx, adeList, p.State)
	})
}

// AssignedDevices returns at most limit of the listed devices whose serials
// follow the given one, in the order of their serials.
func (l *Ledger) AssignedDevices(ctx context.Context, after custody.DeviceID, limit int) ([]Assigned, error) {
	var rows []assignedRow
	err := l.read.NewSelect().Model(&rows).ColumnExpr("a.*").ColumnExpr("COALESCE(d.ward, '') AS ward").
		Join("LEFT JOIN devices AS d ON d.id = a.serial").
		Where("a.serial > ?", after).OrderExpr("a.serial").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, failed(ctx, "reading the organisation's devices", err)
	}
	return each(rows, assignedRow.assigned), nil
}

// SetAssigned writes that a profile was assigned to listed devices.
func (l *Ledger) SetAssigned(ctx context.Context, profile string, serials []custody.DeviceID) error {
	if len(serials) == 0 {
		return nil
	}
	_, err := l.write.NewUpdate().Model((*assignedRow)(nil)).Set("profile = ?", profile).Set("status = ?", "assigned").
		Where("serial IN (?)", bun.In(serials)).Exec(ctx)
	return failed(ctx, "writing which devices a profile was assigned to", err)
}

// ADEState returns what is kept under a name; "" if nothing is.
func (l *Ledger) ADEState(ctx context.Context, name string) (string, error) {
	row := adeStateRow{Name: name}
	err := failed(ctx, fmt.Sprintf("reading the state %q of automated enrolment", name), l.read.NewSelect().Model(&row).WherePK().Scan(ctx))
	if isNotFound(err) {
		return "", nil
	}
	return row.Value, err
}

// SetADEState keeps a value under a name; "list" is [Ledger.KeepAssigned]'s.
func (l *Ledger) SetADEState(ctx context.Context, name, value string) error {
	return failed(ctx, fmt.Sprintf("keeping the state %q of automated enrolment", name), putADEState(ctx, l.write, name, value))
}

func putADEState(ctx context.Context, db bun.IDB, name, value string) error {
	_, err := db.NewInsert().Model(&adeStateRow{Name: name, Value: value}).On("CONFLICT (name) DO UPDATE").Set("value = EXCLUDED.value").Exec(ctx)
	return err
}
