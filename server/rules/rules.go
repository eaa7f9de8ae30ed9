// Package rules brings a ward's changed policy to its iPads that are in use.
// What their sessions and plans are timed by is worked out anew with each change
// of their rows, so each row is changed once: by [custody.NewPolicy], in the
// history under who changed the policy.
//
// A ward's version says that it was changed, and what was told last is beside
// it: a server that dies in the middle leaves the rest to the next one, and two
// that tell at once tell each iPad once.
package rules

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// Ledger is what knows of changed policies.
type Ledger interface {
	Untold(ctx context.Context) ([]ledger.Ward, error)
	Told(ctx context.Context, ward string, version int64) error
	WardLog(ctx context.Context, ward string, limit int) ([]ledger.WardDeed, error)
	Rows(ctx context.Context, d time.Duration, each func(custody.Custody) error) error
}

// Steward changes custody, and nobody else does.
type Steward interface {
	Apply(ctx context.Context, id custody.DeviceID, e custody.Event) (custody.Custody, error)
}

// Every is how often changed policies are looked for. One is told at the second
// look: who read the old one just before has written by then.
const Every = 3 * time.Second

// tellFor bounds one ward's telling, and atOnce how many iPads are told at a time.
const (
	tellFor = 2 * time.Minute
	atOnce  = 32
)

// Teller tells iPads of policies.
type Teller struct {
	Ledger  Ledger
	Steward Steward
	Log     *slog.Logger // nil: silent

	seen map[string]int64 // by ward, the version that the last look found untold
}

// Run looks until ctx ends.
func (t *Teller) Run(ctx context.Context) {
	tick := time.NewTicker(Every)
	defer tick.Stop()
	for {
		if err := t.Look(ctx); err != nil && ctx.Err() == nil && t.Log != nil {
			t.Log.Warn("changed policies could not all be told; they are tried again", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Look tells the policies that the look before it found too. One goroutine calls it.
func (t *Teller) Look(ctx context.Context) error {
	wards, err := t.Ledger.Untold(ctx)
	if err != nil {
		return err
	}
	seen := map[string]int64{}
	var errs []error
	for _, w := range wards {
		if t.seen[w.ID] == w.Version {
			errs = append(errs, t.tell(ctx, w))
		}
		seen[w.ID] = w.Version
	}
	t.seen = seen
	return errors.Join(errs...)
}

func (t *Teller) tell(ctx context.Context, w ledger.Ward) error {
	ctx, cancel := context.WithTimeout(ctx, tellFor)
	defer cancel()
	by := ""
	if log, err := t.Ledger.WardLog(ctx, w.ID, 1); err != nil {
		return err
	} else if len(log) > 0 {
		by = log[0].By
	}
	var ids []custody.DeviceID
	err := t.Ledger.Rows(ctx, 0, func(c custody.Custody) error {
		if c.Ward == w.ID {
			ids = append(ids, c.Device)
		}
		return nil
	})
	if err != nil && !errors.Is(err, ledger.ErrBroken) { // one that cannot be read is timed by nobody
		return err
	}
	if err := t.each(ctx, ids, custody.NewPolicy{By: by, Version: w.Version}); err != nil {
		return err
	}
	return t.Ledger.Told(ctx, w.ID, w.Version)
}

// each tells every iPad, and answers one of the errors that another try may not meet.
func (t *Teller) each(ctx context.Context, ids []custody.DeviceID, e custody.NewPolicy) (first error) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	turns := make(chan struct{}, atOnce)
	for _, id := range ids {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			_, err := t.Steward.Apply(ctx, id, e)
			if err == nil || custody.Refused(err) != "" || errors.Is(err, custody.ErrNotFound) {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			first = err
		})
	}
	wg.Wait()
	return first
}
