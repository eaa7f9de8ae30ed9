// Package revoke ends the sessions of who may no longer sign in (P7): of a
// person who is not active any more, and those that were opened by a badge
// which was revoked or has ended, or by a passkey that was removed or stopped.
//
// What decides is written in the ledger before any session ends, so whoever
// revokes calls [Revoker.End] and, should that fail or the server die in
// between, every server looks for such sessions by itself: also for one whose
// tap overtook the revocation, and for a badge that ended by its date.
//
// A session ends at once whatever the iPad does: its page and the apps behind
// it are told no. The wipe needs the iPad to come. Those that have not are
// listed until they do.
package revoke

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// Ledger is what is read of sessions and devices.
type Ledger interface {
	RevokedSessions(ctx context.Context, clinician string, now time.Time) ([]ledger.RevokedSession, error)
	UnreachedRevocations(ctx context.Context, clinician string) ([]custody.Custody, error)
	Device(ctx context.Context, id custody.DeviceID) (ledger.Device, error)
	Clinician(ctx context.Context, id string) (ledger.Clinician, error)
	Facts(ctx context.Context, id custody.DeviceID) ([]ledger.Fact, error)
}

// Steward changes custody.
type Steward interface {
	Apply(ctx context.Context, id custody.DeviceID, e custody.Event) (custody.Custody, error)
}

// Every is how often each server looks by itself. P7 allows 60 s.
const Every = 10 * time.Second

const (
	lookFor = 30 * time.Second // one look, however many sessions there are to end
	atOnce  = 16               // sessions that end together, so that the ledger can group their commits
)

// Revoker ends sessions. It is safe for concurrent use; any number of servers
// may run one.
type Revoker struct {
	Ledger  Ledger
	Steward Steward
	Now     func() time.Time // by which badges end
	Every   time.Duration    // zero: [Every]
	Log     *slog.Logger     // nil: silent
	// Count is told of each session that was ended; nil: nobody.
	Count func(name string)
}

// End ends the sessions that clinician holds and may not any more, of
// everybody if it is empty, and returns their rows. A session that could not be
// ended keeps no other back; the error names it, and the next look tries again.
func (r *Revoker) End(ctx context.Context, clinician string) ([]custody.Custody, error) {
	ctx, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	sessions, err := r.Ledger.RevokedSessions(ctx, clinician, r.Now())
	if err != nil {
		return nil, fmt.Errorf("looking for sessions to end: %w", err)
	}
	var mu sync.Mutex
	var ended []custody.Custody
	var errs []error
	turns := make(chan struct{}, atOnce)
	var wg sync.WaitGroup
	for _, s := range sessions {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			row, err := r.Steward.Apply(ctx, s.Device, s.Event)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, fmt.Errorf("ending the session on %s: %w", s.Device, err))
				return
			}
			ended = append(ended, row)
			r.ended(row, s.Event)
		})
	}
	wg.Wait()
	return ended, errors.Join(errs...)
}

func (r *Revoker) ended(row custody.Custody, e custody.Revoke) {
	if r.Count != nil {
		r.Count("session_revoked")
	}
	r.log().Info("a revoked session was ended", "device", row.Device, "ward", row.Ward, "clinician", e.Clinician, "by_badge", e.Credential != "")
}

func (r *Revoker) log() *slog.Logger {
	if r.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return r.Log
}

// Run looks for sessions to end until ctx does.
func (r *Revoker) Run(ctx context.Context) {
	every := r.Every
	if every <= 0 {
		every = Every
	}
	t := time.NewTicker(every)
	defer t.Stop()
	failing := false
	for {
		_, err := r.End(ctx, "")
		if ctx.Err() == nil && (err != nil) != failing {
			if failing = err != nil; failing {
				r.log().Warn("revoked sessions cannot be ended", "err", err)
			} else {
				r.log().Info("revoked sessions are ended again")
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}
