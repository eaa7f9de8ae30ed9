package console

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/forecast"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/plan"
)

// cleaningView is an iPad that is being wiped, and when it is usually ready.
type cleaningView struct {
	ID       custody.DeviceID
	Name     string
	From, To time.Time // zero: nobody can say
	Slow     bool      // it takes longer than nearly all here
	Says     string    // what it waits for
	InTime   bool
}

// handView is an iPad that would be ready if somebody put their hands to it.
type handView struct {
	ID   custody.DeviceID
	Name string
	Why  string
}

// maxNamed bounds how many iPads a forecast names; the rest are counted.
const maxNamed = 40

// forecastView is a ward's next shift change, as pages say it.
type forecastView struct {
	forecast.Forecast
	Ward, Name string
	Clock      string // of the change, as the ward's clocks show it
	Says       string // as a sentence
	Line       string // the same, for above the iPads
	Basis      string // what it goes by
	Cleaning   []cleaningView
	Named      []handView
}

// forecasts says of each ward how it stands before its next shift change. rows
// are the devices; nil: they are read.
func (s *Console) forecasts(ctx context.Context, wards []ledger.Ward, rows []custody.Custody) ([]forecastView, error) {
	if rows == nil {
		if err := s.Ledger.Rows(ctx, 0, func(c custody.Custody) error { rows = append(rows, c); return nil }); err != nil {
			return nil, err
		}
	}
	of := map[string][]custody.Custody{}
	for _, c := range rows {
		of[c.Ward] = append(of[c.Ward], c)
	}
	views := make([]forecastView, 0, len(wards))
	for _, w := range wards {
		v, err := s.forecast(ctx, w, of[w.ID])
		if err != nil {
			return nil, err
		}
		views = append(views, v)
	}
	return views, nil
}

// forecastLines are what is said above the iPads: of one ward, or of those of
// all that will be short, the shortest first and not more than three.
func (s *Console) forecastLines(ctx context.Context, wards []ledger.Ward, ward string, rows []custody.Custody) ([]forecastView, error) {
	about := wards
	if ward != "" {
		about = slices.DeleteFunc(slices.Clone(wards), func(w ledger.Ward) bool { return w.ID != ward })
	}
	views, err := s.forecasts(ctx, about, rows)
	if err != nil || len(about) == 1 {
		return views, err
	}
	views = slices.DeleteFunc(views, func(v forecastView) bool { return v.Short() == 0 })
	slices.SortStableFunc(views, func(a, b forecastView) int { return cmp.Compare(b.Short(), a.Short()) })
	return views[:min(len(views), 3)], nil
}

func (s *Console) forecast(ctx context.Context, w ledger.Ward, rows []custody.Custody) (forecastView, error) {
	v := forecastView{Ward: w.ID, Name: cmp.Or(w.Name, w.ID)}
	past, err := s.badgeIns(ctx, w.ID)
	if err != nil {
		return v, err
	}
	in := forecast.Ward{Now: s.now(), Zone: s.zone(), Changes: w.Policy.ShiftChanges, Since: past.since, Taken: past.taken}
	if err := s.supply(ctx, w, rows, &in, &v); err != nil {
		return v, err
	}
	v.Forecast = forecast.Of(in)
	for i := range v.Cleaning {
		c := &v.Cleaning[i]
		c.InTime = !c.To.IsZero() && !v.At.IsZero() && !c.To.After(v.At)
	}
	v.say(in)
	return v, s.nameDevices(ctx, &v)
}

// supply counts what a ward has and will have, and names what somebody can do
// something about.
func (s *Console) supply(ctx context.Context, w ledger.Ward, rows []custody.Custody, in *forecast.Ward, v *forecastView) error {
	pace, err := s.Ledger.Pace(ctx, w.ID)
	if err != nil {
		return err
	}
	look, err := s.looks(ctx, w.ID)
	if err != nil {
		return err
	}
	for _, c := range rows {
		why := ""
		switch {
		case c.Isolation.On() || c.Downtime.On():
			continue // kept on purpose
		case c.State == custody.Unproven:
			why = c.Reason
		case c.State == custody.Wiping && c.Run.Waits != "" && c.Run.Active():
			why = c.Run.Waits
		case c.State == custody.Wiping:
			one := cleaningOf(c, pace, in.Now)
			v.Cleaning = append(v.Cleaning, one)
			in.Cleaning = append(in.Cleaning, forecast.Cleaning{From: one.From, To: one.To})
			continue
		case !c.Available("", in.Now):
			continue
		default:
			why = look(c)
		}
		if why == "" {
			in.Clean++
		} else {
			v.Named = append(v.Named, handView{ID: c.Device, Why: why})
		}
	}
	in.Hands = len(v.Named)
	return nil
}

