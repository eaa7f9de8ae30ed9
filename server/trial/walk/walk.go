// Package walk leads an administrator through a trial of one iPad at a
// terminal: it says what to do, waits until the server's API shows what must
// follow, asks what only eyes can see, and has the server sign the table.
//
// It is a stranger to the server: it has a token and the API, and nothing
// else. The steps come from the server, and what it waits by is the very
// function that the server judges by. What was done is in a file after each
// step, so Ctrl-C loses none, and a rerun goes on from it.
package walk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/trial"
)

// Options of a walk.
type Options struct {
	API    *API
	Device string   // serial
	Only   []string // names of steps; empty: all
	Again  bool     // steps that were passed before, too
	File   string   // what was done, and beside it what the server signed
	In     io.Reader
	Out    io.Writer
	Poll   time.Duration // between two looks at the API; zero: 2 s
}

// walk is one under way.
type walk struct {
	Options
	*terminal
	begun trial.Beginning
	claim trial.Claim
	seq   int64 // of the last entry read
}

// Run walks a trial. It returns nil when its table was signed or the person
// had enough; what was done is in the file either way.
func Run(ctx context.Context, o Options) error {
	if o.Poll <= 0 {
		o.Poll = 2 * time.Second
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w := &walk{Options: o, terminal: newTerminal(ctx, o.In, o.Out)}
	err := w.begin(ctx)
	if err == nil {
		err = w.steps(ctx)
	}
	if err == nil {
		err = w.file(ctx)
	}
	if errors.Is(err, errEnough) || ctx.Err() != nil {
		w.say("\nEnded. What was done is in %s; the same command goes on from there.", o.File)
		return nil
	}
	return err
}

// begin starts a trial, or goes on with the one in the file.
func (w *walk) begin(ctx context.Context) error {
	signed, fresh, err := w.API.begin(ctx, w.Device)
	if err != nil {
		return fmt.Errorf("beginning a trial of %s: %w", w.Device, err)
	}
	w.begun, w.claim = fresh, trial.Claim{Beginning: signed}
	again, err := w.load()
	if err != nil {
		return err
	}
	if again {
		why := w.begun.Changed(fresh)
		if w.begun.Device != fresh.Device {
			why = "It is of " + string(w.begun.Device)
		}
		if why != "" {
			return fmt.Errorf("the trial in %s cannot be gone on with. %s. Move the file away to begin anew", w.File, why)
		}
	}
	w.seq = w.begun.Seq
	for _, name := range w.Only {
		if !slices.ContainsFunc(w.begun.Steps, func(s trial.Step) bool { return s.Name == name }) {
			return fmt.Errorf("this trial has no step %q", name)
		}
	}
	w.introduce()
	if w.claim.Called != "" {
		return nil
	}
	w.claim.Called, err = w.ask(ctx, fmt.Sprintf("What is this iPad called (Settings, General, About: the model's name)? It says it is %s.", w.begun.Model))
	if err != nil {
		return err
	}
	return w.save()
}

func (w *walk) introduce() {
	b := w.begun
	w.say("Trial of %s (%s), %s with iPadOS %s %s, ward %s: %s %s", b.Device, b.Name, b.Model, b.OSVersion, b.Build, b.Ward, b.Fleet, b.Target)
	if b.World != trial.Hardware {
		w.say("SIMULATED: %s. The table will say so, and never counts as tried on hardware.", b.Because)
	}
	w.say("Use no iPad that a patient's data may be on. While something is waited for: s skips a step, f calls it failed, q ends.")
}

// load reads the file, if there is one.
func (w *walk) load() (bool, error) {
	text, err := os.ReadFile(w.File)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading what was done: %w", err)
	}
	w.claim = trial.Claim{}
	if err := errors.Join(json.Unmarshal(text, &w.claim), json.Unmarshal(w.claim.Beginning.Body, &w.begun)); err != nil {
		return false, fmt.Errorf("%s is not the file of a trial: %w", w.File, err)
	}
	return true, nil
}

