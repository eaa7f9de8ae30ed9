package demo

import (
	"context"
	"fmt"
	"html"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/app"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
)

// fault is one row of the fault table: how an iPad misbehaves, or the server's
// settings do, the state that this ends in with a sentence for people, and the
// way out of it. Whatever happens, the iPad is offered to nobody on the way.
type fault struct {
	name string
	ward string
	// happens brings the fault about, with somebody's session and data on the iPad.
	happens func(ctx context.Context, r *row) error
	// ends is the defined state, and says a part of what people read there.
	ends custody.State
	says string
	// cause and word narrow the state down; empty: any.
	cause custody.Cause
	word  custody.LockWord
	// mend is the way out. At its end the iPad is on its way to clean.
	mend func(ctx context.Context, r *row) error
	page string // said in the history on the iPad's page, where nothing else says it
}

// row is a fault under way.
type row struct {
	fault
	at
	m      *office
	bad    *badInputs
	said   []string
	failed []string
	took   time.Duration
}

func (r *row) fail(format string, a ...any) { r.failed = append(r.failed, fmt.Sprintf(format, a...)) }

// patient is how long a row may take in all.
const patient = 200 * time.Second

// TestFaultTable: every row ends as it should, with the observer of P1-P5 green
// over all of them. The rows run side by side, each on an iPad of its own.
func TestFaultTable(t *testing.T) {
	t.Parallel() // it waits, most of its time
	bad := &badInputs{}
	h := hospitalAt(t, 8*time.Minute, nil, func(a *app.App) { bad.Driver = a.Steward.Driver; a.Steward.Driver = bad })
	h.openFaultWards(t)
	m, err := h.office(t.Context(), "Maria Keller", identity.Administrator)
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Concat(ipadFaults, sharedFaults)
	only := os.Getenv("PADWARDEN_FAULT")
	if only != "" {
		all = slices.DeleteFunc(all, func(f fault) bool { return !strings.Contains(f.name, only) })
	}
	rows := make([]*row, len(all))
	for i, f := range all {
		a, err := h.newcomer(t.Context(), f.ward, fmt.Sprintf("F%02d", i))
		if err != nil {
			t.Fatal(err)
		}
		rows[i] = &row{fault: f, at: a, m: m, bad: bad}
	}
	playAll(t.Context(), rows)
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Logf("%.0f s: %s", r.took.Seconds(), strings.Join(r.said, "; "))
			for _, f := range r.failed {
				t.Error(f)
			}
		})
	}
	if metrics, err := h.get(t.Context(), "/metrics", ""); only == "" && (err != nil || !strings.Contains(string(metrics), `event="report_ignored"`)) {
		t.Errorf("no stray report was counted (%v)", err)
	}
	verdict, err := h.Judge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if verdict.Broken() {
		t.Errorf("the observer:\n%s", verdict)
	}
	for _, v := range h.apns.Violations() {
		t.Errorf("APNs: %s", v.What)
	}
	t.Logf("\n%s", verdict)
}

// sideBySide is how many rows are played at once: most of their time they wait.
const sideBySide = 8

func playAll(ctx context.Context, rows []*row) {
	places := make(chan struct{}, sideBySide)
	var wg sync.WaitGroup
	for _, r := range rows {
		wg.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			began := time.Now()
			r.play(ctx)
			r.took = time.Since(began)
		})
	}
	wg.Wait()
}

// play plays a row and keeps what failed.
func (r *row) play(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patient)
	defer cancel()
	for _, part := range []struct {
		name string
		play func(context.Context, *row) error
	}{
		{"setting it up", reaches(custody.Clean)},
		{"the fault", r.happens},
		{"its end", func(ctx context.Context, _ *row) error { return r.isAtItsEnd(ctx) }},
		{"mending it", r.mend},
		{"after it was mended", reaches(custody.Clean)},
	} {
		if err := part.play(ctx, r); err != nil {
			r.fail("%s: %v", part.name, err)
			return
		}
	}
	if left := r.d.Truth().UserData(); left != "" {
		r.fail("clean with %s on it", left)
	}
}

