package plot

import (
	"encoding/xml"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

var someBars = []Bar{
	{Name: "mdm-idle", Beside: "stock NanoMDM in memory (not durable)", Ratio: 1.71, Least: 1.6, Most: 1.9, Goal: 1.5, Holds: true},
	{Name: "mdm-roundtrip", Beside: "stock NanoMDM on PostgreSQL", Ratio: 0.19, Least: 0.17, Most: 0.22, Goal: 0.25, AtMost: true, Holds: true},
	{Name: "claim <&>", Beside: "the same compare-and-set and history row, prepared and grouped alike, and one EVALSHA", Ratio: 0.52, Least: 0.48, Most: 0.61, Goal: 0.6},
	{Name: "equal", Beside: "itself", Ratio: 1, Least: 1, Most: 1, Goal: 1, Holds: true},
	{Name: "none", Beside: "a side that did nothing", Goal: 0.5},
}

var someCurves = []Curve{
	{Name: "claim", Points: []Point{{1000, 1, 0.95, 1.05}, {10_000, 1.08, 1, 1.2}, {100_000, 1.21, 1.1, 1.34}}},
	{Name: "touch", Points: []Point{{1000, 1, 0.97, 1.03}, {10_000, 1.01, 0.98, 1.05}, {100_000, 1.2, 1.1, 1.3}}},
	{Name: "connect", Points: []Point{{1000, 1, 0.9, 1.2}, {100_000, 1.62, 1.4, 1.8}}},
}

func TestPlotsAreAsTheyWere(t *testing.T) {
	for name, got := range map[string]string{
		"ratios.svg": Ratios(someBars), "growth.svg": Growth(someCurves, 1.3), "no-ratios.svg": Ratios(nil), "no-growth.svg": Growth(nil, 0),
	} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s is drawn otherwise: look at it, then go test ./scripts/measure/plot -update", name)
		}
		for d := xml.NewDecoder(strings.NewReader(got)); ; {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
}

// TestPlotsSayWhatTheyShow: whoever sees no colour, or nothing, has every number.
func TestPlotsSayWhatTheyShow(t *testing.T) {
	for _, want := range []string{"mdm-idle beside stock NanoMDM in memory (not durable): 1.71×, in its rounds from 1.6× to 1.9×; the goal is ≥ 1.5×: holds.",
		"does not hold", "claim &lt;&amp;&gt;", "goal ≤ 0.25×", "prefers-color-scheme: dark", `role="img"`} {
		if !strings.Contains(Ratios(someBars), want) {
			t.Errorf("without %q", want)
		}
	}
	for _, want := range []string{"claim: 1× at 1,000 devices, 1.08× at 10,000 devices, 1.21× at 100,000 devices.", "goal: at most 1.3×", ">connect 1.62×<"} {
		if !strings.Contains(Growth(someCurves, 1.3), want) {
			t.Errorf("without %q", want)
		}
	}
	if got := Ratios(someBars) + Growth(someCurves, 1.3) + Growth([]Curve{{Name: "one", Points: []Point{{1000, 1, 1, 1}}}}, 0); strings.Contains(got, "NaN") || strings.Contains(got, "Inf") {
		t.Error("a place that is no number")
	}
	heights := labels([]Curve{{Points: []Point{{Cost: 1}}}, {Points: []Point{{Cost: 1}}}, {Points: []Point{{Cost: 1.01}}}}, func(cost float64) float64 { return 300 - 100*cost })
	if heights[2] >= heights[0] || heights[0]-heights[2] < apartLabels || heights[1]-heights[0] < apartLabels {
		t.Errorf("names stand on one another: %v", heights)
	}
}
