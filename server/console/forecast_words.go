package console

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/padwarden/padwarden/server/forecast"
)

// say puts a forecast into sentences. Each is made by one format, by which the
// catalogue finds it.
func (v *forecastView) say(in forecast.Ward) {
	if v.At.IsZero() {
		v.Says = fmt.Sprintf("%d clean; no shift change is known yet.", v.Clean)
		v.Line = fmt.Sprintf("%d clean · no shift change is known yet", v.Clean)
		v.Basis = []string{"No shift changes are set for this ward, and there are not enough days yet to find its busiest hours."}
		return
	}
	v.Clock = v.At.Format("15:04")
	if !v.Known() {
		v.Says = fmt.Sprintf("%s: %d clean; not enough days yet to say how many are needed.", v.Clock, v.Clean)
		v.Line = fmt.Sprintf("%s · %d clean · not enough days yet to say how many are needed", v.Clock, v.Clean)
		v.Basis = []string{fmt.Sprintf("Badge-ins from %s to %s of the same weekday are needed, and there are none yet.", v.At.Add(-forecast.Before).Format("15:04"), v.At.Add(forecast.After).Format("15:04"))}
		return
	}
	switch fixable, short := v.Fixable(), v.Short(); {
	case v.Clean >= v.Needs:
		v.Says = fmt.Sprintf("%s needs %d; %d clean, enough.", v.Clock, v.Needs, v.Clean)
	case fixable == 0:
		v.Says = fmt.Sprintf("%s needs %d; %d clean, %d short.", v.Clock, v.Needs, v.Clean, short)
	case short == 0:
		v.Says = fmt.Sprintf("%s needs %d; %d clean, %d can be made ready, enough then.", v.Clock, v.Needs, v.Clean, fixable)
	default:
		v.Says = fmt.Sprintf("%s needs %d; %d clean, %d can be made ready, %d short.", v.Clock, v.Needs, v.Clean, fixable, short)
	}
	v.Line = fmt.Sprintf("%s needs %d · %d clean · %d fixable", v.Clock, v.Needs, v.Clean, v.Fixable())
	if v.Short() > 0 {
		v.Line = fmt.Sprintf("%s needs %d · %d clean · %d fixable · %d short", v.Clock, v.Needs, v.Clean, v.Fixable(), v.Short())
	}
	v.Basis = v.basis(in)
}

// basis says what the need goes by, day by day.
func (v *forecastView) basis(in forecast.Ward) []string {
	from, to := v.At.Add(-forecast.Before).In(in.Zone).Format("15:04"), v.At.Add(forecast.After).In(in.Zone).Format("15:04")
	counts := make([]string, len(v.Days))
	for i, d := range v.Days {
		counts[i] = strconv.Itoa(d.N)
	}
	taken := strings.Join(counts, ", ")
	switch {
	case len(v.Days) == 1:
		return []string{fmt.Sprintf("Taken from %s to %s on this weekday a week ago: %s.", from, to, taken), "One day is not much to go by."}
	case v.Few():
		return []string{fmt.Sprintf("Taken from %s to %s on this weekday, the last first: %s.", from, to, taken), fmt.Sprintf("Only %d days are known, so the highest counts.", len(v.Days))}
	}
	return []string{fmt.Sprintf("Taken from %s to %s on this weekday, the last first: %s.", from, to, taken), "Four in five of such days needed no more."}
}

// First and FirstCleaning are the iPads that a page names, MoreHands and
// MoreCleaning how many it does not.
func (v forecastView) First() []handView { return v.Named[:min(len(v.Named), maxNamed)] }
func (v forecastView) MoreHands() int    { return max(len(v.Named)-maxNamed, 0) }
func (v forecastView) FirstCleaning() []cleaningView {
	return v.Cleaning[:min(len(v.Cleaning), maxNamed)]
}
func (v forecastView) MoreCleaning() int { return max(len(v.Cleaning)-maxNamed, 0) }

// Times are the times of day that it goes by.
func (v forecastView) Times() string { return strings.Join(v.Changes, ", ") }
