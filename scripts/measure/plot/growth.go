package plot

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Curve is what something costs as the hospital grows.
type Curve struct {
	Name   string
	Points []Point // by Devices, from the fewest
}

// Point is a cost as a multiple of that at the fewest devices.
type Point struct {
	Devices           int
	Cost, Least, Most float64
}

const (
	growthWide, growthHigh = 720., 420.
	plotLeft, plotRight    = 64., 500.
	plotTop, plotBottom    = 64., 360.
	apartLabels            = 17.
	steady, dashed, dotted = "", ` stroke-dasharray="8 4"`, ` stroke-dasharray="2 4"`
)

// Growth draws curves over the number of devices, ten times as many a step, and
// the goal: how much more the most devices may cost.
func Growth(curves []Curve, goal float64) string {
	const title = "What an operation costs as the hospital grows"
	if len(curves) == 0 {
		d := begin(growthWide, 64, title, nothing)
		d.text(16, 50, "weak", "start", nothing)
		return d.end()
	}
	var said []string
	low, high, top := math.Inf(1), math.Inf(-1), max(1.5, goal)
	var sizes []int
	for _, c := range curves {
		var each []string
		for _, p := range c.Points {
			each = append(each, fmt.Sprintf("%s at %s devices", times(p.Cost), thousands(p.Devices)))
			low, high, top = min(low, math.Log10(float64(p.Devices))), max(high, math.Log10(float64(p.Devices))), max(top, p.Cost, p.Most)
			if !slices.Contains(sizes, p.Devices) {
				sizes = append(sizes, p.Devices)
			}
		}
		said = append(said, c.Name+": "+strings.Join(each, ", ")+".")
	}
	if goal > 0 {
		said = append(said, "The goal is at most "+times(goal)+".")
	}
	if low == high {
		high++ // one size alone
	}
	top = math.Ceil(top*4) / 4 // to the next quarter
	x := func(devices int) float64 {
		return plotLeft + (math.Log10(float64(devices))-low)/(high-low)*(plotRight-plotLeft)
	}
	y := func(cost float64) float64 { return plotBottom - cost/top*(plotBottom-plotTop) }
	d := begin(growthWide, growthHigh, title, strings.Join(said, "\n"))
	step := 0.25
	for top/step > 8 {
		step *= 2
	}
	for v := 0.; v <= top+1e-9; v += step {
		d.line(plotLeft, y(v), plotRight, y(v), "rule", "")
		d.text(plotLeft-8, y(v)+4, "weak small", "end", times(v))
	}
	slices.Sort(sizes)
	for _, n := range sizes {
		d.line(x(n), plotTop, x(n), plotBottom, "rule", "")
		d.text(x(n), plotBottom+20, "weak small", "middle", thousands(n))
	}
	d.text((plotLeft+plotRight)/2, plotBottom+42, "weak", "middle", "devices, ten times as many a step; cost beside that at the fewest")
	if goal > 0 {
		d.line(plotLeft, y(goal), plotRight, y(goal), "goal", ` stroke-width="2" stroke-dasharray="3 2"`)
		d.text(plotLeft+6, y(goal)-6, "ink small", "start", "goal: at most "+times(goal))
	}
	for i, c := range curves {
		dash := []string{steady, dashed, dotted}[i%3]
		var path []string
		for _, p := range c.Points {
			path = append(path, at(x(p.Devices))+","+at(y(p.Cost)))
			d.line(x(p.Devices), y(p.Least), x(p.Devices), y(p.Most), "spread", "")
		}
		d.put(`<polyline class="curve" stroke-width="2"%s points="%s"/>`, dash, strings.Join(path, " "))
		for _, p := range c.Points {
			d.mark(i, x(p.Devices), y(p.Cost))
		}
	}
	for i, at := range labels(curves, y) {
		c := curves[i]
		d.mark(i, plotRight+20, at-4)
		d.text(plotRight+32, at, "ink", "start", c.Name+" "+times(c.Points[len(c.Points)-1].Cost))
	}
	return d.end()
}

// mark is a curve's own shape, so that it is told from others without colour.
func (d *drawing) mark(i int, x, y float64) {
	switch i % 3 {
	case 0:
		d.put(`<circle class="dot" stroke-width="2" cx="%s" cy="%s" r="4"/>`, at(x), at(y))
	case 1:
		d.rect(x-4, y-4, 8, 8, "dot", ` stroke-width="2"`)
	default:
		d.put(`<path class="dot" stroke-width="2" d="M%s,%sl5,9h-10z"/>`, at(x), at(y-5))
	}
}

// labels are the heights of the curves' names, at their ends, moved down where
// they would stand on one another.
func labels(curves []Curve, y func(float64) float64) []float64 {
	order, heights := make([]int, len(curves)), make([]float64, len(curves))
	for i, c := range curves {
		order[i], heights[i] = i, y(c.Points[len(c.Points)-1].Cost)+4
	}
	slices.SortFunc(order, func(a, b int) int {
		if heights[a] != heights[b] {
			return int(math.Copysign(1, heights[a]-heights[b]))
		}
		return a - b
	})
	for k := 1; k < len(order); k++ {
		heights[order[k]] = max(heights[order[k]], heights[order[k-1]]+apartLabels)
	}
	return heights
}

func thousands(n int) string {
	if n >= 1000 && n%1000 == 0 {
		return fmt.Sprintf("%d,000", n/1000)
	}
	return fmt.Sprint(n)
}
