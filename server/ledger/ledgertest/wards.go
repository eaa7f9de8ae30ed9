package ledgertest

import (
	"sync"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

func line(what string) ledger.WardDeed {
	return ledger.WardDeed{At: Start, By: "staff:Maria", What: what, Why: "new here"}
}

var wardCases = map[string]func(*testing.T, Fresh){
	"of two who change one ward the second is told": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		ctx := t.Context()
		policy := custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)
		must(t, l.AddWard(ctx, ledger.Ward{ID: "4B", Name: "Surgery", Policy: policy}, line("added")))
		read := value[ledger.Ward](t)(l.Ward(ctx, "4B"))
		first, second := policy, policy
		first.Lock, second.Lock = 3*time.Minute, 4*time.Minute

		must(t, l.ChangeWard(ctx, ledger.WardChange{ID: "4B", Version: read.Version, Name: "Surgery 4B", Policy: first, Said: []ledger.WardDeed{line("first")}}))
		wantErr(t, l.ChangeWard(ctx, ledger.WardChange{ID: "4B", Version: read.Version, Name: "x", Policy: second, Said: []ledger.WardDeed{line("second")}}), custody.ErrStale)
		wantErr(t, l.ChangeWard(ctx, ledger.WardChange{ID: "5A", Version: 1, Name: "x", Policy: second, Said: []ledger.WardDeed{line("x")}}), custody.ErrNotFound)
		wantEqual(t, value[ledger.Ward](t)(l.Ward(ctx, "4B")), ledger.Ward{ID: "4B", Name: "Surgery 4B", Policy: first, Version: read.Version + 1})
		wantEqual(t, value[[]ledger.WardDeed](t)(l.WardLog(ctx, "4B", 10)), []ledger.WardDeed{
			{Ward: "4B", Seq: 2, At: Start, By: "staff:Maria", What: "first", Why: "new here"},
			{Ward: "4B", Seq: 1, At: Start, By: "staff:Maria", What: "added", Why: "new here"}})
		wantEqual(t, len(value[[]ledger.WardDeed](t)(l.WardLog(ctx, "4B", 0))), 0)

		// A writer that did not look makes the version that others read old, too.
		read = value[ledger.Ward](t)(l.Ward(ctx, "4B"))
		must(t, l.PutPolicy(ctx, "4B", second))
		wantErr(t, l.ChangeWard(ctx, ledger.WardChange{ID: "4B", Version: read.Version, Policy: first}), custody.ErrStale)
		wantEqual(t, value[custody.Policy](t)(l.Policy(ctx, "4B")), second)

		var wg sync.WaitGroup
		read = value[ledger.Ward](t)(l.Ward(ctx, "4B"))
		won := make(chan error, 8)
		for range cap(won) {
			wg.Go(func() {
				won <- l.ChangeWard(ctx, ledger.WardChange{ID: "4B", Version: read.Version, Name: "w", Policy: first, Said: []ledger.WardDeed{line("raced")}})
			})
		}
		wg.Wait()
		close(won)
		n := 0
		for err := range won {
			if err == nil {
				n++
			} else {
				wantErr(t, err, custody.ErrStale)
			}
		}
		wantEqual(t, n, 1)
		wantEqual(t, len(value[[]ledger.WardDeed](t)(l.WardLog(ctx, "4B", 10))), 3)
	},
	"a ward keeps its fleet while somebody has one of its devices": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 1)
		ctx := t.Context()
		w := value[ledger.Ward](t)(l.Ward(ctx, "4B"))
		other := w.Policy
		other.Target, other.Evidence = custody.TargetPasscode, custody.EvidenceDevice
		for _, state := range []custody.State{custody.InUse, custody.Locked, custody.Wiping} {
			ch := Advance(rows[0], custody.KindReport)
			ch.Next.State = state
			must(t, l.Commit(ctx, ch))
			rows[0] = ch.Next
			wantErr(t, l.ChangeWard(ctx, ledger.WardChange{ID: "4B", Version: w.Version, Name: w.Name, Policy: other}), custody.ErrConflict)
		}
		times := w.Policy
		times.Lock = 3 * time.Minute
		must(t, l.ChangeWard(ctx, ledger.WardChange{ID: "4B", Version: w.Version, Name: w.Name, Policy: times}))
		ch := Advance(rows[0], custody.KindClean)
		ch.Next.State = custody.Clean
		must(t, l.Commit(ctx, ch))
		must(t, l.ChangeWard(ctx, ledger.WardChange{ID: "4B", Version: w.Version + 1, Name: w.Name, Policy: other}))
	},
	"only an empty ward is removed, and it can come back": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 1)
		ctx := t.Context()
		must(t, l.AddWard(ctx, ledger.Ward{ID: "5A", Name: "Medicine"}, line("added")))
		wantErr(t, l.RemoveWard(ctx, "4B", 1, Start), custody.ErrConflict)
		wantErr(t, l.RemoveWard(ctx, "nowhere", 1, Start), custody.ErrNotFound)
		must(t, l.AddReader(ctx, ledger.Reader{ID: "wall", Ward: "5A", Credential: []byte{1}}))
		wantErr(t, l.RemoveWard(ctx, "5A", 1, Start), custody.ErrConflict)
		must(t, l.RemoveReader(ctx, "wall", line("reader removed")))
		wantErr(t, l.RemoveWard(ctx, "5A", 9, Start), custody.ErrStale)
		must(t, l.RemoveWard(ctx, "5A", 1, Start, line("removed")))

		wantEqual(t, len(value[[]ledger.Ward](t)(l.Wards(ctx))), 1)
		gone := value[[]ledger.Ward](t)(l.RemovedWards(ctx))
		wantEqual(t, gone, []ledger.Ward{{ID: "5A", Name: "Medicine", Version: 2, Removed: Start.Truncate(time.Millisecond)}})
		wantErr(t, l.AddDevice(ctx, ledger.Device{ID: "S1", Ward: "5A"}), custody.ErrNotFound)
		wantErr(t, l.AddReader(ctx, ledger.Reader{ID: "r", Ward: "5A", Credential: []byte{1}}), custody.ErrNotFound)
		wantErr(t, l.ChangeWard(ctx, ledger.WardChange{ID: "5A", Version: 2}), custody.ErrNotFound)
		wantErr(t, l.AddWard(ctx, ledger.Ward{ID: "5A"}), custody.ErrConflict)

		must(t, l.RestoreWard(ctx, "5A", line("back")))
		must(t, l.RestoreWard(ctx, "5A", line("back twice")))
		wantErr(t, l.RestoreWard(ctx, "nowhere"), custody.ErrNotFound)
		wantEqual(t, len(value[[]ledger.Ward](t)(l.Wards(ctx))), 2)
		log := value[[]ledger.WardDeed](t)(l.WardLog(ctx, "5A", 10))
		wantEqual(t, len(log), 4)
		wantEqual(t, log[0].What, "back")
		must(t, l.AddDevice(ctx, ledger.Device{ID: "S1", Ward: "5A"}))
	},
	"who is not told of a policy yet is known": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 0)
		ctx := t.Context()
		wantEqual(t, len(value[[]ledger.Ward](t)(l.Untold(ctx))), 0)
		w := value[ledger.Ward](t)(l.Ward(ctx, "4B"))
		must(t, l.ChangeWard(ctx, ledger.WardChange{ID: "4B", Version: w.Version, Name: w.Name, Policy: w.Policy}))
		untold := value[[]ledger.Ward](t)(l.Untold(ctx))
		wantEqual(t, len(untold), 1)
		wantEqual(t, untold[0].Version, w.Version+1)
		must(t, l.PutPolicy(ctx, "4B", w.Policy)) // while it was being told
		must(t, l.Told(ctx, "4B", untold[0].Version))
		wantEqual(t, len(value[[]ledger.Ward](t)(l.Untold(ctx))), 1)
		must(t, l.Told(ctx, "4B", w.Version+2))
		must(t, l.Told(ctx, "4B", w.Version))
		wantEqual(t, len(value[[]ledger.Ward](t)(l.Untold(ctx))), 0)
	},
	"readers are tied, renewed, heard and removed": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 2)
		ctx := t.Context()
		must(t, l.AddWard(ctx, ledger.Ward{ID: "5A"}))
		must(t, l.AddDevice(ctx, ledger.Device{ID: "S5", Ward: "5A"}))
		must(t, l.AddReader(ctx, ledger.Reader{ID: "a", Ward: "4B", Credential: []byte{1}}, line("reader a")))
		must(t, l.AddReader(ctx, ledger.Reader{ID: "b", Ward: "4B", Device: "D000", Credential: []byte{2}}))
		wantErr(t, l.TieReader(ctx, "a", "D000", line("x")), custody.ErrConflict)
		wantErr(t, l.TieReader(ctx, "a", "S5", line("x")), custody.ErrConflict)
		wantErr(t, l.TieReader(ctx, "a", "X", line("x")), custody.ErrNotFound)
		wantErr(t, l.TieReader(ctx, "x", "D000", line("x")), custody.ErrNotFound)
		must(t, l.TieReader(ctx, "b", "", line("untied")))
		must(t, l.TieReader(ctx, "a", "D000", line("tied")))
		must(t, l.RenewReader(ctx, "a", []byte{9}, line("renewed")))
		wantErr(t, l.RenewReader(ctx, "x", []byte{9}), custody.ErrNotFound)
		must(t, l.Heard(ctx, "a", Start.Add(time.Minute)))
		must(t, l.Heard(ctx, "a", Start))
		must(t, l.Heard(ctx, "nobody", Start))
		wantEqual(t, value[ledger.Reader](t)(l.Reader(ctx, "a")), ledger.Reader{ID: "a", Ward: "4B", Device: "D000", Credential: []byte{9}, Heard: Start.Add(time.Minute).Truncate(time.Millisecond)})
		must(t, l.RemoveReader(ctx, "a", line("removed")))
		wantErr(t, l.RemoveReader(ctx, "a", line("x")), custody.ErrNotFound)
		_, err := l.Reader(ctx, "a")
		wantErr(t, err, custody.ErrNotFound)
		var what []string
		for _, d := range value[[]ledger.WardDeed](t)(l.WardLog(ctx, "4B", 10)) {
			what = append(what, d.What)
		}
		wantEqual(t, what, []string{"removed", "renewed", "tied", "untied", "reader a"})
	},
}

