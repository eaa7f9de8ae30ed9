package ledger

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// Ask is something that a device was asked beside its plan, on the device
// channel: a ping, its inventory, a sound. There is one a device and kind.
type Ask struct {
	ID     string // the CommandUUID it goes out with
	Device custody.DeviceID
	Kind   string
	Params []byte // what the kind's command is made from; may be secret
	Epoch  int64  // the hand-over at which it was asked
	Rank   int    // lower goes first
	By     string // who asked; empty: the schedule

	Asked      time.Time
	NotBefore  time.Time // after a NotNow: not sooner
	Expires    time.Time
	HandedOver time.Time
	Answered   time.Time
	Outcome    string // the answer's status
	Says       string // what the device said of a refusal
	Result     []byte // what the kind keeps of the answer; may be secret
}

// Outstanding reports whether the device may have the command and its answer is awaited.
func (a Ask) Outstanding(now time.Time) bool {
	return !a.HandedOver.IsZero() && a.Answered.IsZero() && now.Before(a.Expires)
}

type askRow struct {
	bun.BaseModel `bun:"table:asks,alias:asks"`
	Device        custody.DeviceID `bun:"device,pk"`
	Kind          string           `bun:"kind,pk"`
	ID            string           `bun:"id,notnull"`
	Epoch         int64            `bun:"epoch,notnull"`
	Rank          int              `bun:"rank,notnull"`
	By            string           `bun:"asked_by,notnull"`
	Params        []byte           `bun:"params,notnull"` // sealed
	Asked         int64            `bun:"asked,notnull"`
	NotBefore     int64            `bun:"not_before,notnull"`
	Expires       int64            `bun:"expires,notnull"`
	HandedOver    int64            `bun:"handed_over,notnull"`
	Answered      int64            `bun:"answered,notnull"`
	Outcome       string           `bun:"outcome,notnull"`
	Says          string           `bun:"says,notnull"`
	Result        []byte           `bun:"result,notnull"` // sealed
}

// maxAsks is how many kinds may be kept for one device.
const maxAsks = 64

func askName(id string) string       { return fmt.Sprintf("ask %q", id) }
func askResultName(id string) string { return fmt.Sprintf("answer to ask %q", id) }

func (l *Ledger) ask(r askRow) (a Ask, err error) {
	a = Ask{
		ID: r.ID, Device: r.Device, Kind: r.Kind, Epoch: r.Epoch, Rank: r.Rank, By: r.By,
		Asked: fromMillis(r.Asked), NotBefore: fromMillis(r.NotBefore), Expires: fromMillis(r.Expires),
		HandedOver: fromMillis(r.HandedOver), Answered: fromMillis(r.Answered), Outcome: r.Outcome, Says: r.Says,
	}
	if a.Params, err = l.box.open(askName(r.ID), r.Params); err != nil {
		return a, err
	}
	if len(r.Result) > 0 {
		a.Result, err = l.box.open(askResultName(r.ID), r.Result)
	}
	return a, err
}

// PutAsk keeps what a device is asked and returns what is kept. Where the same
// was asked in the same epoch and waits for its answer still, that one is kept,
// with the lower rank and the later expiry: one answer serves both. Anything
// else of that kind is replaced. ErrNotFound for an unknown device, ErrConflict
// without an expiry after its asking or where 64 kinds are kept.
func (l *Ledger) PutAsk(ctx context.Context, a Ask) (kept Ask, err error) {
	if !a.Expires.After(a.Asked) {
		return Ask{}, fmt.Errorf("keeping %s: it expires before it is asked: %w", askName(a.ID), custody.ErrConflict)
	}
	err = l.change(ctx, "keeping "+askName(a.ID), func(ctx context.Context, tx bun.Tx) error {
		if _, err := l.hold(ctx, tx, a.Device); err != nil {
			return err
		}
		rows, err := l.holdAsks.held(ctx, tx, string(a.Device))
		if err != nil {
			return err
		}
		waits := false
		for _, r := range rows {
			if r.Kind != a.Kind {
				continue
			}
			waits = true
			old, err := l.ask(r)
			if err == nil && old.Epoch == a.Epoch && old.Answered.IsZero() && a.Asked.Before(old.Expires) && bytes.Equal(old.Params, a.Params) {
				kept, err = l.refresh(ctx, tx, old, a)
				return err
			}
		}
		if !waits && len(rows) >= maxAsks {
			return fmt.Errorf("%d kinds are asked of the device: %w", len(rows), custody.ErrConflict)
		}
		kept = Ask{ID: a.ID, Device: a.Device, Kind: a.Kind, Params: a.Params, Epoch: a.Epoch, Rank: a.Rank, By: a.By, Asked: a.Asked, Expires: a.Expires}
		return l.putNew(ctx, tx, kept)
	})
	return kept, err
}

