package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/badge"
	"github.com/padwarden/padwarden/server/custody"
)

type wardRow struct {
	bun.BaseModel `bun:"table:wards"`
	ID            string         `bun:"id,pk"`
	Name          string         `bun:"name,notnull"`
	Policy        custody.Policy `bun:"policy,type:text"` // JSON
	Badges        badge.Format   `bun:"badges,type:text"` // JSON
	Version       int64          `bun:"version,notnull"`
	Told          int64          `bun:"told,notnull"`
	Removed       int64          `bun:"removed,notnull"`
}

func (r wardRow) ward() Ward {
	return Ward{ID: r.ID, Name: r.Name, Policy: r.Policy, Badges: r.Badges, Version: r.Version, Removed: fromMillis(r.Removed)}
}

// AddWard adds a ward, at version 1, with the lines that tell of it; ErrConflict
// if there is one of that id, removed or not. The policy is kept as given:
// whoever takes it from a person validates it.
func (l *Ledger) AddWard(ctx context.Context, w Ward, said ...WardDeed) error {
	return l.change(ctx, fmt.Sprintf("adding ward %q", w.ID), func(ctx context.Context, tx bun.Tx) error {
		row := &wardRow{ID: w.ID, Name: w.Name, Policy: w.Policy, Badges: w.Badges, Version: 1, Told: 1}
		if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
			return err
		}
		return tellWard(ctx, tx, w.ID, said)
	})
}

// PutPolicy replaces a ward's policy, whatever it was; ErrNotFound if there is no
// such ward. Who has looked at the ward uses [Ledger.ChangeWard].
func (l *Ledger) PutPolicy(ctx context.Context, ward string, p custody.Policy) error {
	err := oneRow(custody.ErrNotFound)(l.write.NewUpdate().Model(&wardRow{ID: ward, Policy: p}).Column("policy").Set("version = version + 1").WherePK().Exec(ctx))
	return failed(ctx, fmt.Sprintf("changing the policy of ward %q", ward), err)
}

// PutBadges replaces how a ward's readers write card numbers; ErrNotFound if
// there is no such ward.
func (l *Ledger) PutBadges(ctx context.Context, ward string, f badge.Format) error {
	err := oneRow(custody.ErrNotFound)(l.write.NewUpdate().Model(&wardRow{ID: ward, Badges: f}).Column("badges").Set("version = version + 1").WherePK().Exec(ctx))
	return failed(ctx, fmt.Sprintf("changing the badges of ward %q", ward), err)
}

// policyRow is a ward's policy as it is stored.
type policyRow struct {
	bun.BaseModel `bun:"table:wards"`
	ID            string `bun:"id,pk"`
	Policy        string `bun:"policy,type:text"`
}

// policies are the policies of wards as they were last decoded, beside the text
// that they were decoded from. The text is read every time: only what has the
// same text is not decoded again.
type policies struct{ byWard sync.Map }

type decodedPolicy struct {
	text   string
	policy custody.Policy
}

func (p *policies) of(row policyRow) (custody.Policy, error) {
	if v, ok := p.byWard.Load(row.ID); ok && v.(*decodedPolicy).text == row.Policy {
		return v.(*decodedPolicy).policy, nil
	}
	d := decodedPolicy{text: row.Policy}
	if err := json.Unmarshal([]byte(row.Policy), &d.policy); err != nil {
		return custody.Policy{}, err
	}
	p.byWard.Store(row.ID, &d)
	return d.policy, nil
}

// Policy returns a ward's policy, or ErrNotFound. What its lists hold belongs to
// all who read it.
func (l *Ledger) Policy(ctx context.Context, ward string) (p custody.Policy, err error) {
	row, err := l.lookups.policy.one(ctx, ward)
	if err == nil {
		p, err = l.policies.of(row)
	}
	if err != nil {
		return p, failed(ctx, fmt.Sprintf("reading ward %q", ward), err)
	}
	return p, nil
}

// Ward returns a ward, or ErrNotFound.
func (l *Ledger) Ward(ctx context.Context, id string) (Ward, error) {
	row, err := l.lookups.ward.one(ctx, id)
	if err != nil {
		return Ward{}, failed(ctx, fmt.Sprintf("reading ward %q", id), err)
	}
	return row.ward(), nil
}

