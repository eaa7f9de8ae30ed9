package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// ErrBroken: what is stored is not what was written. A device's history does
// not end in its row's head, because an entry was altered, left out, added or
// moved; or a row does not decode.
var ErrBroken = errors.New("the ledger is broken")

// historyRow is a history entry as stored: its JSON, byte for byte, so that
// the chain of hashes still holds when it is read.
type historyRow struct {
	bun.BaseModel `bun:"table:history,alias:history"`
	Device        custody.DeviceID `bun:"device,pk"`
	Seq           int64            `bun:"seq,pk"`
	Body          string           `bun:"body,notnull"`
}

// maxEntries bounds one answer.
const maxEntries = 1000

// History returns up to limit (at most 1000) of a device's entries after seq,
// oldest first. An unknown device has none.
func (l *Ledger) History(ctx context.Context, device custody.DeviceID, after int64, limit int) ([]Recorded, error) {
	return l.history(ctx, device, limit, func(q *bun.SelectQuery) {
		q.Where("seq > ?", after).OrderExpr("seq")
	})
}

// RecentHistory returns a device's last entries, newest first, up to limit (at most 1000).
func (l *Ledger) RecentHistory(ctx context.Context, device custody.DeviceID, limit int) ([]Recorded, error) {
	return l.history(ctx, device, limit, func(q *bun.SelectQuery) {
		q.OrderExpr("seq DESC")
	})
}

func (l *Ledger) history(ctx context.Context, device custody.DeviceID, limit int, narrow func(*bun.SelectQuery)) ([]Recorded, error) {
	if limit <= 0 {
		return nil, nil
	}
	var rows []historyRow
	q := l.read.NewSelect().Model(&rows).Where("device = ?", device).Limit(int64(min(limit, maxEntries)))
	narrow(q)
	if err := q.Scan(ctx); err != nil {
		return nil, failed(ctx, fmt.Sprintf("reading the history of %s", device), err)
	}
	entries := make([]Recorded, len(rows))
	for i, row := range rows {
		entries[i].Seq = row.Seq
		if err := json.Unmarshal([]byte(row.Body), &entries[i].Entry); err != nil {
			return nil, fmt.Errorf("decoding entry %d of %s: %w", row.Seq, device, errors.Join(ErrBroken, err))
		}
	}
	return entries, nil
}

// Verify reads a device's history up to its row and checks that every entry is
// sealed to the one before it and the last is the row's head; ErrBroken says
// where not. Entries committed while it runs are left for the next time.
func (l *Ledger) Verify(ctx context.Context, device custody.DeviceID) error {
	// The row counts its entries, and history is only ever added to, so what
	// follows needs no lasting view of the database.
	row, count, err := l.custodyAndEntries(ctx, device)
	if err != nil {
		return err
	}
	prev := ""
	for seq := int64(0); seq < count; {
		entries, err := l.History(ctx, device, seq, page)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return fmt.Errorf("%s has %d entries, its row counts %d: %w", device, seq, count, ErrBroken)
		}
		for _, e := range entries[:min(int64(len(entries)), count-seq)] {
			seq++
			if e.Seq != seq || e.Device != device || custody.Seal(prev, e.Entry) != e.Hash {
				return fmt.Errorf("entry %d of %s does not follow from the one before: %w", seq, device, ErrBroken)
			}
			prev = e.Hash
		}
	}
	if prev != row.Head {
		return fmt.Errorf("the last of %d entries of %s is not the head of its row: %w", count, device, ErrBroken)
	}
	return nil
}
