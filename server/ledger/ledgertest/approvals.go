package ledgertest

import (
	"sync"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// twoStaff are Maria and Ada, over n devices.
func twoStaff(t *testing.T, fresh Fresh, n int) *ledger.Ledger {
	l, _ := fresh1(t, fresh, n)
	must(t, l.AddStaff(t.Context(), ledger.Staff{ID: "m", Name: "Maria", Role: "manager", Wards: []string{"4B"}, Active: true}))
	must(t, l.AddStaff(t.Context(), ledger.Staff{ID: "a", Name: "Ada", Role: "administrator", Active: true}))
	return l
}

var approvalCases = map[string]func(*testing.T, Fresh){
	"what waits for a second person is taken once, and ends by itself": func(t *testing.T, fresh Fresh) {
		l := twoStaff(t, fresh, 2)
		ask := ledger.Approval{ID: "1", Device: "D000", Deed: "wipe", Epoch: 3, Staff: "m", Why: `it's "stuck"`, At: Start, Expires: Start.Add(30 * time.Minute)}
		must(t, l.AskApproval(t.Context(), ask))
		shown := ask
		shown.By = "Maria"
		wantEqual(t, value[[]ledger.Approval](t)(l.Approvals(t.Context(), Start)), []ledger.Approval{shown})
		wantEqual(t, len(value[[]ledger.Approval](t)(l.Approvals(t.Context(), ask.Expires))), 0)
		_, err := l.TakeApproval(t.Context(), "1", ask.Expires)
		wantErr(t, err, custody.ErrNotFound)

		taken := make([]error, 8)
		var wg sync.WaitGroup
		for i := range taken {
			wg.Go(func() {
				got, err := l.TakeApproval(t.Context(), "1", Start)
				if err == nil && (got.Staff != "m" || got.Epoch != 3) {
					t.Errorf("%+v", got)
				}
				taken[i] = err
			})
		}
		wg.Wait()
		n := 0
		for _, err := range taken {
			if err == nil {
				n++
			} else {
				wantErr(t, err, custody.ErrNotFound)
			}
		}
		wantEqual(t, n, 1)
		wantEqual(t, len(value[[]ledger.Approval](t)(l.Approvals(t.Context(), Start))), 0)
		wantErr(t, l.AskApproval(t.Context(), ledger.Approval{ID: "2", Device: "nothing", Deed: "wipe", Staff: "m"}), custody.ErrNotFound)
		wantErr(t, l.AskApproval(t.Context(), ledger.Approval{ID: "2", Device: "D000", Deed: "wipe", Staff: "nobody"}), custody.ErrNotFound)
	},
	"one asks at a time of a hand-over": func(t *testing.T, fresh Fresh) {
		l := twoStaff(t, fresh, 2)
		until := Start.Add(30 * time.Minute)
		must(t, l.AskApproval(t.Context(), ledger.Approval{ID: "1", Device: "D000", Deed: "wipe", Epoch: 3, Staff: "m", At: Start, Expires: until}))
		must(t, l.AskApproval(t.Context(), ledger.Approval{ID: "2", Device: "D000", Deed: "wipe", Epoch: 3, Staff: "m", At: Start, Expires: until})) // again
		wantErr(t, l.AskApproval(t.Context(), ledger.Approval{ID: "3", Device: "D000", Deed: "wipe", Epoch: 3, Staff: "a", At: Start, Expires: until}), custody.ErrConflict)
		must(t, l.AskApproval(t.Context(), ledger.Approval{ID: "4", Device: "D001", Deed: "wipe", Epoch: 3, Staff: "a", At: Start, Expires: until}))
		must(t, l.AskApproval(t.Context(), ledger.Approval{ID: "5", Device: "D000", Deed: "wipe", Epoch: 4, Staff: "a", At: Start, Expires: until})) // of the next hand-over
		must(t, l.AskApproval(t.Context(), ledger.Approval{ID: "6", Device: "D000", Deed: "wipe", Epoch: 4, Staff: "m", At: until, Expires: until.Add(time.Hour)}))
		var ids []string
		for _, a := range value[[]ledger.Approval](t)(l.Approvals(t.Context(), Start)) {
			ids = append(ids, a.ID+a.By)
		}
		wantEqual(t, ids, []string{"4Ada", "6Maria"})
	},
	"how many devices one person has wiped alone is counted in turn": func(t *testing.T, fresh Fresh) {
		l := twoStaff(t, fresh, 9)
		since := Start.Add(-time.Hour)
		alone := func(staff string, device custody.DeviceID, at time.Time) bool {
			return value[bool](t)(l.WipesAlone(t.Context(), staff, device, at, at.Add(-time.Hour), 3))
		}
		var mu sync.Mutex
		var wg sync.WaitGroup
		passed := 0
		for _, d := range []custody.DeviceID{"D000", "D001", "D002", "D003", "D004", "D005", "D006", "D007"} {
			wg.Go(func() {
				ok, err := l.WipesAlone(t.Context(), "m", d, Start, since, 3)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				if ok {
					passed++
				}
			})
		}
		wg.Wait()
		wantEqual(t, passed, 3)
		wantEqual(t, alone("m", "D008", Start.Add(59*time.Minute)), false)
		wantEqual(t, alone("a", "D008", Start), true) // another person's
		wantEqual(t, alone("m", "D008", Start.Add(time.Hour+time.Millisecond)), true)
		wantEqual(t, alone("m", "D008", Start.Add(time.Hour+time.Millisecond)), true) // the same device again is one
		_, err := l.WipesAlone(t.Context(), "nobody", "D000", Start, since, 3)
		wantErr(t, err, custody.ErrNotFound)
	},
}