// Wards returns all wards that are not removed in the order of their ids.
func (l *Ledger) Wards(ctx context.Context) ([]Ward, error) {
	var rows []wardRow
	err := l.read.NewSelect().Model(&rows).Where("removed = 0").OrderExpr("id").Scan(ctx)
	return each(rows, wardRow.ward), failed(ctx, "reading the wards", err)
}

type deviceRow struct {
	bun.BaseModel `bun:"table:devices"`
	ID            custody.DeviceID `bun:"id,pk"`
	UDID          string           `bun:"udid,nullzero"` // NULL where unknown, so that it can be unique
	Ward          string           `bun:"ward,notnull"`
	Name          string           `bun:"name,notnull"`
	Model         string           `bun:"model,notnull"`
	OSVersion     string           `bun:"os_version,notnull"`
	Build         string           `bun:"build,notnull"`
	Topic         string           `bun:"topic,notnull"`
	Folded        string           `bun:"folded,notnull"` // what is searched
}

// foldedDevice is what a device is looked up by.
func foldedDevice(id custody.DeviceID, name string) string {
	return strings.ToLower(string(id) + " " + name)
}

func (r deviceRow) device() Device {
	return Device{ID: r.ID, UDID: r.UDID, Ward: r.Ward, Name: r.Name, Model: r.Model, OSVersion: r.OSVersion, Build: r.Build, Topic: r.Topic}
}

// AddDevice puts a device on the allow-list and begins its custody (enrolling,
// epoch 0, version 1) in one transaction, with the lines that tell of it.
// ErrConflict if its serial or UDID is there already, ErrNotFound for an unknown
// ward or one that was removed.
func (l *Ledger) AddDevice(ctx context.Context, d Device, said ...WardDeed) error {
	return l.change(ctx, fmt.Sprintf("adding device %q", d.ID), func(ctx context.Context, tx bun.Tx) error {
		if _, err := l.holdWard(ctx, tx, d.Ward); err != nil {
			return err
		}
		row := deviceRow{ID: d.ID, UDID: d.UDID, Ward: d.Ward, Name: d.Name, Model: d.Model, OSVersion: d.OSVersion, Build: d.Build, Topic: d.Topic,
			Folded: foldedDevice(d.ID, d.Name)}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		now, err := l.now(ctx, tx)
		if err != nil {
			return err
		}
		first, err := newCustodyRow(custody.Custody{
			Device: d.ID, Ward: d.Ward, State: custody.Enrolling, Version: 1, Since: fromMillis(now),
		})
		if err != nil {
			return err
		}
		first.WrittenAt = now
		if _, err = tx.NewInsert().Model(&first).Exec(ctx); err != nil {
			return err
		}
		return tellWard(ctx, tx, d.Ward, said)
	})
}

// Device returns a device by its serial, or ErrNotFound.
func (l *Ledger) Device(ctx context.Context, id custody.DeviceID) (Device, error) {
	row, err := l.lookups.device.one(ctx, string(id))
	if err != nil {
		return Device{}, failed(ctx, fmt.Sprintf("reading device %q", id), err)
	}
	return row.device(), nil
}

// DeviceByUDID returns the device that a UDID belongs to since its first Authenticate, or ErrNotFound.
func (l *Ledger) DeviceByUDID(ctx context.Context, udid string) (Device, error) {
	var row deviceRow
	err := l.read.NewSelect().Model(&row).Where("udid = ?", udid).Scan(ctx)
	return row.device(), failed(ctx, fmt.Sprintf("reading the device of UDID %q", udid), err)
}

// Devices returns a ward's devices in the order of their serials; of all wards if ward is empty.
func (l *Ledger) Devices(ctx context.Context, ward string) ([]Device, error) {
	var rows []deviceRow
	q := l.read.NewSelect().Model(&rows).OrderExpr("id")
	if ward != "" {
		q.Where("ward = ?", ward)
	}
	err := q.Scan(ctx)
	return each(rows, deviceRow.device), failed(ctx, "reading the devices", err)
}

func each[R, T any](rows []R, fn func(R) T) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = fn(r)
	}
	return out
}

// oneRow answers none where a statement changed no row.
func oneRow(none error) func(sql.Result, error) error {
	return func(res sql.Result, err error) error {
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return none
	}
}
