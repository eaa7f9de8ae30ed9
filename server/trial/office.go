package trial

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// Store is what an office reads, and where it files.
type Store interface {
	Custody(ctx context.Context, id custody.DeviceID) (custody.Custody, error)
	Device(ctx context.Context, id custody.DeviceID) (ledger.Device, error)
	Facts(ctx context.Context, id custody.DeviceID) ([]ledger.Fact, error)
	Policy(ctx context.Context, ward string) (custody.Policy, error)
	History(ctx context.Context, device custody.DeviceID, after int64, limit int) ([]ledger.Recorded, error)
	RecentHistory(ctx context.Context, device custody.DeviceID, limit int) ([]ledger.Recorded, error)
	AddTrial(ctx context.Context, t ledger.Trial) error
	Trials(ctx context.Context, limit int) ([]ledger.Trial, error)
}

// Office begins and files trials, and reads those that were filed.
type Office struct {
	Store   Store
	Key     Key
	World   World
	Because string           // why it is that world
	Version string           // padwarden's
	Driver  string           // where the iPads connect
	Now     func() time.Time // only what is written on a table, and how old a beginning may be
	Log     *slog.Logger     // nil: none

	mu       sync.Mutex
	verified map[[sha256.Size]byte]Filed // what was read before, by the hash of its bytes
	plans    map[string][]Plan           // of policies, by their JSON
}

// Begin says, signed, what a trial of a device would be of.
func (o *Office) Begin(ctx context.Context, id custody.DeviceID) (Signed, error) {
	b, err := o.present(ctx, id)
	if err != nil {
		return Signed{}, err
	}
	if b.Model == "" || b.OSVersion == "" {
		return Signed{}, refuse("This iPad has not enrolled yet, so nobody knows what it is. Enrol it first.")
	}
	last, err := o.Store.RecentHistory(ctx, id, 1)
	if err != nil {
		return Signed{}, fmt.Errorf("beginning a trial of %s: %w", id, err)
	}
	if len(last) > 0 {
		b.Seq = last[0].Seq
	}
	return o.Key.sign(purposeBeginning, b)
}

// present is what is so now of a device and its ward.
func (o *Office) present(ctx context.Context, id custody.DeviceID) (b Beginning, err error) {
	row, err := o.Store.Custody(ctx, id)
	if err != nil {
		return b, fmt.Errorf("reading custody of %s: %w", id, err)
	}
	d, err := o.Store.Device(ctx, id)
	if err != nil {
		return b, fmt.Errorf("reading the record of %s: %w", id, err)
	}
	facts, err := o.Store.Facts(ctx, id)
	if err != nil {
		return b, fmt.Errorf("reading what %s said of itself: %w", id, err)
	}
	d = updated(d, facts)
	p, err := o.Store.Policy(ctx, row.Ward)
	if err != nil {
		return b, fmt.Errorf("reading the policy of ward %s: %w", row.Ward, err)
	}
	return Beginning{
		World: o.World, Because: o.Because, Device: id, Name: d.Name, Model: d.Model, OSVersion: d.OSVersion, Build: d.Build,
		Ward: row.Ward, Fleet: p.Fleet, Target: p.Target, Plans: o.Plans(p), Steps: Steps(p), At: o.Now().UTC().Truncate(time.Second),
	}, nil
}

// File signs and keeps the table of a trial. It refuses one whose claims the
// device's history does not bear out, and one that was begun on another plan,
// iPadOS or ward than the device has now.
func (o *Office) File(ctx context.Context, c Claim, by string) (Signed, error) {
	var b Beginning
	if err := c.Beginning.open(o.Key.Public(), purposeBeginning, &b); err != nil {
		return Signed{}, refuse("This server did not begin this trial. Begin it here.")
	}
	if err := c.check(b); err != nil {
		return Signed{}, err
	}
	now, err := o.present(ctx, b.Device)
	if err != nil {
		return Signed{}, err
	}
	if why := b.Changed(now); why != "" {
		return Signed{}, refuse("%s since this trial began. Begin it anew.", why)
	}
	t := Table{
		World: now.World, Because: now.Because, Device: b.Device, Model: now.Model, Called: c.Called, OSVersion: now.OSVersion, Build: now.Build,
		Ward: b.Ward, Fleet: b.Fleet, Target: b.Target, By: by, Began: b.At, Filed: now.At, Version: o.Version, Driver: o.Driver,
	}
	for _, s := range b.Steps {
		claimed, ok := c.of(s.Name)
		if !ok {
			claimed = Tried{Name: s.Name, Outcome: NotTried}
		}
		entries, err := o.entries(ctx, b.Device, claimed)
		if err != nil {
			return Signed{}, err
		}
		r, err := judge(s, claimed, entries)
		if err != nil {
			return Signed{}, err
		}
		t.Steps = append(t.Steps, r)
	}
	if !slices.ContainsFunc(t.Steps, func(r Result) bool { return r.Outcome != NotTried }) {
		return Signed{}, refuse("Nothing was tried, so there is nothing to sign.")
	}
	t.Plans = judged(b.Plans, t.Steps)
	return o.keep(ctx, t)
}

func (o *Office) keep(ctx context.Context, t Table) (Signed, error) {
	signed, err := o.Key.sign(purposeTable, t)
	if err != nil {
		return Signed{}, err
	}
	body, err := json.Marshal(signed)
	if err != nil {
		return Signed{}, fmt.Errorf("filing a trial: %w", err)
	}
	sum := sha256.Sum256(body)
	return signed, o.Store.AddTrial(ctx, ledger.Trial{ID: hex.EncodeToString(sum[:]), Device: t.Device, Ward: t.Ward, Filed: t.Filed, Body: string(body)})
}

// entries reads a step's piece of the history, and that it hangs together.
func (o *Office) entries(ctx context.Context, id custody.DeviceID, t Tried) (all []ledger.Recorded, err error) {
	if t.Outcome == NotTried {
		return nil, nil
	}
	for after := t.After; after < t.Until; {
		some, err := o.Store.History(ctx, id, after, int(min(1000, t.Until-after)))
		if err != nil {
			return nil, fmt.Errorf("reading the history of %s: %w", id, err)
		}
		if len(some) == 0 {
			return nil, refuse("The history of this iPad ends before entry %d, which step %s claims.", t.Until, t.Name)
		}
		for _, e := range some {
			if n := len(all); n > 0 && custody.Seal(all[n-1].Hash, e.Entry) != e.Hash {
				return nil, fmt.Errorf("entry %d of %s does not follow from the one before: %w", e.Seq, id, ledger.ErrBroken)
			}
			all, after = append(all, e), e.Seq
		}
	}
	return all, nil
}

// Public is the key that verifies what the office has signed.
func (o *Office) Public() ed25519.PublicKey { return o.Key.Public() }
