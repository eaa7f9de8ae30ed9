package plot

import (
	"fmt"
	"math"
	"strings"
)

// Bar is a comparison: ours divided by what it stands beside.
type Bar struct {
	Name, Beside       string
	Ratio, Least, Most float64 // the median's, and of the rounds
	Goal               float64
	AtMost             bool // the goal is a most, not a least
	Holds              bool
}

func (b Bar) goal() string {
	if b.AtMost {
		return "≤ " + times(b.Goal)
	}
	return "≥ " + times(b.Goal)
}

func (b Bar) verdict() string {
	if b.Holds {
		return "holds"
	}
	return "does not hold"
}

const (
	ratiosWide = 960.
	barLeft    = 330. // where the scale begins
	barRight   = 720. // and ends
	barHigh    = 44.  // a comparison
	barTop     = 84.
)

// Ratios draws each comparison as a bar from 1×, which is as much as the other
// side, on a scale where twice and half are as far from it. A line across is what
// the rounds were apart, a dashed one the goal.
func Ratios(bars []Bar) string {
	const title = "Ours beside peers and floors, taken in the same run"
	if len(bars) == 0 {
		d := begin(ratiosWide, 64, title, nothing)
		d.text(16, 50, "weak", "start", nothing)
		return d.end()
	}
	said := make([]string, len(bars))
	for i, b := range bars {
		said[i] = fmt.Sprintf("%s beside %s: %s, in its rounds from %s to %s; the goal is %s: %s.", b.Name, b.Beside, times(b.Ratio), times(b.Least), times(b.Most), b.goal(), b.verdict())
	}
	d := begin(ratiosWide, barTop+barHigh*float64(len(bars))+14, title, strings.Join(said, "\n"))
	d.text(16, 46, "weak small", "start", "Bars begin at 1×, as much as the other side; brackets are the rounds, dashed lines across the goals.")
	low, high := -1, 1 // powers of two
	for _, b := range bars {
		for _, x := range []float64{b.Ratio, b.Least, b.Most, b.Goal} {
			if x > 0 {
				low, high = min(low, int(math.Floor(math.Log2(x)))), max(high, int(math.Ceil(math.Log2(x))))
			}
		}
	}
	x := func(ratio float64) float64 {
		power := max(math.Log2(ratio), float64(low)) // nothing at all is at the edge
		return barLeft + (power-float64(low))/float64(high-low)*(barRight-barLeft)
	}
	bottom := barTop + barHigh*float64(len(bars))
	for p := low; p <= high; p++ {
		class := "rule"
		if p == 0 {
			class = "axis"
		}
		d.line(x(math.Exp2(float64(p))), barTop-8, x(math.Exp2(float64(p))), bottom, class, "")
		d.text(x(math.Exp2(float64(p))), barTop-16, "weak small", "middle", tick(p))
	}
	for i, b := range bars {
		y := barTop + barHigh*float64(i)
		d.text(16, y+16, "ink bold", "start", b.Name)
		d.text(16, y+32, "weak small", "start", fit(b.Beside, 50))
		class, more := "bar", ""
		if !b.Holds {
			class, more = "miss", ` stroke-width="1.5" stroke-dasharray="4 2"`
		}
		d.rect(min(x(1), x(b.Ratio)), y+8, max(1, math.Abs(x(b.Ratio)-x(1))), 18, class, more)
		d.line(x(b.Least), y+17, x(b.Most), y+17, "spread", ` stroke-width="1.5"`)
		d.line(x(b.Least), y+12, x(b.Least), y+22, "spread", ` stroke-width="1.5"`)
		d.line(x(b.Most), y+12, x(b.Most), y+22, "spread", ` stroke-width="1.5"`)
		d.line(x(b.Goal), y+2, x(b.Goal), y+32, "goal", ` stroke-width="2" stroke-dasharray="3 2"`)
		d.text(barRight+14, y+16, "ink bold", "start", times(b.Ratio)+" "+b.verdict())
		d.text(barRight+14, y+32, "weak small", "start", fmt.Sprintf("goal %s, rounds %s to %s", b.goal(), times(b.Least), times(b.Most)))
	}
	return d.end()
}

const nothing = "Nothing of this was taken yet."

// tick is the name of a power of two.
func tick(power int) string {
	if power < 0 {
		return fmt.Sprintf("1/%d×", 1<<-power)
	}
	return fmt.Sprintf("%d×", 1<<power)
}
