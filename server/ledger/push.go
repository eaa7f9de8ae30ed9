package ledger

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

type pushRow struct {
	bun.BaseModel `bun:"table:pushes"`
	Device        custody.DeviceID `bun:"device,pk"`
	Account       string           `bun:"account,pk"` // empty: device channel
	Token         []byte           `bun:"token,notnull"`
	Magic         string           `bun:"magic,notnull"`
	Topic         string           `bun:"topic,notnull"`
}

// TokenUpdate keeps a channel's push record and, if one came with it, the
// device's unlock token, in one transaction. Without one the token kept before
// stays: a device sends it only when it has a new one. ErrNotFound for an
// unknown device.
func (l *Ledger) TokenUpdate(ctx context.Context, p Push, unlockToken []byte) error {
	return l.change(ctx, fmt.Sprintf("keeping the push record of %q", p.Device), func(ctx context.Context, tx bun.Tx) error {
		if _, err := l.hold(ctx, tx, p.Device); err != nil {
			return err
		}
		_, err := l.putPush.run(ctx, tx, string(p.Device), p.User, p.Token, p.Magic, p.Topic)
		if err != nil || len(unlockToken) == 0 {
			return err
		}
		return l.putSecret(ctx, tx, p.Device, SecretUnlock, unlockToken)
	})
}

// Push returns the push record of a device's channel (user "": the device
// channel), or ErrNotFound.
func (l *Ledger) Push(ctx context.Context, device custody.DeviceID, user string) (Push, error) {
	row, err := l.push.one(ctx, string(device), user)
	p := Push{Device: row.Device, User: row.Account, Token: row.Token, Magic: row.Magic, Topic: row.Topic}
	return p, failed(ctx, fmt.Sprintf("reading the push record of %q", device), err)
}

// Users returns the accounts whose user channel a device has told us of, sorted.
func (l *Ledger) Users(ctx context.Context, device custody.DeviceID) ([]string, error) {
	rows, err := l.users.all(ctx, string(device))
	return each(rows, func(r pushRow) string { return r.Account }), failed(ctx, fmt.Sprintf("reading the user channels of %q", device), err)
}

// CheckOut drops a device's push records, all channels'.
func (l *Ledger) CheckOut(ctx context.Context, device custody.DeviceID) error {
	return l.change(ctx, fmt.Sprintf("checking out %q", device), func(ctx context.Context, tx bun.Tx) error {
		if _, err := l.hold(ctx, tx, device); err != nil {
			return err
		}
		_, err := l.dropPushes.run(ctx, tx, string(device))
		return err
	})
}
