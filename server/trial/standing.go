package trial

import "github.com/padwarden/padwarden/server/custody"

// Standing is what is known of one plan of a ward: whether it was tried, as it
// is now, on hardware.
type Standing struct {
	Goal    custody.Goal
	Digest  string
	Outcome Outcome // of the last table that tried it on hardware
	Table   *Table  // that table; nil: there is none
	// OnlySimulated: a simulation has tried it, which does not count.
	OnlySimulated bool
}

// Stand says what the tables, the last first, show of a ward's plans. Of the
// tables of model, if one is named, the last counts; of others only where there
// is none of it.
func Stand(plans []Plan, tables []Filed, model string) []Standing {
	var all []Standing
	for _, plan := range plans {
		s := Standing{Goal: plan.Goal, Digest: plan.Digest, Outcome: NotTried}
		for i := range tables {
			t := &tables[i].Table
			outcome := t.of(plan)
			switch {
			case outcome == NotTried:
			case t.World != Hardware:
				s.OnlySimulated = true
			case s.Table == nil || s.Table.Model != model && t.Model == model:
				s.Outcome, s.Table = outcome, t
			}
		}
		s.OnlySimulated = s.OnlySimulated && s.Table == nil
		all = append(all, s)
	}
	return all
}

// of is how a table's trial of exactly this plan came out.
func (t *Table) of(p Plan) Outcome {
	for _, q := range t.Plans {
		if q.Goal == p.Goal && q.Digest == p.Digest && q.Outcome != "" {
			return q.Outcome
		}
	}
	return NotTried
}