var importCases = map[string]func(*testing.T, Fresh){
	"one import at a time, and a dead one says where it stopped": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		ctx := t.Context()
		_, err := l.LastImport(ctx, time.Minute)
		wantErr(t, err, custody.ErrNotFound)
		first := ledger.Import{ID: "1", File: "people.csv", By: "staff:Ada", Began: Start.Truncate(time.Millisecond), Total: 10}
		must(t, l.BeginImport(ctx, first, time.Minute))
		wantErr(t, l.BeginImport(ctx, ledger.Import{ID: "2", Began: Start.Add(time.Hour)}, time.Minute), custody.ErrConflict)
		first.Done, first.Added, first.Refused = 4, 3, 1
		first.Lines = []ledger.ImportLine{{N: 3, What: "clinician ada", Says: []string{"A badge is taken."}}}
		must(t, l.KeepImport(ctx, first))
		wantEqual(t, value[ledger.Import](t)(l.LastImport(ctx, time.Minute)), first)
		wantErr(t, l.KeepImport(ctx, ledger.Import{ID: "x"}), custody.ErrNotFound)

		first.Ended, first.Failed = Start.Add(time.Minute).Truncate(time.Millisecond), "The database is away."
		must(t, l.KeepImport(ctx, first))
		wantEqual(t, value[ledger.Import](t)(l.LastImport(ctx, time.Minute)), first)
		must(t, l.BeginImport(ctx, ledger.Import{ID: "2", Began: Start.Add(time.Hour), Total: 5}, time.Minute))

		stopped := value[ledger.Import](t)(l.LastImport(ctx, -time.Minute)) // as a clock a minute on would see it
		if !stopped.Stopped || !stopped.Ended.IsZero() {
			t.Fatalf("its server is gone: %+v", stopped)
		}
		must(t, l.BeginImport(ctx, ledger.Import{ID: "3", Began: Start.Add(2 * time.Hour)}, -time.Minute))
	},
	"of many that begin at once one does": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		var wg sync.WaitGroup
		began := make(chan error, 6)
		for n := range cap(began) {
			wg.Go(func() {
				began <- l.BeginImport(t.Context(), ledger.Import{ID: string(rune('a' + n)), Began: Start}, time.Minute)
			})
		}
		wg.Wait()
		close(began)
		n := 0
		for err := range began {
			if err == nil {
				n++
			} else {
				wantErr(t, err, custody.ErrConflict)
			}
		}
		wantEqual(t, n, 1)
	},
}
