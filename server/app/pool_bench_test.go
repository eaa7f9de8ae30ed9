package app

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/beside"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/live/livetest"
)

const (
	poolSize    = 2000 // a hospital's whole pool on one page
	poolVersion = 2    // of each iPad's row: brought in, then clean
)

func poolPad(i int) custody.DeviceID { return custody.DeviceID(fmt.Sprintf("D%04d", i)) }

// newPool is a whole server on SQLite and a redis-server, with a ward of iPads that
// are all clean. Nobody badges in: there are no clinicians, and no iPad's page is open.
func newPool(b *testing.B) *rush {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	a, err := Open(ctx, Config{Data: b.TempDir(), Redis: livetest.StartServer(b).Fresh(b).URL})
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
	})
	r := &rush{b: b, a: a}
	policy := custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)
	r.must(a.Ledger.AddWard(ctx, ledger.Ward{ID: "4B", Name: "4B", Policy: policy}))
	r.must(beside.AtOnce(64, poolSize, func(_, i int) error { return r.clean(poolPad(i)) }))
	for deadline := time.Now().Add(time.Minute); a.Steward.Ready() != nil; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatal(a.Steward.Ready())
		}
	}
	return r
}

// clean brings an iPad in, proven clean.
func (r *rush) clean(id custody.DeviceID) error {
	ctx := context.Background()
	if err := r.a.Ledger.AddDevice(ctx, ledger.Device{ID: id, Ward: "4B", Name: string(id)}); err != nil {
		return err
	}
	row, err := r.a.Ledger.Custody(ctx, id)
	if err != nil {
		return err
	}
	next := row
	next.State, next.Enrolment, next.Version = custody.Clean, "certificate", row.Version+1
	return r.a.Ledger.Commit(ctx, custody.Change{Prev: row, Next: next})
}

// watcher signs a manager of the rush's ward in and returns their session.
func (r *rush) watcher(n int) string {
	r.b.Helper()
	ctx, who := r.b.Context(), ledger.Staff{ID: fmt.Sprintf("m%d", n), Name: fmt.Sprintf("Manager %d", n), Role: string(identity.Manager), Wards: []string{"4B"}, Active: true}
	r.must(r.a.Ledger.AddStaff(ctx, who))
	session, _, err := r.a.Identity.OpenStaffSession(ctx, who)
	r.must(err)
	return session
}
