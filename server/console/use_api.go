package console

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/use"
)

// timesJSON are what wipes took. A percentile is left out where so many were
// not proven that it lies beyond any that was.
type timesJSON struct {
	Proven   int   `json:"proven"`
	Unproven int   `json:"unproven"`
	P50Ms    int64 `json:"p50_ms,omitempty"`
	P90Ms    int64 `json:"p90_ms,omitempty"`
	P95Ms    int64 `json:"p95_ms,omitempty"`
}

func timesOf(t use.Times) timesJSON {
	return timesJSON{Proven: t.Proven, Unproven: t.Never, P50Ms: t.P50.Milliseconds(), P90Ms: t.P90.Milliseconds(), P95Ms: t.P95.Milliseconds()}
}

// useLineJSON is an hour or a day. What was before counting began is not
// counted, and its numbers say nothing.
type useLineJSON struct {
	From        time.Time             `json:"from"`
	To          time.Time             `json:"to"`
	Counted     bool                  `json:"counted"`
	BadgeIns    int                   `json:"badge_ins"`
	Resumes     int                   `json:"resumes"`
	InUse       int                   `json:"in_use"` // the most at once
	IdleLocks   int                   `json:"idle_locks"`
	Emergencies int                   `json:"emergencies"`
	Unproven    map[custody.Cause]int `json:"unproven"`
	Wipe        timesJSON             `json:"wipe"`
	Usable      timesJSON             `json:"usable"`
}

func useLineOf(l use.Line) useLineJSON {
	j := useLineJSON{From: l.From, To: l.To, Counted: l.Counted, BadgeIns: l.Opened, Resumes: l.Resumed, InUse: l.Held, IdleLocks: l.Idle,
		Emergencies: l.Emergencies, Unproven: l.Unproven, Wipe: timesOf(l.Took), Usable: timesOf(l.Usable)}
	if j.Unproven == nil {
		j.Unproven = map[custody.Cause]int{}
	}
	return j
}

type forecastDayJSON struct {
	At time.Time `json:"at"`
	N  int       `json:"badge_ins"`
}

type handJSON struct {
	Device custody.DeviceID `json:"device"`
	Name   string           `json:"name"`
	Why    string           `json:"why"`
}

// forecastJSON is a ward's next shift change. Needs means nothing where Known is false.
type forecastJSON struct {
	Ward         string            `json:"ward"`
	At           time.Time         `json:"at,omitzero"`
	Known        bool              `json:"known"`
	Derived      bool              `json:"derived"` // the change was found in the badge-ins
	Needs        int               `json:"needs"`
	Days         []forecastDayJSON `json:"days"`
	Clean        int               `json:"clean"`
	CleanInTime  int               `json:"cleaning_in_time"`
	CleanLater   int               `json:"cleaning_later"`
	NeedHands    int               `json:"need_hands"`
	Short        int               `json:"short"`
	Hands        []handJSON        `json:"hands"`
	ShiftChanges []string          `json:"shift_changes"`
	Says         string            `json:"says"`
}

func forecastOf(v forecastView) forecastJSON {
	j := forecastJSON{Ward: v.Ward, At: v.At, Known: v.Known(), Derived: v.Derived, Needs: v.Needs, Days: []forecastDayJSON{}, Clean: v.Clean,
		CleanInTime: v.Soon, CleanLater: v.Late, NeedHands: v.Hands, Short: v.Short(), Hands: []handJSON{}, ShiftChanges: append([]string{}, v.Changes...), Says: v.Says}
	for _, d := range v.Days {
		j.Days = append(j.Days, forecastDayJSON{d.At, d.N})
	}
	for _, h := range v.Named[:min(len(v.Named), maxNamed)] {
		j.Hands = append(j.Hands, handJSON{h.ID, h.Name, h.Why})
	}
	return j
}

// listUse answers how a ward was used from ?from= to ?to=, or all wards that the
// asker may see put together, by the hour up to 31 days and by the day beyond,
// with the forecast of each ward. It names no person.
func (s *Console) listUse(ctx context.Context, c *fiber.Ctx, who asker) error {
	_, about, _, err := s.askedWards(ctx, c, who)
	if err != nil {
		return err
	}
	r, err := s.askedRange(c)
	if err != nil {
		return err
	}
	data := make([]use.Data, len(about))
	wards := make([]string, len(about))
	for i, w := range about {
		wards[i] = w.ID
		if data[i], err = s.useData(ctx, w.ID, r, r); err != nil {
			return err
		}
	}
	views, err := s.forecasts(ctx, about)
	if err != nil {
		return err
	}
	report := use.Build(r, use.Together(data...))
	lines := make([]useLineJSON, len(report.Lines))
	for i, l := range report.Lines {
		lines[i] = useLineOf(l)
	}
	forecasts := make([]forecastJSON, len(views))
	for i, v := range views {
		forecasts[i] = forecastOf(v)
	}
	answer := fiber.Map{"wards": wards, "from": report.From, "to": report.To, "step": report.Step, "zone": s.zone().String(),
		"lines": lines, "total": useLineOf(report.Total), "forecasts": forecasts}
	if !report.Since.IsZero() {
		answer["since"] = report.Since
	}
	return c.JSON(answer)
}
