package console

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/custody"
)

// measures is what the console reads of a ward to say how sure we are: its
// policy, and how long its wipes have taken.
type measures interface {
	Policy(ctx context.Context, ward string) (custody.Policy, error)
	Pace(ctx context.Context, ward string) (custody.Pace, error)
}

// registerLadders adds the API's routes on wards and what was measured of them.
func (s *Console) registerLadders(r fiber.Router, handlers ...fiber.Handler) {
	wards := r.Group("/api/v1/wards", handlers...)
	wards.Get("/", s.api(s.listWards))
	wards.Get("/:ward/wipes", s.api(s.wardWipes))
}

// gauge reads each ward's policy once in an answer. What cannot be read is left
// out: a device is then shown without what would be said of it, and never as
// better than it is.
func (s *Console) gauge(ctx context.Context) func(d *device) {
	policies := map[string]custody.Policy{}
	return func(d *device) {
		ward := d.custody.Ward
		policy, ok := policies[ward]
		if !ok {
			var err error
			if policy, err = s.Ledger.Policy(ctx, ward); err != nil {
				s.Log.Warn("a ward's policy cannot be read", "ward", ward, "err", err)
			}
			policies[ward] = policy
		}
		d.policy, d.reach, d.pace = policy, s.Reach, s.pace(ctx, d.custody)
	}
}

// pace is what the wipes of a device's ward take, while it is being wiped. The
// ledger keeps it for a while, so it is asked for each.
func (s *Console) pace(ctx context.Context, c custody.Custody) custody.Pace {
	if c.State != custody.Wiping {
		return custody.Pace{}
	}
	pace, err := s.Ledger.Pace(ctx, c.Ward)
	if err != nil {
		s.Log.Warn("a ward's pace cannot be read", "ward", c.Ward, "err", err)
	}
	return pace
}

// lockView is the lock of a locked device as a row and the page show it.
type lockView struct {
	custody.ShownLock
	Text string // the word, and how where it holds
}

var lockTexts = map[custody.LockWord]string{
	custody.LockHolds: "Locked", custody.LockUnconfirmed: "Lock unconfirmed", custody.LockScreenOff: "Screen off only",
}

func (d device) lock() *lockView {
	if d.state() != custody.Locked {
		return nil
	}
	v := &lockView{ShownLock: custody.ShowLock(d.custody)}
	v.Text = lockTexts[v.Word]
	return v
}

// slow is nil where the wipe is within what is usual, or nobody can tell.
func (d device) slow() *custody.Slow {
	s, ok := custody.SlowWipe(d.custody, d.pace, d.session.Now)
	if !ok {
		return nil
	}
	return &s
}

// readyView is when a device that is being wiped is usually ready, going by
// what was measured on its ward. It is no promise, and gone once it is slow.
type readyView struct{ From, To time.Time }

func (d device) ready() *readyView {
	from, to, ok := d.pace.Usual()
	if !ok || d.custody.State != custody.Wiping || d.custody.WipeAsked.IsZero() || d.slow() != nil {
		return nil
	}
	return &readyView{From: d.custody.WipeAsked.Add(from), To: d.custody.WipeAsked.Add(to)}
}

// paceLine is what a ward's wipes take, above its devices.
type paceLine struct {
	Ward, Name string
	Says       string // what was measured
	Unproven   string // how many were not proven, and why
}

// paceLines are those of the wards that are shown.
func (s *Console) paceLines(ctx context.Context, wards map[string]string) []paceLine {
	var lines []paceLine
	for _, ward := range slices.Sorted(maps.Keys(wards)) {
		pace, err := s.Ledger.Pace(ctx, ward)
		if err != nil {
			s.Log.Warn("a ward's pace cannot be read", "ward", ward, "err", err)
			continue
		}
		lines = append(lines, paceLine{Ward: ward, Name: wards[ward], Says: paceSays(pace), Unproven: unprovenSays(pace)})
	}
	return lines
}

// paceSays says what a ward's wipes take, and promises nothing on a few.
func paceSays(p custody.Pace) string {
	from, to, ok := p.Usual()
	if !ok {
		return fmt.Sprintf("not enough wipes yet to say how long one takes (%d proven in 30 days, %d are needed)", p.Proven, custody.LeastWipes)
	}
	last := "p95"
	if p.P95 == 0 {
		last = "the longest that was proven; more than 1 in 20 never was"
	}
	return fmt.Sprintf("wipes here take %s (p50) to %s (%s), %d proven in 30 days", span(from), span(to), last, p.Proven)
}

func unprovenSays(p custody.Pace) string {
	if p.NotProven() == 0 {
		return ""
	}
	causes := slices.SortedFunc(maps.Keys(p.Unproven), func(a, b custody.Cause) int {
		if n := p.Unproven[b] - p.Unproven[a]; n != 0 {
			return n
		}
		return strings.Compare(string(a), string(b))
	})
	parts := make([]string, len(causes))
	for i, c := range causes {
		word, ok := unprovenWords[c]
		if !ok {
			word = causeWords[c]
		}
		parts[i] = fmt.Sprintf("%d %s", p.Unproven[c], word)
	}
	return fmt.Sprintf("%d unproven: %s", p.NotProven(), strings.Join(parts, ", "))
}

// unprovenWords are causes as one counts them, where that is said otherwise than of one iPad.
var unprovenWords = map[custody.Cause]string{
	custody.CauseOverdue: "not proven in time", custody.CauseFailed: "failed", custody.CauseBelowGrade: "below the ward's grade",
	custody.CauseReenrolled: "enrolled again unexplained", custody.CauseLostMode: "lost meanwhile",
}

// span is a duration as people say it: seconds below two minutes, then minutes.
func span(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Round(time.Second)/time.Second))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int((d+30*time.Second)/time.Minute))
	}
	return fmt.Sprintf("%d h", int((d+30*time.Minute)/time.Hour))
}

// stepView is one rung as the device's page shows it.
type stepView struct {
	custody.Step
	Word string
}

func wipeSteps(p custody.Proof) (steps []stepView) {
	for _, s := range p.Steps() {
		steps = append(steps, stepView{Step: s, Word: rungWords[custody.ProofRung(s.Rung)]})
	}
	return steps
}

func lockSteps(l custody.Lock) (steps []stepView) {
	for _, s := range l.Steps() {
		steps = append(steps, stepView{Step: s, Word: lockRungWords[custody.LockRung(s.Rung)]})
	}
	return steps
}

// ladders is what a device's page says of its two ladders.
type ladders struct {
	Lock, Wipe []stepView
	LockNow    *lockView // of a locked device
	Best       string    // the best lock that the ward's policy can give
	BestWeak   bool      // and that is no enforced one
	Grade      string
	Least      string // the ward's least grade
	Below      string // what a wipe below it leaves behind
	Attested   bool
	Slow       *custody.Slow
	Ready      *readyView
	Waiting    string
}

func (d device) ladders() ladders {
	c := d.custody
	strength, best := d.policy.BestLock()
	l := ladders{Lock: lockSteps(c.Lock), Wipe: wipeSteps(c.Proof), LockNow: d.lock(), Best: best, BestWeak: strength != custody.Enforced,
		Grade: gradeWords[c.Proof.Grade], Least: gradeWords[d.policy.LeastGrade], Attested: c.Proof.Attested, Slow: d.slow(), Ready: d.ready()}
	if c.Proof.Grade != "" && !c.Proof.Grade.AtLeast(d.policy.LeastGrade) {
		l.Below = c.Proof.Grade.Kept()
	}
	if c.State == custody.Wiping {
		l.Waiting = custody.Waiting(c)
	}
	return l
}
