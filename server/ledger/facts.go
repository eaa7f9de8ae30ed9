package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// Fact is what a device last said of itself, of one kind. It proves nothing:
// custody does not read it.
type Fact struct {
	Device   custody.DeviceID
	Kind     string
	Observed time.Time
	Body     json.RawMessage
}

type factRow struct {
	bun.BaseModel `bun:"table:facts,alias:facts"`
	Device        custody.DeviceID `bun:"device,pk"`
	Kind          string           `bun:"kind,pk"`
	Observed      int64            `bun:"observed,notnull"`
	Body          string           `bun:"body,notnull"`
}

func (r factRow) fact() Fact {
	return Fact{Device: r.Device, Kind: r.Kind, Observed: fromMillis(r.Observed), Body: json.RawMessage(r.Body)}
}

// maxFact is the most bytes that one fact may have.
const maxFact = 512 << 10

// PutFacts keeps facts in one transaction. An older one never replaces a newer.
// ErrNotFound for an unknown device, ErrConflict for what is no JSON or more
// than 512 KiB of it; then none is kept.
func (l *Ledger) PutFacts(ctx context.Context, facts []Fact) error {
	type key struct {
		device custody.DeviceID
		kind   string
	}
	newest := map[key]int{} // PostgreSQL touches a row once in a statement
	var rows []factRow
	for _, f := range facts {
		if len(f.Body) > maxFact || !json.Valid(f.Body) {
			return fmt.Errorf("keeping %s of %q, %d bytes: %w", f.Kind, f.Device, len(f.Body), custody.ErrConflict)
		}
		row := factRow{Device: f.Device, Kind: f.Kind, Observed: millis(f.Observed), Body: string(f.Body)}
		i, again := newest[key{f.Device, f.Kind}]
		switch {
		case !again:
			newest[key{f.Device, f.Kind}] = len(rows)
			rows = append(rows, row)
		case row.Observed >= rows[i].Observed:
			rows[i] = row
		}
	}
	if len(rows) == 0 {
		return nil
	}
	doing := fmt.Sprintf("keeping %d facts", len(rows))
	if l.prepares {
		return l.change(ctx, doing, func(ctx context.Context, tx bun.Tx) error { return l.keepEach(ctx, tx, rows) })
	}
	_, err := l.write.NewInsert().Model(&rows).On("CONFLICT (device, kind) DO UPDATE").
		Set("observed = EXCLUDED.observed, body = EXCLUDED.body").Where("facts.observed <= EXCLUDED.observed").Exec(ctx)
	return failed(ctx, doing, err)
}

// keepEach keeps facts one by one, where a statement costs no round trip.
func (l *Ledger) keepEach(ctx context.Context, tx bun.Tx, rows []factRow) error {
	for _, r := range rows {
		if _, err := l.keepFact.run(ctx, tx, string(r.Device), r.Kind, r.Observed, r.Body); err != nil {
			return err
		}
	}
	return nil
}

// Facts returns what is known of a device, in the order of the kinds.
func (l *Ledger) Facts(ctx context.Context, device custody.DeviceID) ([]Fact, error) {
	var rows []factRow
	err := l.read.NewSelect().Model(&rows).Where("device = ?", device).OrderExpr("kind").Scan(ctx)
	return each(rows, factRow.fact), failed(ctx, fmt.Sprintf("reading the facts of %q", device), err)
}

// FactsOf returns what is known of these kinds of a ward's devices; of all wards if
// ward is empty.
func (l *Ledger) FactsOf(ctx context.Context, ward string, kinds ...string) ([]Fact, error) {
	var rows []factRow
	q := l.read.NewSelect().Model(&rows).Where("kind IN (?)", bun.List(kinds)).OrderExpr("device, kind")
	if ward != "" {
		q.Where("device IN (SELECT id FROM devices WHERE ward = ?)", ward)
	}
	err := q.Scan(ctx)
	return each(rows, factRow.fact), failed(ctx, fmt.Sprintf("reading facts of ward %q", ward), err)
}

// Observed is when each kind of fact was last observed, of all devices.
func (l *Ledger) Observed(ctx context.Context) (map[custody.DeviceID]map[string]time.Time, error) {
	var rows []factRow
	err := l.read.NewSelect().Model(&rows).Column("device", "kind", "observed").Scan(ctx)
	out := map[custody.DeviceID]map[string]time.Time{}
	for _, r := range rows {
		note(out, r.Device, r.Kind, r.Observed)
	}
	return out, failed(ctx, "reading when facts were observed", err)
}

func note(in map[custody.DeviceID]map[string]time.Time, device custody.DeviceID, kind string, at int64) {
	if in[device] == nil {
		in[device] = map[string]time.Time{}
	}
	in[device][kind] = fromMillis(at)
}
