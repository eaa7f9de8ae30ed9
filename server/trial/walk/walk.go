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
		w.say("  %s", strings.TrimSuffix(strings.ReplaceAll(string(t.Outcome), "_", " ")+": "+t.Note, ": "))
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
