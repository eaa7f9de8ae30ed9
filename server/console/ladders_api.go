package console

import (
	"context"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
)

// lockJSON is a device's lock in the API: its ladder, what it is to people
// while the device is locked, and the best that its ward's policy can give.
type lockJSON struct {
	Word     custody.LockWord  `json:"word,omitempty"` // empty: it is not locked
	Since    time.Time         `json:"since,omitzero"`
	Rung     custody.LockRung  `json:"rung,omitempty"`
	Strength custody.Strength  `json:"strength,omitempty"`
	How      string            `json:"how,omitempty"`
	At       map[string]string `json:"at,omitempty"` // RFC 3339, by rung
	Steps    []custody.Step    `json:"steps,omitempty"`
	Best     custody.Strength  `json:"best"`
	BestHow  string            `json:"best_how"`
}

func (d device) lockJSON() lockJSON {
	l := d.custody.Lock
	j := lockJSON{Rung: l.Rung, Strength: l.Strength, How: l.How, Steps: l.Steps()}
	j.Best, j.BestHow = d.policy.BestLock()
	if v := d.lock(); v != nil {
		j.Word, j.Since = v.Word, v.Since
	}
	for _, s := range j.Steps {
		if !s.At.IsZero() {
			if j.At == nil {
				j.At = map[string]string{}
			}
			j.At[s.Rung] = s.At.Format(time.RFC3339Nano)
		}
	}
	return j
}

// wipeJSON is a device's wipe in the API.
type wipeJSON struct {
	Rung     custody.ProofRung `json:"rung,omitempty"`
	Grade    custody.Grade     `json:"grade,omitempty"`
	Least    custody.Grade     `json:"least_grade"`
	Attested bool              `json:"attested,omitempty"`
	Waiting  string            `json:"waiting,omitempty"` // while it is being wiped: for what, as a sentence
	Steps    []custody.Step    `json:"steps,omitempty"`
	Usual    *usualJSON        `json:"usual,omitempty"`
}

// usualJSON is when a wipe is usually proven, by what was measured: no promise.
type usualJSON struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

type slowJSON struct {
	Since time.Time `json:"since"`
	P95Ms int64     `json:"p95_ms"`
	Cause string    `json:"cause"`
}

func (d device) wipeJSON() wipeJSON {
	p := d.custody.Proof
	j := wipeJSON{Rung: p.Rung, Grade: p.Grade, Least: d.policy.LeastGrade, Attested: p.Attested, Steps: p.Steps()}
	if d.custody.State == custody.Wiping {
		j.Waiting = custody.Waiting(d.custody)
	}
	if r := d.ready(); r != nil {
		j.Usual = &usualJSON{From: r.From, To: r.To}
	}
	return j
}

func (d device) slowJSON() *slowJSON {
	s := d.slow()
	if s == nil {
		return nil
	}
	return &slowJSON{Since: s.Since, P95Ms: s.Limit.Milliseconds(), Cause: s.Cause}
}

// wardJSON is a ward in the API.
type wardJSON struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Fleet       custody.FleetKind `json:"fleet"`
	LeastGrade  custody.Grade     `json:"least_grade"`
	OfferReset  bool              `json:"offer_reset"`
	BestLock    custody.Strength  `json:"best_lock"`
	BestLockHow string            `json:"best_lock_how"`
}

// listWards answers {"wards": […]}: those that the asker may see.
func (s *Console) listWards(ctx context.Context, c *fiber.Ctx, who asker) error {
	wards, err := s.wards(ctx, who)
	if err != nil {
		return err
	}
	list := make([]wardJSON, len(wards))
	for i, w := range wards {
		p := w.Policy
		list[i] = wardJSON{ID: w.ID, Name: w.Name, Fleet: p.Fleet, LeastGrade: p.LeastGrade, OfferReset: p.OfferReset}
		list[i].BestLock, list[i].BestLockHow = p.BestLock()
	}
	return c.JSON(fiber.Map{"wards": list})
}

// paceJSON is what a ward's wipes of the last 30 days took. A percentile is
// left out where too few wipes were proven, or where so many were not that it
// lies beyond any that was.
type paceJSON struct {
	Ward     string                `json:"ward"`
	Days     int                   `json:"days"`
	Enough   bool                  `json:"enough"`
	Least    int                   `json:"least"` // proven wipes, below which nothing is said
	Proven   int                   `json:"proven"`
	Unproven int                   `json:"unproven"`
	P50Ms    int64                 `json:"p50_ms,omitempty"`
	P90Ms    int64                 `json:"p90_ms,omitempty"`
	P95Ms    int64                 `json:"p95_ms,omitempty"`
	Grades   map[custody.Grade]int `json:"grades"`
	Causes   map[custody.Cause]int `json:"causes"`
	Why      map[custody.Cause]int `json:"unproven_causes"`
	First    int                   `json:"came_erased"`
	Says     string                `json:"says"`
}

// wardWipes answers what was measured of one ward, to who may see it. A ward
// that does not exist is refused like one that is not the asker's.
func (s *Console) wardWipes(ctx context.Context, c *fiber.Ctx, who asker) error {
	ward := strings.Clone(c.Params("ward"))
	if err := allowed(who, identity.View, ward); err != nil {
		return err
	}
	if _, err := s.Ledger.Policy(ctx, ward); err != nil {
		return err
	}
	p, err := s.Ledger.Pace(ctx, ward)
	if err != nil {
		return err
	}
	j := paceJSON{Ward: ward, Days: int(custody.PaceWindow / (24 * time.Hour)), Enough: p.Enough(), Least: custody.LeastWipes,
		Proven: p.Proven, Unproven: p.NotProven(), Grades: p.Grades, Causes: p.Causes, Why: p.Unproven, First: p.First, Says: paceSays(p)}
	if p.Enough() {
		j.P50Ms, j.P90Ms, j.P95Ms = p.P50.Milliseconds(), p.P90.Milliseconds(), p.P95.Milliseconds()
	}
	return c.JSON(j)
}
