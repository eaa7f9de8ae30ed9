package provision

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
)

// slow is an importer that does a row each time it is let.
type slow struct {
	rows []Row
	next chan struct{}
}

func (s slow) Import(ctx context.Context, _ File, a Asked) (r Report, err error) {
	for _, row := range s.rows {
		select {
		case <-ctx.Done():
			return r, ctx.Err()
		case <-s.next:
		}
		r.Rows = append(r.Rows, row)
		a.Each(row)
	}
	r.Credentials = []Credential{{"dock-1", "secret"}}
	return r, nil
}

func newJobs(t *testing.T, rows ...Row) (*Jobs, slow, *ledger.Ledger, context.CancelFunc) {
	t.Helper()
	base, stop := context.WithCancel(t.Context())
	s, l := slow{rows, make(chan struct{})}, ledgertest.Open(t, ledgertest.SQLite(t))
	j := &Jobs{Base: base, Importer: s, Kept: l, Now: func() time.Time { return time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC) }, NewID: uuid.NewString}
	t.Cleanup(func() { stop(); j.Wait() })
	return j, s, l, stop
}

var threeRows = []Row{{N: 2, What: "clinician ada", Verdict: Added}, {N: 3, What: "clinician ben", Verdict: Refused, Says: []string{"Badge 1 is that of ada."}}, {N: 4, What: "clinician cy", Verdict: Changed}}

func three(t *testing.T) File {
	t.Helper()
	f, err := Parse([]byte("id,name\nada,Ada\nben,Ben\ncy,Cy\n"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// An import goes on while nobody looks, one at a time, and who comes back sees
// how far it is; its readers' secrets are for who began it, until they have them.
func TestAnImportGoesOnInTheBackground(t *testing.T) {
	j, s, _, _ := newJobs(t, threeRows...)
	if _, err := j.Last(t.Context()); err == nil {
		t.Fatal("there was none yet")
	}
	if err := j.Start(t.Context(), three(t), Asked{By: "staff:Ada"}, "people.csv"); err != nil {
		t.Fatal(err)
	}
	if err := j.Start(t.Context(), three(t), Asked{By: "staff:Ben"}, "x.csv"); custody.Refused(err) != RefusedRunning {
		t.Errorf("a second one: %v", err)
	}
	s.next <- struct{}{}
	s.next <- struct{}{}
	last, err := j.Last(t.Context())
	for err == nil && last.Done < 2 { // the second row is let go before it is told
		last, err = j.Last(t.Context())
	}
	if err != nil || last.Total != 3 || last.Added != 1 || last.Refused != 1 || !last.Ended.IsZero() || len(last.Lines) != 1 || last.Lines[0].N != 3 || last.File != "people.csv" {
		t.Errorf("in the middle: %+v %v", last, err)
	}
	s.next <- struct{}{}
	j.Wait()
	if last, err = j.Last(t.Context()); err != nil || last.Ended.IsZero() || last.Done != 3 || last.Failed != "" {
		t.Errorf("at the end: %+v %v", last, err)
	}
	if rows, ok := j.Rows(last.ID); !ok || len(rows) != 3 {
		t.Errorf("its rows: %v %v", rows, ok)
	}
	if len(j.Credentials(last.ID, "staff:Ben")) != 0 || len(j.Credentials(last.ID, "staff:Ada")) != 1 {
		t.Error("the secrets are for who began it")
	}
	j.Taken("staff:Ben")
	if len(j.Credentials(last.ID, "staff:Ada")) != 1 {
		t.Error("another took them")
	}
	if j.Taken("staff:Ada"); len(j.Credentials(last.ID, "staff:Ada")) != 0 {
		t.Error("they are there after they were taken")
	}
}

// A server that stops in the middle says where, and so does one that comes after it.
func TestAServerThatStopsInTheMiddleOfAnImport(t *testing.T) {
	j, s, l, stop := newJobs(t, threeRows...)
	if err := j.Start(t.Context(), three(t), Asked{By: "staff:Ada"}, ""); err != nil {
		t.Fatal(err)
	}
	s.next <- struct{}{}
	stop()
	j.Wait()
	after := &Jobs{Base: t.Context(), Kept: l}
	last, err := after.Last(t.Context())
	if err != nil || last.Done != 1 || last.Total != 3 || last.Ended.IsZero() || last.Failed == "" {
		t.Errorf("%+v %v", last, err)
	}
	if _, ok := after.Rows(last.ID); ok {
		t.Error("a server that did not do it knows each row")
	}
	if err := j.Start(t.Context(), three(t), Asked{}, ""); err == nil {
		t.Error("a server that stops begins another")
	}
}
