package custody

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestTheWipeLadderKeepsItsEvidence(t *testing.T) {
	d := wiping(t, kiosk)
	d.after(time.Minute).handOver("UserList", false)
	d.after(time.Minute).handOver("EraseDevice", true)
	d.after(time.Minute).handOver("EraseDevice", true)
	run := d.c.Run
	run.Acked = true
	d.after(time.Minute).do(Progress{Run: run, Proof: ProofAcknowledged, How: "EraseDevice acknowledged, u-1", Settles: true})
	d.after(time.Minute).do(Authenticated{"cert-2"}, TokenUpdated{"cert-2", true})
	run = d.c.Run
	run.Done = true
	d.do(Progress{Run: run, Proof: ProofProven, Grade: GradeErased, How: "idle"})
	for rung, want := range map[ProofRung]string{
		ProofRequested:    "given back by its holder",
		ProofHandedOver:   "EraseDevice EraseDevice-1",
		ProofAcknowledged: "EraseDevice acknowledged, u-1",
		ProofReturned:     "AwaitingConfiguration, under a new enrolment",
		ProofProven:       "idle",
	} {
		if got := d.c.Proof.How[rung]; got != want {
			t.Errorf("%s: %q, want %q", rung, got, want)
		}
	}
	if !strings.HasPrefix(askedFor(CauseManager, "staff:Maria"), "asked for by staff:Maria") {
		t.Error("a manager's wipe does not say whose it was")
	}
}

// TestEvidenceNamesNoClinician: it stays on a row that is clean.
func TestEvidenceNamesNoClinician(t *testing.T) {
	for why := range askedWords {
		if s := askedFor(why, "anna.berg"); strings.Contains(s, "anna") {
			t.Errorf("%s names a clinician: %q", why, s)
		}
	}
	d := locked(t, kiosk)
	d.do(TakeOver{"b.secret"})
	d.proven(GradeErased)
	row, err := json.Marshal(struct {
		P Proof
		L Lock
	}{d.c.Proof, d.c.Lock})
	if err != nil || strings.Contains(string(row), "b.secret") {
		t.Errorf("%v: %s", err, row)
	}
}

func TestPassedOverRungsSaySo(t *testing.T) {
	d := wiping(t, kiosk)
	d.handOver("EraseDevice", true)
	d.do(Authenticated{"cert-2"}, TokenUpdated{"cert-2", true}) // its acknowledgement was lost
	got := map[string][2]bool{}
	for _, s := range d.c.Proof.Steps() {
		got[s.Rung] = [2]bool{s.Reached, s.Passed}
	}
	want := map[string][2]bool{"requested": {true, false}, "handed_over": {true, false}, "acknowledged": {true, true}, "returned": {true, false}, "proven": {false, false}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	if (Proof{}).Steps() != nil || (Lock{}).Steps() != nil {
		t.Error("a ladder that was never begun has steps")
	}
}

// TestOldRowsReadOn: rows written before evidence was kept.
func TestOldRowsReadOn(t *testing.T) {
	var c Custody
	old := `{"device":"D","state":"locked","lock":{"rung":"confirmed","strength":"enforced","how":"app lock seen","at":"2026-11-23T08:02:00Z"},
		"proof":{"rung":"acknowledged","at":{"requested":"2026-11-23T08:00:00Z","acknowledged":"2026-11-23T08:01:00Z"}}}`
	if err := json.Unmarshal([]byte(old), &c); err != nil {
		t.Fatal(err)
	}
	lock := c.Lock.Steps()
	if !lock[0].Passed || !lock[1].Passed || lock[2].How != "app lock seen" || lock[2].At.IsZero() {
		t.Errorf("%+v", lock)
	}
	if s := ShowLock(c); s.Word != LockHolds || !s.Since.Equal(c.Lock.At) {
		t.Errorf("%+v", s)
	}
	if p := c.Proof.Steps(); p[0].At.IsZero() || p[0].How != "" || !p[1].Passed || p[3].Reached {
		t.Errorf("%+v", p)
	}
	// And what is written now is read as it was.
	d := locked(t, kiosk)
	d.do(Progress{Run: d.c.Run, Lock: &LockMark{LockAcknowledged, ScreenOff, "asleep"}}, Return{"a"})
	d.handOver("EraseDevice", true)
	body, err := json.Marshal(d.c)
	var again Custody
	if err == nil {
		err = json.Unmarshal(body, &again)
	}
	if err != nil || !reflect.DeepEqual(again, d.c) {
		t.Errorf("%v: %s", err, body)
	}
}

// TestLaddersOnlyClimb: whatever happens to a device, within a run no rung is
// left, no rung's time moves, a higher rung is not older than a lower one, and
// the evidence stays small.
func TestLaddersOnlyClimb(t *testing.T) {
	for _, p := range []Policy{kiosk, passcode, shared, guest, apps} {
		t.Run(string(p.Fleet+"/")+string(p.Target), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				d := cleanDevice(t, p)
				for range rapid.IntRange(1, 40).Draw(t, "events") {
					d.after(waits.Draw(t, "wait"))
					prev := d.c
					e := anyEvent(t, d.c)
					if p, ok := e.(Progress); ok {
						p.How = rapid.SampledFrom([]string{"", "seen", strings.Repeat("ü病", 99)}).Draw(t, "how")
						e = p
					}
					_, _ = d.try(e) // what it may refuse is judged elsewhere
					climbed(t, prev, d.c)
				}
			})
		})
	}
}

func climbed(t *rapid.T, prev, next Custody) {
	if prev.Run.ID == next.Run.ID {
		if next.Run.Goal == GoalWipe && proofRank[next.Proof.Rung] < proofRank[prev.Proof.Rung] ||
			next.Run.Goal == GoalLock && next.State == Locked && lockRank[next.Lock.Rung] < lockRank[prev.Lock.Rung] {
			t.Fatalf("a ladder went down: %+v %+v to %+v %+v", prev.Proof, prev.Lock, next.Proof, next.Lock)
		}
		for r, at := range prev.Proof.At {
			if next.Run.Goal == GoalWipe && !next.Proof.At[r].Equal(at) {
				t.Fatalf("%s moved from %s to %s", r, at, next.Proof.At[r])
			}
		}
		for i, s := range prev.Lock.Steps() {
			if next.Run.Goal == GoalLock && next.State == Locked && !s.At.IsZero() && !next.Lock.Steps()[i].At.Equal(s.At) {
				t.Fatalf("%s moved from %s", s.Rung, s.At)
			}
		}
	}
	for _, steps := range [][]Step{next.Proof.Steps(), next.Lock.Steps()} {
		var last time.Time
		for _, s := range steps {
			if !s.At.IsZero() && s.At.Before(last) {
				t.Fatalf("%s is older than the rung below it: %+v", s.Rung, steps)
			}
			if !s.At.IsZero() {
				last = s.At
			}
			if len(s.How) > maxHow || !utf8.ValidString(s.How) {
				t.Fatalf("evidence of %d bytes", len(s.How))
			}
			if s.Passed && !s.Reached || !s.Reached && (s.How != "" || !s.At.IsZero()) {
				t.Fatalf("%+v", s)
			}
		}
	}
}
