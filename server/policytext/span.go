package policytext

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Span writes a duration as people say it: "90 s", "2 min 15 s", "12 h".
func Span(d time.Duration) string {
	if d < 0 {
		return "−" + Span(-d)
	}
	if d == 0 {
		return "0"
	}
	if d%time.Second != 0 {
		return d.String()
	}
	var parts []string
	for _, u := range units {
		if n := d / u.is; n > 0 {
			parts = append(parts, strconv.FormatInt(int64(n), 10)+" "+u.name)
			d -= n * u.is
		}
	}
	return strings.Join(parts, " ")
}

var units = []struct {
	name string
	is   time.Duration
}{{"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}}

var (
	errSpan  = errors.New("Write minutes, or a number with its unit: 3, 90 s, 2 h.")
	written  = regexp.MustCompile(`^(?:(\d+(?:[.,]\d+)?)\s*(?:h|hour|hours))?\s*(?:(\d+(?:[.,]\d+)?)\s*(?:m|min|minute|minutes))?\s*(?:(\d+(?:[.,]\d+)?)\s*(?:s|sec|second|seconds))?$`)
	aNumber  = regexp.MustCompile(`^\d+(?:[.,]\d+)?$`)
	goSpan   = regexp.MustCompile(`\b(?:\d+h)?(?:\d+m)?\d+(?:\.\d+)?(?:h|m|s)\b`)
	mostSpan = 1000 * time.Hour
)

// ParseSpan reads a duration as people write one: a bare number is minutes. What
// [Span] writes is read as it was.
func ParseSpan(text string) (time.Duration, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	if aNumber.MatchString(text) {
		return parts(text, time.Minute)
	}
	if found := written.FindStringSubmatch(text); found != nil && text != "" {
		var all time.Duration
		for i, u := range units {
			d, err := parts(found[i+1], u.is)
			if err != nil {
				return 0, err
			}
			all += d
		}
		return all, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 && d <= mostSpan {
		return d, nil
	}
	return 0, errSpan
}

// parts reads a number of units, to the millisecond.
func parts(text string, unit time.Duration) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", "."), 64)
	if err != nil || n*float64(unit) > float64(mostSpan) {
		return 0, errSpan
	}
	return time.Duration(math.Round(n*float64(unit)/1e6)) * time.Millisecond, nil
}

// readable puts the durations in a sentence of custody's as people say them.
func readable(sentence string) string {
	return goSpan.ReplaceAllStringFunc(sentence, func(s string) string {
		if d, err := time.ParseDuration(s); err == nil {
			return Span(d)
		}
		return s
	})
}
