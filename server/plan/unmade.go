package plan

import (
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// unmade is what becomes of a run whose next command cannot be made: an address
// or a bundle id that no profile can carry, an unlock token that was never
// escrowed. Asking again makes the same mistake, so the run must not wait for
// it. A step on which nothing depends is passed over; otherwise the run fails
// where a person sees it.
func unmade(c custody.Custody, ss []step, i int, run custody.Run, in Inputs, now time.Time) custody.Progress {
	s := ss[i]
	if s.optional(c, in, now) {
		p := follow(c, ss, i, run, verdict{}, in, now)
		p.Notes = append(p.Notes, fmt.Sprintf("%s passed over: %s cannot be made", s.name, s.request))
		return p
	}
	return follow(c, ss, i, run, verdict{fail: cannotBeMade(s, c.Run.Goal)}, in, now)
}

// optional: a refusal moves on to the next step, whatever its reason, and
// nothing is lost by it.
func (s step) optional(c custody.Custody, in Inputs, now time.Time) bool {
	return !s.destructive && s.refused != nil && s.refused(c, Report{}, in, now) == verdict{}
}

func cannotBeMade(s step, g custody.Goal) string {
	then := "lock again"
	switch g {
	case custody.GoalWipe:
		then = "wipe again"
	case custody.GoalOpen:
		then = "give the iPad back and take it again"
	}
	return fmt.Sprintf("The command %s of the step %q cannot be made from the ward's policy and what the server knows of this iPad. Mend the policy, then %s.", s.request, s.name, then)
}