// cleaningOf is a wipe that goes on. One that passed what is usual here is
// promised for no time.
func cleaningOf(c custody.Custody, pace custody.Pace, now time.Time) cleaningView {
	v := cleaningView{ID: c.Device, Says: custody.Waiting(c)}
	_, v.Slow = custody.SlowWipe(c, pace, now)
	if pace.Enough() && pace.P90 > 0 && !c.WipeAsked.IsZero() && !v.Slow {
		v.From, v.To = c.WipeAsked.Add(pace.P50), c.WipeAsked.Add(pace.P90)
		if v.To.Before(now) { // past nine in ten: it may come any moment, or not
			v.From, v.To = time.Time{}, time.Time{}
		}
	}
	return v
}

// leastCharge is the charge below which a clean iPad does not last a shift.
const leastCharge = 0.15

// looks reads what the iPads of a ward said of themselves, and returns why a
// clean one is of no use until somebody goes there; empty where nothing is known
// against it.
func (s *Console) looks(ctx context.Context, ward string) (func(custody.Custody) string, error) {
	facts, err := s.Ledger.FactsOf(ctx, ward, plan.FactSeen, plan.FactBattery)
	if err != nil {
		return nil, err
	}
	seen, charge, now := map[custody.DeviceID]time.Time{}, map[custody.DeviceID]float64{}, s.now()
	for _, f := range facts {
		if f.Observed.After(seen[f.Device]) {
			seen[f.Device] = f.Observed
		}
		var level float64
		if f.Kind == plan.FactBattery && json.Unmarshal(f.Body, &level) == nil && level < leastCharge && now.Sub(f.Observed) < 12*time.Hour {
			charge[f.Device] = level
		}
	}
	return func(c custody.Custody) string {
		if s.DeviceTroubles != nil {
			for _, t := range s.DeviceTroubles(c.Device) {
				if t.Severe {
					return t.Sentence
				}
			}
		}
		if at := seen[c.Device]; s.Unseen > 0 && !at.IsZero() && now.Sub(at) >= s.Unseen {
			return fmt.Sprintf("Not seen for %s: it may be switched off or out of Wi-Fi range. Go and look.", span(now.Sub(at)))
		}
		if level, low := charge[c.Device]; low {
			return fmt.Sprintf("Its battery was at %d percent: put it on a charger.", int(level*100))
		}
		return ""
	}, nil
}

// nameDevices gives the iPads of a forecast their names, in the order of them.
func (s *Console) nameDevices(ctx context.Context, v *forecastView) error {
	if len(v.Cleaning)+len(v.Named) == 0 {
		return nil
	}
	devices, err := s.Ledger.Devices(ctx, v.Ward)
	if err != nil {
		return err
	}
	names := make(map[custody.DeviceID]string, len(devices))
	for _, d := range devices {
		names[d.ID] = d.Name
	}
	for i := range v.Cleaning {
		v.Cleaning[i].Name = cmp.Or(names[v.Cleaning[i].ID], string(v.Cleaning[i].ID))
	}
	for i := range v.Named {
		v.Named[i].Name = cmp.Or(names[v.Named[i].ID], string(v.Named[i].ID))
	}
	slices.SortFunc(v.Cleaning, func(a, b cleaningView) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(v.Named, func(a, b handView) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

// pastBadgeIns are those of a ward, up to a quarter of an hour.
type pastBadgeIns struct {
	quarter int64
	since   time.Time
	taken   []forecast.Quarter
}

// pastUse keeps what forecasts go by until the quarter is over: what was
// counted before it does not change any more, and every page of a ward asks.
type pastUse struct {
	mu  sync.Mutex
	all map[string]pastBadgeIns
}

// maxPast bounds what is kept, whatever wards there are.
const maxPast = 1000

func (s *Console) badgeIns(ctx context.Context, ward string) (pastBadgeIns, error) {
	now := s.now()
	quarter := now.Unix() / 900
	s.past.mu.Lock()
	known, ok := s.past.all[ward]
	s.past.mu.Unlock()
	if ok && known.quarter == quarter {
		return known, nil
	}
	past := pastBadgeIns{quarter: quarter}
	var err error
	if past.since, err = s.Ledger.UseSince(ctx, ward); err != nil {
		return past, err
	}
	counts, err := s.Ledger.Use(ctx, ward, now.Add(-forecast.Back), now, custody.UseOpened)
	if err != nil {
		return past, err
	}
	for _, u := range counts {
		past.taken = append(past.taken, forecast.Quarter{At: u.At, N: u.N})
	}
	s.past.mu.Lock()
	defer s.past.mu.Unlock()
	if s.past.all == nil || len(s.past.all) >= maxPast {
		s.past.all = map[string]pastBadgeIns{}
	}
	s.past.all[ward] = past
	return past, nil
}
