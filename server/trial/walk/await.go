package walk

import (
	"context"
	"strings"
	"time"

	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/trial"
)

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
