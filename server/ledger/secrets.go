package ledger

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// Kinds of device secrets.
const (
	SecretUnlock    = "unlock"    // UnlockToken of TokenUpdate: ClearPasscode needs it
	SecretBootstrap = "bootstrap" // SetBootstrapToken
)

type deviceSecretRow struct {
	bun.BaseModel `bun:"table:device_secrets"`
	Device        custody.DeviceID `bun:"device,pk"`
	Kind          string           `bun:"kind,pk"`
	Sealed        []byte           `bun:"sealed,notnull"`
}

type serverSecretRow struct {
	bun.BaseModel `bun:"table:server_secrets"`
	Name          string `bun:"name,pk"`
	Sealed        []byte `bun:"sealed,notnull"`
}

func deviceSecretName(device custody.DeviceID, kind string) string {
	return fmt.Sprintf("secret %q of device %q", kind, device)
}

// PutSecret keeps a device's secret, replacing an older one of the same kind;
// ErrNotFound for an unknown device.
func (l *Ledger) PutSecret(ctx context.Context, device custody.DeviceID, kind string, secret []byte) error {
	return failed(ctx, "keeping "+deviceSecretName(device, kind), l.putSecret(ctx, l.write, device, kind, secret))
}

func (l *Ledger) putSecret(ctx context.Context, db bun.IDB, device custody.DeviceID, kind string, secret []byte) error {
	row := deviceSecretRow{Device: device, Kind: kind, Sealed: l.box.seal(deviceSecretName(device, kind), secret)}
	_, err := db.NewInsert().Model(&row).On("CONFLICT (device, kind) DO UPDATE").Set("sealed = EXCLUDED.sealed").Exec(ctx)
	return err
}

// Secret returns a device's secret; ErrNotFound if there is none of that kind.
func (l *Ledger) Secret(ctx context.Context, device custody.DeviceID, kind string) ([]byte, error) {
	name := deviceSecretName(device, kind)
	var row deviceSecretRow
	err := l.read.NewSelect().Model(&row).Where("device = ? AND kind = ?", device, kind).Scan(ctx)
	if err != nil {
		return nil, failed(ctx, "reading "+name, err)
	}
	return l.box.open(name, row.Sealed)
}

// ServerSecret returns the service's secret of that name, made by make and
// kept if there is none yet. Where several servers make one at the same time,
// the first kept is everybody's, and the others' are dropped.
func (l *Ledger) ServerSecret(ctx context.Context, name string, make func() ([]byte, error)) ([]byte, error) {
	label := fmt.Sprintf("server secret %q", name)
	row := serverSecretRow{Name: name}
	read := func() error { return l.write.NewSelect().Model(&row).WherePK().Scan(ctx) }
	err := failed(ctx, "reading "+label, read())
	if isNotFound(err) {
		secret, err := make()
		if err != nil {
			return nil, fmt.Errorf("making %s: %w", label, err)
		}
		row.Sealed = l.box.seal(label, secret)
		if _, err := l.write.NewInsert().Model(&row).On("CONFLICT (name) DO NOTHING").Exec(ctx); err != nil {
			return nil, failed(ctx, "keeping "+label, err)
		}
		if err := read(); err != nil {
			return nil, failed(ctx, "reading "+label, err)
		}
		return l.box.open(label, row.Sealed)
	}
	if err != nil {
		return nil, err
	}
	return l.box.open(label, row.Sealed)
}

type spentRow struct {
	bun.BaseModel `bun:"table:spent"`
	Hash          []byte `bun:"hash,pk"`
}

// A key is itself a secret until it is spent, and what is read off a backup
// may not have been: only its hash is kept.
func spent(key string) *spentRow {
	sum := sha256.Sum256([]byte(key))
	return &spentRow{Hash: sum[:]}
}

// Spend uses up a one-time secret; ErrConflict if it was used before.
func (l *Ledger) Spend(ctx context.Context, key string) error {
	_, err := l.write.NewInsert().Model(spent(key)).Exec(ctx)
	return failed(ctx, "spending a one-time secret", err)
}

// Spent reports whether a one-time secret was used.
func (l *Ledger) Spent(ctx context.Context, key string) (bool, error) {
	yes, err := l.read.NewSelect().Model(spent(key)).WherePK().Exists(ctx)
	return yes, failed(ctx, "looking up a one-time secret", err)
}