func (l *Ledger) refresh(ctx context.Context, tx bun.Tx, old, a Ask) (Ask, error) {
	old.Rank = min(old.Rank, a.Rank)
	if a.Expires.After(old.Expires) {
		old.Expires = a.Expires
	}
	if old.By == "" {
		old.By = a.By
	}
	_, err := tx.NewUpdate().Model(&askRow{Rank: old.Rank, Expires: millis(old.Expires), By: old.By}).Column("rank", "expires", "asked_by").
		Where("device = ? AND kind = ?", a.Device, a.Kind).Exec(ctx)
	return old, err
}

func (l *Ledger) putNew(ctx context.Context, tx bun.Tx, a Ask) error {
	_, err := l.steps.replaceAsk.run(ctx, tx, string(a.Device), a.Kind, a.ID, a.Epoch, a.Rank, a.By, l.box.seal(askName(a.ID), a.Params),
		millis(a.Asked), millis(a.Expires), []byte{})
	return err
}

// Asks returns everything that is kept of a device's asks, lowest rank first,
// then the oldest.
func (l *Ledger) Asks(ctx context.Context, device custody.DeviceID) ([]Ask, error) {
	return l.asked(ctx, &l.asks, device)
}

// WaitingAsks are those of them that have neither been answered nor expired.
func (l *Ledger) WaitingAsks(ctx context.Context, device custody.DeviceID, now time.Time) ([]Ask, error) {
	return l.asked(ctx, &l.waiting, device, now.UnixMilli())
}

func (l *Ledger) asked(ctx context.Context, of *lookup[askRow], device custody.DeviceID, at ...any) ([]Ask, error) {
	doing := fmt.Sprintf("reading what %q was asked", device)
	rows, err := of.all(ctx, append([]any{string(device)}, at...)...)
	if err != nil {
		return nil, failed(ctx, doing, err)
	}
	out := make([]Ask, len(rows))
	for i, r := range rows {
		if out[i], err = l.ask(r); err != nil {
			return nil, failed(ctx, doing, err)
		}
	}
	return out, nil
}

// HandOverAsk records that an ask's command leaves now. ErrStale if it does
// not wait any more, or if another of that device is outstanding.
func (l *Ledger) HandOverAsk(ctx context.Context, device custody.DeviceID, id string, now time.Time) error {
	return l.change(ctx, "handing over "+askName(id), func(ctx context.Context, tx bun.Tx) error {
		if _, err := l.hold(ctx, tx, device); err != nil {
			return err
		}
		at := now.UnixMilli()
		return oneRow(custody.ErrStale)(l.handOver.run(ctx, tx, at, string(device), id, at, at))
	})
}

// PostponeAsk takes back an ask that a device will not answer now: it waits
// again, from until on. ErrNotFound if it waits for no answer.
func (l *Ledger) PostponeAsk(ctx context.Context, device custody.DeviceID, id string, until time.Time) error {
	err := oneRow(custody.ErrNotFound)(l.write.NewUpdate().Model((*askRow)(nil)).
		Set("handed_over = 0").Set("not_before = ?", millis(until)).
		Where("device = ? AND id = ? AND handed_over > 0 AND answered = 0", device, id).Exec(ctx))
	return failed(ctx, "postponing "+askName(id), err)
}

// AnswerAsk keeps the answer to an ask: a's Answered, Outcome, Says and Result.
// ErrNotFound if that device was not asked it, or has answered it already.
func (l *Ledger) AnswerAsk(ctx context.Context, a Ask) error {
	result := []byte{}
	if len(a.Result) > 0 {
		result = l.box.seal(askResultName(a.ID), a.Result)
	}
	return l.change(ctx, "keeping the "+askResultName(a.ID), func(ctx context.Context, tx bun.Tx) error {
		return oneRow(custody.ErrNotFound)(l.answer.run(ctx, tx, millis(a.Answered), a.Outcome, a.Says, result, string(a.Device), a.ID))
	})
}

// Asked is when each kind was last asked of each device, of all devices.
func (l *Ledger) Asked(ctx context.Context) (map[custody.DeviceID]map[string]time.Time, error) {
	var rows []askRow
	err := l.read.NewSelect().Model(&rows).Column("device", "kind", "asked").Scan(ctx)
	out := map[custody.DeviceID]map[string]time.Time{}
	for _, r := range rows {
		note(out, r.Device, r.Kind, r.Asked)
	}
	return out, failed(ctx, "reading what was asked", err)
}

// DropAsks forgets the asks that had expired before a time.
func (l *Ledger) DropAsks(ctx context.Context, before time.Time) error {
	_, err := l.write.NewDelete().Model((*askRow)(nil)).Where("expires < ?", before.UnixMilli()).Exec(ctx)
	return failed(ctx, "dropping old asks", err)
}
