package console

import (
	"context"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/use"
)

// usePage is what the template of a ward's use is given.
type usePage struct {
	Who       identity.Staff
	CSRF      string
	Ward      string // the filter
	Days      int
	Choices   any
	Wards     []ledger.Ward
	Forecasts []forecastView
	Whole     bool      // one ward's, with all that is known of it
	Counted   bool      // anything was
	Since     time.Time // in the wards' zone, if that is within what is shown
	Charts    []chart
	Zone      string
	From, To  string // of the file that is offered
	Now       time.Time
}

func (s *Console) showUse(ctx context.Context, c *fiber.Ctx, who asker) error {
	ward, about, all, err := s.askedWards(ctx, c, who)
	if err != nil {
		return err
	}
	days, err := askedDays(c)
	if err != nil {
		return err
	}
	forecasts, err := s.forecasts(ctx, about)
	if err != nil {
		return err
	}
	charts, report, err := s.useCharts(ctx, about, days)
	if err != nil {
		return err
	}
	now := s.now().In(s.zone())
	page := usePage{Who: who.Staff, CSRF: s.Identity.CSRF(who.session), Ward: ward, Days: days, Choices: usePages, Wards: all, Forecasts: forecasts, Whole: len(about) == 1,
		Counted: !report.Since.IsZero(), Charts: charts, Zone: now.Format("MST"), From: now.AddDate(0, 0, -27).Format(time.DateOnly), To: now.Format(time.DateOnly), Now: now}
	if report.Since.After(report.From) {
		page.Since = report.Since.In(s.zone())
	}
	return s.render(c, fiber.StatusOK, "use.html", page)
}

// showForecastLine answers what is said above the iPads. It comes after them:
// nobody waits for it to see them.
func (s *Console) showForecastLine(ctx context.Context, c *fiber.Ctx, who asker) error {
	ward, _, all, err := s.askedWards(ctx, c, who)
	if err != nil {
		return err
	}
	lines, err := s.forecastLines(ctx, all, ward)
	if err != nil {
		return err
	}
	return s.render(c, fiber.StatusOK, "forecast-line", lines)
}

// showForecast answers the part of the page that is renewed while it is open.
func (s *Console) showForecast(ctx context.Context, c *fiber.Ctx, who asker) error {
	_, about, _, err := s.askedWards(ctx, c, who)
	if err != nil {
		return err
	}
	forecasts, err := s.forecasts(ctx, about)
	if err != nil {
		return err
	}
	return s.render(c, fiber.StatusOK, "forecasts", usePage{Forecasts: forecasts, Whole: len(about) == 1})
}

// useCharts reads the wards' past days and draws them up: use by the hour up to
// a week, everything else by the day, which has wipes enough to speak of
// percentiles; one day all by the hour.
func (s *Console) useCharts(ctx context.Context, wards []ledger.Ward, days int) ([]chart, use.Report, error) {
	fine, coarse := use.Last(days, use.Hour, s.now(), s.zone()), use.Last(days, use.Day, s.now(), s.zone())
	if days > 7 {
		fine = coarse
	}
	data, wipes := make([]use.Data, len(wards)), make([]wardTimes, len(wards))
	for i, w := range wards {
		var err error
		if data[i], err = s.useData(ctx, w.ID, use.Range{From: fine.From, To: coarse.To}, coarse); err != nil {
			return nil, use.Report{}, err
		}
		wipes[i].name = w.Name
		wipes[i].Times, _ = use.WipesOf(data[i].Wipes)
	}
	together := use.Together(data...)
	by := use.Build(coarse, together)
	together.Wipes = nil
	inUse := use.Build(fine, together)
	return []chart{chartOfUse(inUse), chartOfUsable(by), chartOfWipes(wipes), chartOfIdle(by), chartOfUnproven(by)}, by, nil
}
