package console

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/forecast"
	"github.com/padwarden/padwarden/server/ledger"
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
	Clock      string   // of the change, as the ward's clocks show it
	Says       string   // as a sentence
	Line       string   // the same, for above the iPads
	Basis      []string // what it goes by
	Cleaning   []cleaningView
	Named      []handView
}

// forecasts says of each ward how it stands before its next shift change.
func (s *Console) forecasts(ctx context.Context, wards []ledger.Ward) ([]forecastView, error) {
	of := map[string][]custody.Custody{}
	if err := s.Ledger.Rows(ctx, 0, func(c custody.Custody) error { of[c.Ward] = append(of[c.Ward], c); return nil }); err != nil {
		return nil, err
	}
	views, known := make([]forecastView, 0, len(wards)), s.said(ctx)
	for _, w := range wards {
		v, err := s.forecast(ctx, w, of[w.ID], known)
		if err != nil {
			return nil, err
		}
		views = append(views, v)
	}
	return views, nil
}

// forecastLines are what is said above the iPads: of one ward, or of those of
// all that will be short, the shortest first and not more than three.
func (s *Console) forecastLines(ctx context.Context, wards []ledger.Ward, ward string) ([]forecastView, error) {
	about := wards
	if ward != "" {
		about = slices.DeleteFunc(slices.Clone(wards), func(w ledger.Ward) bool { return w.ID != ward })
	}
	views, err := s.forecasts(ctx, about)
	if err != nil || len(about) == 1 {
		return views, err
	}
	views = slices.DeleteFunc(views, func(v forecastView) bool { return v.Short() == 0 })
	slices.SortStableFunc(views, func(a, b forecastView) int { return cmp.Compare(b.Short(), a.Short()) })
	return views[:min(len(views), 3)], nil
}

func (s *Console) forecast(ctx context.Context, w ledger.Ward, rows []custody.Custody, known map[custody.DeviceID]said) (forecastView, error) {
	v := forecastView{Ward: w.ID, Name: cmp.Or(w.Name, w.ID)}
	past, err := s.badgeIns(ctx, w.ID)
	if err != nil {
		return v, err
	}
	in := forecast.Ward{Now: s.now(), Zone: s.zone(), Changes: w.Policy.ShiftChanges, Since: past.since, Taken: past.taken}
	if err := s.supply(ctx, w, rows, known, &in, &v); err != nil {
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
func (s *Console) supply(ctx context.Context, w ledger.Ward, rows []custody.Custody, known map[custody.DeviceID]said, in *forecast.Ward, v *forecastView) error {
	pace, err := s.Ledger.Pace(ctx, w.ID)
	if err != nil {
		return err
	}
	for _, c := range rows {
		why := ""
		switch {
		case c.Isolation.On() || c.Downtime.On():
			continue // kept on purpose
		case custody.NeedsHands(c) && c.State == custody.Unproven:
			why = c.Reason
		case custody.NeedsHands(c) && c.State == custody.Wiping:
			why = c.Run.Waits
		case c.State == custody.Wiping:
			one := cleaningOf(c, pace, in.Now)
			v.Cleaning = append(v.Cleaning, one)
			in.Cleaning = append(in.Cleaning, forecast.Cleaning{From: one.From, To: one.To})
			continue
		case !c.Available("", in.Now):
			continue
		default:
			d := device{custody: c, said: known[c.Device], reach: s.Reach, session: custody.Session{Now: in.Now}}
			s.trouble(&d)
			why = d.against()
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