// save writes the file whole or not at all.
func (w *walk) save() error {
	text, err := json.MarshalIndent(w.claim, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(w.File+".new", append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("keeping what was done: %w", err)
	}
	return os.Rename(w.File+".new", w.File)
}

// steps walks those that are asked for and not passed yet.
func (w *walk) steps(ctx context.Context) error {
	for i, s := range w.begun.Steps {
		if len(w.Only) > 0 && !slices.Contains(w.Only, s.Name) {
			continue
		}
		w.say("\n%d of %d  %s", i+1, len(w.begun.Steps), s.Title)
		if done, ok := w.tried(s.Name); ok && done.Outcome == trial.Passed && !w.Again {
			w.say("  passed before")
			continue
		}
		t, err := w.step(ctx, s)
		if err != nil {
			return err
		}
		w.keep(t)
		if err := w.save(); err != nil {
			return err
		}
		w.say("  %s", strings.TrimSuffix(string(t.Outcome)+": "+t.Note, ": "))
	}
	return nil
}

func (w *walk) tried(name string) (trial.Tried, bool) {
	for _, t := range w.claim.Steps {
		if t.Name == name {
			return t, true
		}
	}
	return trial.Tried{}, false
}

func (w *walk) keep(t trial.Tried) {
	for i := range w.claim.Steps {
		if w.claim.Steps[i].Name == t.Name {
			w.claim.Steps[i] = t
			return
		}
	}
	w.claim.Steps = append(w.claim.Steps, t)
}

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

// pause waits for the next look, or for what the person types.
func (w *walk) pause(ctx context.Context) error {
	timer := time.NewTimer(w.Poll)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return errEnough
		case <-timer.C:
			return nil
		case line, ok := <-w.lines:
			switch {
			case !ok || line == "q":
				return errEnough
			case line == "s":
				return errSkipped
			case line == "f":
				return errCalled
			}
		}
	}
}

// news reads what is new in the history.
func (w *walk) news(ctx context.Context) (all []ledger.Recorded, err error) {
	for {
		some, err := w.API.history(ctx, w.Device, w.seq)
		if err != nil || len(some) == 0 {
			return all, err
		}
		all, w.seq = append(all, some...), some[len(some)-1].Seq
	}
}

// await waits until the history shows all of a part of a step, its quiet time
// included, or until that cannot be any more.
func (w *walk) await(ctx context.Context, part trial.Step, entries *[]ledger.Recorded) (trial.Found, error) {
	p := part.Phases[len(part.Phases)-1]
	before := 0
	for _, q := range part.Phases[:len(part.Phases)-1] {
		before += len(q.Marks)
	}
	deadline, told, seen := time.Now().Add(time.Duration(p.Patience)), "", before
	var whole time.Time
	for {
		more, err := w.news(ctx)
		*entries = append(*entries, more...) // what was read before an error counts
		found := trial.Match(part, *entries)
		if err := w.bearable(err); err != nil {
			return found, err
		}
		for ; seen < len(found.Seen); seen++ {
			e := found.Seen[seen]
			w.say("    %s  %s", e.At.UTC().Format("15:04:05"), strings.TrimSpace(p.Marks[seen-before].Says+"  "+e.Detail))
			deadline = time.Now().Add(rest(p, seen-before) + 2*w.Poll)
		}
		switch {
		case found.Over, !found.Whole && time.Now().After(deadline):
			return found, nil
		case found.Whole && whole.IsZero():
			whole = time.Now()
			if p.Quiet > 0 {
				w.say("    it must not be heard for %s", time.Duration(p.Quiet))
			}
		}
		if found.Whole && err == nil && time.Since(whole) >= time.Duration(p.Quiet) {
			return found, nil
		}
		told = w.tell(ctx, told)
		if err := w.pause(ctx); err != nil {
			return found, err
		}
	}
}

// rest is what a phase's marks after the i-th may take.
func rest(p trial.Phase, i int) (d time.Duration) {
	for _, m := range p.Marks[i+1:] {
		d += time.Duration(m.Within)
		if m.Within == 0 {
			d += time.Duration(p.Patience)
		}
	}
	return d
}

// tell says how the iPad stands, when that has changed.
func (w *walk) tell(ctx context.Context, told string) string {
	d, err := w.API.device(ctx, w.Device)
	if err != nil {
		return told
	}
	now := d.State
	for _, more := range []string{d.Evidence, d.Reason, d.Wipe.Waiting} {
		if more != "" {
			now += ". " + more
		}
	}
	if now != told {
		w.say("    … %s", strings.TrimSuffix(now, "."))
	}
	return now
}
