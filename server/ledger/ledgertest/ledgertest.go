// Package ledgertest is the conformance suite of the ledger: what every
// database it runs on must do, alone and under contention.
package ledgertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// Fresh returns the options of an empty database that lives as long as the test.
type Fresh func(t testing.TB) ledger.Options

// Run runs the suite; every case has a database of its own.
func Run(t *testing.T, fresh Fresh) {
	for name, cases := range map[string]map[string]func(*testing.T, Fresh){
		"open": openCases, "commit": commitCases, "contention": contentionCases, "rows": rowsCases,
		"history": historyCases, "buckets": bucketCases, "inventory": inventoryCases, "people": peopleCases, "emergencies": emergencyCases, "passkeys": passkeyCases,
		"enrolment": enrolmentCases, "errands": errandCases, "secrets": secretCases,
		"wipes": wipeCases, "use": useCases, "asks": askCases, "facts": factCases,
		"trials": trialCases, "staff": staffCases, "tokens": tokenCases, "pins": pinCases, "approvals": approvalCases,
		"roster": rosterCases, "directory": directoryCases, "revoked": revokedCases,
		"automated enrolment": adeCases,
		"wards":               wardCases, "devices": deviceCases, "imports": importCases,
	} {
		t.Run(name, func(t *testing.T) {
			for name, run := range cases {
				t.Run(name, func(t *testing.T) { run(t, fresh) })
			}
		})
	}
}

// Start is the time at which the suite's stories begin.
var Start = time.Date(2026, 3, 4, 5, 6, 7, 89e6, time.UTC)

// Open opens a ledger that is closed with the test.
func Open(t testing.TB, o ledger.Options) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// Populate adds ward "4B" and n devices, D000 onwards, and returns their rows.
func Populate(t testing.TB, l *ledger.Ledger, n int) []custody.Custody {
	t.Helper()
	policy := custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)
	must(t, l.AddWard(t.Context(), ledger.Ward{ID: "4B", Name: "Ward 4B", Policy: policy}))
	rows := make([]custody.Custody, n)
	for i := range rows {
		id := custody.DeviceID(fmt.Sprintf("D%03d", i))
		must(t, l.AddDevice(t.Context(), ledger.Device{ID: id, Ward: "4B", Name: fmt.Sprintf("4B-%02d", i)}))
		rows[i] = row(t, l, id)
	}
	return rows
}

// Advance is a change of a row with one sealed entry for each kind.
func Advance(prev custody.Custody, kinds ...string) custody.Change {
	next := prev
	next.Version++
	next.Since = Start.Add(time.Duration(next.Version) * time.Millisecond)
	ch := custody.Change{Prev: prev}
	for _, kind := range kinds {
		e := custody.Entry{
			Device: next.Device, Epoch: next.Epoch, Version: next.Version, At: next.Since, Kind: kind,
			Actor: "nurse", State: next.State, Detail: "it's \"said\" <b>\\ \x00 ü 病 \u2028 ?0 ? now",
		}
		e.Hash = custody.Seal(next.Head, e)
		next.Head = e.Hash
		ch.Entries = append(ch.Entries, e)
	}
	ch.Next = next
	return ch
}

func fresh1(t *testing.T, fresh Fresh, devices int) (*ledger.Ledger, []custody.Custody) {
	t.Helper()
	l := Open(t, fresh(t))
	return l, Populate(t, l, devices)
}

func row(t testing.TB, l *ledger.Ledger, id custody.DeviceID) custody.Custody {
	t.Helper()
	c, err := l.Custody(t.Context(), id)
	must(t, err)
	return c
}
