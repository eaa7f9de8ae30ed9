package mdm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// Nudge asks a device to connect on its device channel. The push record is the
// store's, or the mirror's while the store cannot be reached. It returns once
// APNs has taken the push, which says nothing of the device; ErrNotFound if
// the device has not said how to push it.
func (e *Engine) Nudge(ctx context.Context, id custody.DeviceID) error {
	p, err := lookup(ctx, e.Lookup, func(ctx context.Context) (ledger.Push, error) { return e.Store.Push(ctx, id, "") })
	if errors.Is(err, custody.ErrUnavailable) && e.Live != nil {
		p, err = e.mirrored(ctx, id)
	} else if err == nil {
		e.keepPush(ctx, p)
	}
	if err != nil {
		e.Count(CountPush, "no_record")
		return fmt.Errorf("finding how to push %s: %w", id, err)
	}
	return e.push(ctx, p)
}

func (e *Engine) push(ctx context.Context, p ledger.Push) error {
	if err := e.Pusher.Push(ctx, p); err != nil {
		e.Count(CountPush, "apns")
		return fmt.Errorf("pushing %s: %w", p.Device, err)
	}
	return nil
}

func (e *Engine) mirrored(ctx context.Context, id custody.DeviceID) (p ledger.Push, err error) {
	b, err := e.Live.PushRecord(ctx, id)
	if err != nil {
		return p, fmt.Errorf("reading the mirrored push record: %w", err)
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return p, fmt.Errorf("reading the mirrored push record: %w", err)
	}
	if p.Device != id {
		return p, fmt.Errorf("mirrored push record is of %s: %w", p.Device, custody.ErrNotFound)
	}
	return p, nil
}

// keepPush freshens the mirror. It may fail: the store has the record.
func (e *Engine) keepPush(ctx context.Context, p ledger.Push) {
	if e.Live == nil {
		return
	}
	if err := e.Live.KeepPush(ctx, p.Device, pushRecord(p)); err != nil {
		e.Count(CountMirror, "keep")
		e.Logger.Info("mirroring a push record", "device", p.Device, "err", err)
	}
}
