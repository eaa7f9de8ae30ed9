package console

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/use"
)

// useRecords is what the console reads of how wards were used. It names nobody.
type useRecords interface {
	UseSince(ctx context.Context, ward string) (time.Time, error)
	Use(ctx context.Context, ward string, from, to time.Time, kinds ...custody.UseKind) ([]custody.Use, error)
	HeldAt(ctx context.Context, ward string, at time.Time) (int, error)
	WipeTimes(ctx context.Context, ward string, edges []time.Time) ([]custody.WipeTime, error)
}

// registerUse adds the page of how wards are used, its numbers as a file, and both in the API.
func (s *Console) registerUse(open, r fiber.Router, handlers ...fiber.Handler) {
	open.Get("/use", s.page(s.showUse))
	open.Get("/use/forecast", s.page(s.showForecast))
	open.Get("/forecast", s.page(s.showForecastLine))
	open.Get("/use.csv", s.page(s.exportUse))
	r.Group("/api/v1/use", handlers...).Get("/", s.api(s.listUse))
}

// zone is that of the wards' clocks.
func (s *Console) zone() *time.Location {
	if s.Zone == nil {
		return time.Local
	}
	return s.Zone
}

// askedWards are the wards that a request with ?ward= is about: that one, or all
// that the asker may see, besides those that they may choose from. A ward that
// there is none of is not found.
func (s *Console) askedWards(ctx context.Context, c *fiber.Ctx, who asker) (ward string, about, all []ledger.Ward, err error) {
	if ward, err = askedWard(c, who); err != nil {
		return "", nil, nil, err
	}
	if all, err = s.wards(ctx, who); err != nil || ward == "" {
		return ward, all, all, err
	}
	i := slices.IndexFunc(all, func(w ledger.Ward) bool { return w.ID == ward })
	if i < 0 {
		return "", nil, nil, custody.ErrNotFound
	}
	return ward, all[i : i+1], all, nil
}

// usePages are the stretches that the page offers.
var usePages = []struct {
	Days int
	Word string
}{{1, "1 day"}, {7, "7 days"}, {28, "28 days"}}

// askedDays is a page's ?days=; 7 if it does not say.
func askedDays(c *fiber.Ctx) (int, error) {
	days, err := number(c, "days", 7)
	if err == nil {
		for _, p := range usePages {
			if int64(p.Days) == days {
				return p.Days, nil
			}
		}
	}
	return 0, badRequest("days", "Choose 1, 7 or 28 days.")
}

// askedRange is ?from= and ?to=: days of the wards' clocks, both whole, or
// moments (RFC 3339). Without them it is the last four weeks.
func (s *Console) askedRange(c *fiber.Ctx) (use.Range, error) {
	from, to := strings.Clone(c.Query("from")), strings.Clone(c.Query("to"))
	if from == "" && to == "" {
		return use.Last(28, use.Day, s.now(), s.zone()), nil
	}
	begin, err := s.askedMoment(from, 0)
	if err != nil {
		return use.Range{}, err
	}
	end, err := s.askedMoment(to, 1)
	if err != nil {
		return use.Range{}, err
	}
	switch {
	case !begin.Before(end):
		return use.Range{}, badRequest("range", "The first day comes after the last. Turn them round.")
	case end.Sub(begin) > use.MaxDays*24*time.Hour+time.Hour: // a year's clocks may go back once more than forward
		return use.Range{}, badRequest("range", "That is more than 400 days. Ask for fewer at a time.")
	}
	return use.Between(begin, end, s.zone()), nil
}

// askedMoment reads one end of a range; a day is its beginning, days later.
func (s *Console) askedMoment(text string, days int) (time.Time, error) {
	if day, err := time.ParseInLocation(time.DateOnly, text, s.zone()); err == nil && day.Year() > 0 {
		return time.Date(day.Year(), day.Month(), day.Day()+days, 0, 0, 0, 0, s.zone()), nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil && at.Year() > 0 {
		return at, nil
	}
	return time.Time{}, badRequest("range", "Give both days, the first and the last, like 2026-03-02.")
}

// useData reads what a ward's report over a range is made of. Wipes are
// measured between the edges of measured, which covers the same time and may
// have longer steps.
func (s *Console) useData(ctx context.Context, ward string, r, measured use.Range) (d use.Data, err error) {
	if d.Since, err = s.Ledger.UseSince(ctx, ward); err != nil {
		return d, err
	}
	if d.Counts, err = s.Ledger.Use(ctx, ward, r.From, r.To); err != nil {
		return d, err
	}
	if d.Held, err = s.Ledger.HeldAt(ctx, ward, r.From); err != nil {
		return d, err
	}
	d.Wipes, err = s.Ledger.WipeTimes(ctx, ward, measured.Edges())
	return d, err
}
