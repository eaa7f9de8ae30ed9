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
	if e.Remote != nil {
		if err := e.offer(ctx, id); err != nil {
			return err
		}
	}
	p, err := lookup(ctx, e.Lookup, func(ctx context.Context) (ledger.Push, error) { return e.Store.Push(ctx, id, "") })
	away := errors.Is(err, custody.ErrUnavailable)
	if away && e.Live != nil {
		p, err = e.mirrored(ctx, id)
	} else if err == nil {
		e.keepPush(ctx, p)
	}
	if err != nil {
		e.Count(CountPush, "no_record")
		return fmt.Errorf("finding how to push %s: %w", id, err)
	}
	err = e.push(ctx, p)
	if !away {
		e.nudgeUsers(ctx, id)
	}
	return err
}

// nudgeUsers asks the user channels of a Shared iPad for which something waits
// to connect too: a push is best effort, and the first may have been lost.
func (e *Engine) nudgeUsers(ctx context.Context, id custody.DeviceID) {
	users, err := e.Store.Users(ctx, id)
	if err != nil {
		return // the next nudge sees to it
	}
	for _, user := range users {
		if _, err := e.Store.NextErrand(ctx, id, user, e.Now()); err != nil {
			continue
		}
		p, err := e.Store.Push(ctx, id, user)
		if err == nil {
			err = e.push(ctx, p)
		}
		if err != nil {
			e.Logger.Info("nudging a user's channel", "device", id, "err", err)
		}
	}
}

func (e *Engine) push(ctx context.Context, p ledger.Push) error {
	pusher := e.Pusher
	if e.Remote != nil && e.Remote.Pushes {
		pusher = theirs{e}
	}
	if err := pusher.Push(ctx, p); err != nil {
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