// isAtItsEnd waits for the state that the row ends in, and looks at it as
// people see it.
func (r *row) isAtItsEnd(ctx context.Context) error {
	s, err := r.m.until(ctx, r.at, string(r.ends)+" with a sentence", func(s standing) bool {
		return s.State == string(r.ends) && strings.Contains(s.says(), r.says) &&
			(r.cause == "" || s.Custody.Cause == r.cause) && (r.word == "" || s.Lock.Word == string(r.word))
	})
	if err != nil {
		return err
	}
	r.said = append(r.said, strings.TrimSuffix(s.State+": "+s.says(), ": "))
	if data := r.d.Truth().UserData(); data == "" && !r.wiped() {
		r.fail("nobody's data is on the iPad: the row shows nothing")
	}
	page, err := r.m.page(ctx, "/console/devices/"+r.d.Serial())
	for _, says := range []string{r.says, r.page} {
		if err == nil && !strings.Contains(html.UnescapeString(page), says) {
			r.fail("the iPad's page does not say %q", says)
		}
	}
	return err
}

// wiped: the iPad has been erased since its first set-up, or its users deleted.
func (r *row) wiped() bool {
	t := r.d.Truth()
	for _, e := range t.Executed {
		if e.Effect && (e.Request == "EraseDevice" || e.Request == "DeleteUser") {
			return true
		}
	}
	return t.Erased > 0
}

// The parts that rows are made of.

// worksOn: somebody badges in and leaves data on the iPad.
func worksOn(ctx context.Context, r *row) error {
	if r.ward == shared {
		err := r.signsIn(ctx)
		for n := 0; n < 2 && err != nil && reaches(custody.Clean)(ctx, r) == nil; n++ {
			err = r.signsIn(ctx) // too slow for its grace, it was signed out: once more
		}
		return err
	}
	r.d.BringToFront()
	if _, err := r.comesClean(ctx); err != nil {
		return err
	}
	s, err := r.badgeIn(ctx)
	if err == nil && s.State != "in_use" {
		err = fmt.Errorf("badging in led to %s: %s", s.State, s.Sentence)
	}
	return err
}

// givesBack: the same, and the iPad is given back.
func givesBack(ctx context.Context, r *row) error {
	if err := worksOn(ctx, r); err != nil {
		return err
	}
	return isDone(ctx, r)
}

// isDone gives the iPad back; a manager does for who was too slow and finds it locked.
func isDone(ctx context.Context, r *row) error {
	_, err := r.patiently(ctx, r.d.Page().Return)
	if err == nil {
		return nil
	}
	if s, again := r.m.sees(ctx, r.at); again == nil && s.State == string(custody.Locked) {
		return wipesAgain(ctx, r)
	}
	return err
}

// first does several things in turn.
func first(steps ...func(context.Context, *row) error) func(context.Context, *row) error {
	return func(ctx context.Context, r *row) error {
		for _, f := range steps {
			if err := f(ctx, r); err != nil {
				return err
			}
		}
		return nil
	}
}

func ipad(do func(r *row)) func(context.Context, *row) error {
	return func(_ context.Context, r *row) error { do(r); return nil }
}

// wipesAgain: the manager asks for another wipe.
func wipesAgain(ctx context.Context, r *row) error {
	return r.m.wipes(ctx, r.d.Serial())
}

// byItself: the fault ends, and nobody has to do anything.
func byItself(ctx context.Context, r *row) error { r.d.ClearFaults(); return nil }

// enrolsByHand: the manager makes a link, and somebody opens it on the iPad.
func enrolsByHand(ctx context.Context, r *row) error {
	link, err := r.m.link(ctx, r.at)
	if err != nil {
		return err
	}
	before := r.d.Truth().Certificate
	r.d.EnrolByHand(link)
	for r.d.Truth().Certificate == before || !r.d.Truth().Enrolled {
		select {
		case <-ctx.Done():
			return fmt.Errorf("enrolling by hand: %s: %w", r.d.Truth().EnrolError, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

// told waits until the iPad was told a command in this hand-over.
func told(request string) func(context.Context, *row) error {
	return func(ctx context.Context, r *row) error {
		_, err := r.m.until(ctx, r.at, "told "+request, func(s standing) bool { return s.Custody.Risk.Request == request })
		return err
	}
}

// reaches waits for a state of custody.
func reaches(state custody.State) func(context.Context, *row) error {
	return func(ctx context.Context, r *row) error { return r.m.comes(ctx, r.at, state) }
}
