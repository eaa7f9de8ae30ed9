package console

import (
	"context"
	"fmt"
	"strings"

	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/trial"
)

// trialLine is what was tried of a ward's plans, above its devices or on one's page.
type trialLine struct {
	Name    string // the ward's; empty on a device's page
	Parts   []trialPart
	Besides string // what else was tried on that table
}

// trialPart are plans of which the same is to be said.
type trialPart struct {
	Goals   string
	Outcome trial.Outcome
	Says    string
}

// tables are those that were filed. What cannot be read is shown as not there:
// nothing is called tried then.
func (s *Console) tables(ctx context.Context) []trial.Filed {
	filed, err := s.Trials.Tables(ctx)
	if err != nil {
		s.Log.Warn("the trials cannot be read", "err", err)
	}
	return filed
}

// trialLines are those of the wards that are shown.
func (s *Console) trialLines(ctx context.Context, wards []ledger.Ward, shown map[string]string) (lines []trialLine) {
	if s.Trials == nil {
		return nil
	}
	filed := s.tables(ctx)
	for _, w := range wards {
		name, ok := shown[w.ID]
		if line := lineOf(name, trial.Stand(s.Trials.Plans(w.Policy), filed, ""), ""); ok && len(line.Parts) > 0 {
			lines = append(lines, line)
		}
	}
	return lines
}

func (s *Console) deviceTrials(ctx context.Context, d device) []trialLine {
	if s.Trials == nil || d.policy.Fleet == "" {
		return nil
	}
	return []trialLine{lineOf("", trial.Stand(s.Trials.Plans(d.policy), s.tables(ctx), d.Model), d.Model)}
}

func lineOf(name string, standings []trial.Standing, model string) trialLine {
	l := trialLine{Name: name}
	for _, st := range standings {
		says := standingSays(st, model)
		if n := len(l.Parts); n > 0 && l.Parts[n-1].Says == says && l.Parts[n-1].Outcome == st.Outcome {
			l.Parts[n-1].Goals += ", " + string(st.Goal)
		} else {
			l.Parts = append(l.Parts, trialPart{Goals: string(st.Goal), Outcome: st.Outcome, Says: says})
		}
		if st.Table != nil && l.Besides == "" {
			l.Besides = besides(st.Table)
		}
	}
	return l
}

// standingSays says it of one plan. Model is that of the device that is looked at.
func standingSays(st trial.Standing, model string) string {
	t := st.Table
	switch {
	case t == nil && st.OnlySimulated:
		return "not tried on hardware, only simulated"
	case t == nil:
		return "not tried on hardware"
	}
	on := t.Model
	if t.Called != "" {
		on = t.Called
	}
	says := fmt.Sprintf("tried on %s, iPadOS %s, %s", on, t.OSVersion, t.Filed.Format("2006-01-02"))
	if st.Outcome == trial.Failed {
		says = fmt.Sprintf("failed when %s", says)
	}
	if model != "" && t.Model != model {
		says = fmt.Sprintf("%s, and not on this model (%s)", says, model)
	}
	return says
}

// outcomeWords are said of a step that is told by its title.
var outcomeWords = map[trial.Outcome]string{trial.Passed: "%s passed", trial.Failed: "%s failed", trial.NotTried: "%s not tried"}

// besides is what a table says of mishaps.
func besides(t *trial.Table) string {
	var parts []string
	for _, r := range t.Steps {
		if r.Proves == "" {
			parts = append(parts, fmt.Sprintf(outcomeWords[r.Outcome], r.Title))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("Mishaps: %s.", strings.Join(parts, ", "))
}
