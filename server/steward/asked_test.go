package steward

import (
	"errors"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
)

// ask is somebody at the device who wants it erased: it asks for its Return to
// Service settings and erases itself by what it is answered, unless that is
// lost on its way.
func (w *ward) ask(server int, p *ipad, lost bool) (err error) {
	if p.away {
		return nil
	}
	var answer []byte
	err = errCrashed
	w.run(func() { answer, err = w.servers[server].ReturnToService(w.ctx, p.id, p.cert) })
	if err == nil && len(answer) > 0 && !lost {
		if c := w.row(p); c.State == custody.InUse {
			w.t.Fatalf("P5: %s was told to erase itself while %s uses it", p.id, c.Holder)
		}
		p.inbox = nil
		p.erase()
		w.check()
	}
	return err
}

// TestRule2AnAnswerIsRecordedBeforeItLeaves: the answer to ReturnToService is an
// erase, so it is a hand-over like any other.
func TestRule2AnAnswerIsRecordedBeforeItLeaves(t *testing.T) {
	w, p, _ := ready(t, wrapper{})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	if err := w.ask(0, p, false); custody.Refused(err) == "" || p.away {
		t.Fatalf("while it is in use: %v, away %t", err, p.away)
	}
	w.must(w.apply(0, p, custody.Return{By: "ada"}))
	w.stores.down = true
	if err := w.ask(0, p, false); !errors.Is(err, custody.ErrUnavailable) || p.away {
		t.Fatalf("with no ledger: %v, away %t", err, p.away)
	}
	w.stores.down = false
	if _, err := w.servers[0].ReturnToService(w.ctx, p.id, "another enrolment"); custody.Refused(err) == "" {
		t.Fatalf("under another enrolment: %v", err)
	}
	w.must(w.ask(0, p, true)) // and the answer is lost
	c := w.row(p)
	if !c.Risk.Open() || c.Risk.Command != c.Run.Command || c.Run.HandedOver.IsZero() {
		t.Fatalf("recorded %+v, %+v", c.Run, c.Risk)
	}
	if err := w.apply(0, p, custody.Resume{By: "ada"}); custody.Refused(err) != custody.RefusedTooLate {
		t.Fatalf("ada resumes a device that may be erasing itself: %v", err)
	}
	before := w.stores.commits
	w.must(w.ask(1, p, true))
	if w.stores.commits != before {
		t.Error("asked again, it was written again")
	}
	if cmd := w.pull(p); cmd == nil || cmd.UUID != c.Risk.Command || cmd.Request != "EraseDevice" {
		t.Fatalf("told %+v, want the erase that was recorded", cmd)
	}
	w.must(w.ask(0, p, false))
	w.settle(p)
	if entries := w.stores.entries[p.id]; len(entries) == 0 {
		t.Fatal("no history")
	}
}

// TestRule2ResumeAndAnswer: whoever commits first wins, and only one.
func TestRule2ResumeAndAnswer(t *testing.T) {
	var w *ward
	var race func()
	w, p, _ := ready(t, wrapper{ledger: func(l custody.Ledger) custody.Ledger {
		return spyLedger{l, func(ch custody.Change) {
			if f := race; f != nil && ch.Next.Risk.Request == "EraseDevice" && ch.Prev.Risk.Request == "" {
				race = nil
				f()
			}
		}}
	}})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	w.must(w.apply(0, p, custody.Return{By: "ada"}))
	race = func() { w.must(w.apply(1, p, custody.Resume{By: "ada"})) }
	if err := w.ask(0, p, false); custody.Refused(err) == "" || p.away {
		t.Fatalf("the answer that came second: %v, away %t", err, p.away)
	}
	w.want(p, custody.InUse)
	if cmd := w.pull(p); cmd != nil && cmd.Request == "EraseDevice" {
		t.Fatal("and it is erased after all")
	}
}
