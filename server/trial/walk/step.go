package walk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/trial"
)

// errSkipped and errCalled: the person says how a step came out.
var (
	errSkipped = errors.New("skipped")
	errCalled  = errors.New("called failed by who walked it")
)

// step walks one.
func (w *walk) step(ctx context.Context, s trial.Step) (trial.Tried, error) {
	t := trial.Tried{Name: s.Name, Outcome: trial.NotTried}
	err := w.bring(ctx, s)
	if errors.Is(err, errSkipped) || errors.Is(err, errCalled) {
		t.Note = "The iPad was not brought to where it begins."
		return t, nil
	}
	if err != nil {
		return t, err
	}
	if _, err := w.news(ctx); err != nil { // what came before is not of this step
		return t, err
	}
	t.After, t.Outcome = w.seq, trial.Passed
	var entries []ledger.Recorded
	for i, p := range s.Phases {
		part := s
		part.Phases = s.Phases[:i+1]
		w.say("  %s", p.Do)
		found, err := w.await(ctx, part, &entries)
		t.Until, t.Marks = w.seq, found.Cited()
		switch {
		case errors.Is(err, errSkipped):
			return trial.Tried{Name: s.Name, Outcome: trial.NotTried, Note: "Skipped."}, nil
		case errors.Is(err, errCalled):
			t.Outcome, t.Note = trial.Failed, "Called failed while this was waited for: "+found.Missing
		case err != nil:
			return t, err
		case !found.Whole:
			t.Outcome, t.Note = trial.Failed, found.Missing
		default:
			if err := w.eyes(ctx, p, &t); err != nil {
				return t, err
			}
		}
		if t.Outcome != trial.Passed {
			return t, nil
		}
	}
	w.say("  seen within %s", trial.Match(s, entries).Took().Round(100*time.Millisecond))
	return t, nil
}

// eyes asks what only eyes can see.
func (w *walk) eyes(ctx context.Context, p trial.Phase, t *trial.Tried) error {
	for _, q := range p.Eyes {
		var answer string
		var err error
		if q.Want == "" {
			answer, err = w.ask(ctx, "  "+q.Ask)
		} else if answer, err = w.choose(ctx, "  "+q.Ask+" [y/n, ? if you could not see]", "yes", "no", "?"); answer == "?" {
			answer = ""
		}
		if err != nil {
			return err
		}
		t.Answers = append(t.Answers, answer)
		switch {
		case answer == "" && t.Outcome == trial.Passed:
			t.Outcome, t.Note = trial.NotTried, "Not seen: "+q.Ask
		case q.Want != "" && answer != "" && answer != q.Want:
			t.Outcome, t.Note = trial.Failed, q.Ask+" "+answer
			if said, err := w.ask(ctx, "  What did you see?"); err != nil {
				return err
			} else if said != "" {
				t.Note += ": " + said
			}
		}
	}
	return nil
}

// bring waits until the iPad is where the step begins.
func (w *walk) bring(ctx context.Context, s trial.Step) error {
	for told := ""; ; {
		d, err := w.API.device(ctx, w.Device)
		if err == nil && d.in(s.Ready) {
			return nil
		}
		if err := w.bearable(err); err != nil {
			return err
		}
		if now := fmt.Sprintf("  It is %s. %s", d.State, s.Bring); err == nil && now != told && !slices.Contains(s.Ready, custody.State(d.State)) {
			w.say("%s", now)
			told = now
		}
		if err := w.pause(ctx); err != nil {
			return err
		}
	}
}

// bearable passes over what may be another thing at the next look: a server
// that starts again, a network that comes back.
func (w *walk) bearable(err error) error {
	var no *refused
	if errors.As(err, &no) {
		return err
	}
	return nil
}
