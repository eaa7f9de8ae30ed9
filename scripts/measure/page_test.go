package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const handWritten = "# Figures\n\nBefore.\n\n" + tableBegins + "\nold\n" + tableEnds + "\n\nAfter.\n"

// folder has a page, and what is given as its figures ("": none are kept).
func folder(t *testing.T, data string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, pageText), []byte(handWritten), 0o600); err != nil {
		t.Fatal(err)
	}
	if data != "" {
		if err := os.WriteFile(filepath.Join(dir, pageData), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func content(t *testing.T, path ...string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func one(name string, ours float64) result {
	return result{Name: name, Ours: &figure{ours, ours, ours, "ns/op"}, Goal: "≤ 1 ns/op", Wanted: 1, AtMost: true, Holds: ours <= 1}
}

func TestThePageKeepsWhatWasWrittenByHand(t *testing.T) {
	dir := folder(t, "")
	here := machine{Cores: 2, CPU: "a|b", Go: "go1"}
	p, err := beginPage(dir, here, true)
	if err != nil {
		t.Fatal(err)
	}
	ratio := 1.25
	p.keep("gone", []result{one("gone", 1)})
	p.keep("start", []result{one("start", 0.5)})
	p.keep("guard", []result{{Name: "guard", Ours: &figure{5, 4, 6, "a/s"}, Other: &figure{4, 4, 4, "b/s"}, Beside: "the <bare> | one", Ratio: &ratio, Spread: &spread{1, 1.5}, Goal: "≥ 1×", Wanted: 1, Holds: true,
		Also: map[string]*figure{"claim-µs-1k": {10, 9, 11, "claim-µs-1k"}, "claim-µs-10k": {12, 11, 13, "claim-µs-10k"}}}})
	if err := errors.Join(p.write(dir), p.draw(dir)); err != nil {
		t.Fatal(err)
	}
	text := content(t, dir, pageText)
	for _, want := range []string{"# Figures\n\nBefore.\n\n" + tableBegins, tableEnds + "\n\nAfter.\n", "| [guard](#guard) | 5 (4–6) a/s | the &lt;bare> \\| one | 4 b/s | **1.25×** (1–1.5) | ≥ 1× | yes |",
		"2 cores of a|b", "- guard: 12 (11–13) claim-µs-10k, 10 (9–11) claim-µs-1k\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("without %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "\nold\n") || strings.Contains(text, "gone") || strings.Index(text, "[guard]") > strings.Index(text, "[start]") {
		t.Errorf("not the rows' order, or the old table:\n%s", text)
	}
	for _, name := range []string{"throughput.svg", "growth.svg"} {
		wellFormed(t, content(t, dir, pagePlots, name))
	}
	if growth := content(t, dir, pagePlots, "growth.svg"); !strings.Contains(growth, "claim: 1× at 1,000 devices, 1.2× at 10,000 devices.") {
		t.Error(growth)
	}

	// One row taken again leaves the other; drawing anew changes nothing.
	if p, err = beginPage(dir, here, false); err != nil {
		t.Fatal(err)
	}
	p.keep("start", []result{one("start", 2)})
	if err := errors.Join(p.write(dir), p.draw(dir)); err != nil {
		t.Fatal(err)
	}
	text = content(t, dir, pageText)
	if !strings.Contains(text, "[guard]") || !strings.Contains(text, "≤ 1 ns/op | NO |") || strings.Count(text, "[start]") != 1 {
		t.Error(text)
	}
	if _, err := run(t.Context(), options{draw: dir}); err != nil || content(t, dir, pageText) != text {
		t.Errorf("drawn anew it is another page: %v", err)
	}
}

func TestAPageThatCannotBeWrittenIsSaidBeforeAnythingIsTaken(t *testing.T) {
	here := machine{Cores: 2}
	if _, err := beginPage(t.TempDir(), here, true); err == nil || !strings.Contains(err.Error(), pageText) {
		t.Errorf("no page: %v", err)
	}
	if _, err := beginPage(folder(t, `{"machine": {"cores": 2}, "results": [`), here, true); err == nil || !strings.Contains(err.Error(), "is broken") {
		t.Errorf("broken figures: %v", err)
	}
	if _, err := run(t.Context(), options{draw: folder(t, "")}); err == nil || !strings.Contains(err.Error(), pageData) {
		t.Errorf("nothing to draw: %v", err)
	}
	if _, err := run(t.Context(), options{draw: folder(t, `[]`)}); err == nil || !strings.Contains(err.Error(), "is broken") {
		t.Errorf("other figures: %v", err)
	}
	if _, err := run(t.Context(), options{only: "nonsense"}); err == nil || !strings.Contains(err.Error(), `no row "nonsense"`) {
		t.Errorf("an unknown row: %v", err)
	}
	unmarked := folder(t, "")
	if err := os.WriteFile(filepath.Join(unmarked, pageText), []byte(tableEnds+tableBegins), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := beginPage(unmarked, here, true); err == nil || !strings.Contains(err.Error(), "no place for the table") {
		t.Errorf("no markers: %v", err)
	}
	other := folder(t, `{"machine": {"cores": 64}, "results": [{"name": "guard"}]}`)
	if _, err := beginPage(other, here, false); err == nil || !strings.Contains(err.Error(), "another machine") {
		t.Errorf("rows of two machines on one page: %v", err)
	}
	if p, err := beginPage(other, here, true); err != nil || len(p.Results) != 0 || p.Machine != here {
		t.Errorf("all rows on another machine: %+v %v", p, err)
	}
}

func TestCurvesAreReadFromTheirUnits(t *testing.T) {
	f := func(x float64, unit string) *figure { return &figure{x, x, x, unit} }
	ratio := 1.2
	lines, goal := curves([]result{
		{Name: "growth", Ours: f(12, "claim-µs-100k"), Other: f(10, "claim-µs-1k"), Ratio: &ratio, Wanted: 1.3, Also: map[string]*figure{"claim-μs-10k": f(11, "claim-μs-10k"), "touch-us-10k": f(4, "touch-us-10k"), "touch-us-1k": f(2, "touch-us-1k")}},
		{Name: "alone", Ours: f(3, "connect-ms-1k")},
		{Name: "others", Ours: f(3, "p99-ms"), Other: f(1, "bytes-100k"), Also: map[string]*figure{"x-µs-0k": f(1, "x-µs-0k")}},
		{Name: "untaken", Why: "no"},
	})
	if goal != 1.3 || len(lines) != 2 || lines[0].Name != "claim" || lines[1].Name != "touch" {
		t.Fatalf("%v %+v", goal, lines)
	}
	var costs []float64
	for _, p := range append(lines[0].Points, lines[1].Points...) {
		costs = append(costs, float64(p.Devices), p.Cost)
	}
	if !slices.Equal(costs, []float64{1000, 1, 10000, 1.1, 100000, 1.2, 1000, 1, 10000, 2}) {
		t.Error(costs)
	}
	if all := bars([]result{{Name: "growth", Ours: f(12, "claim-µs-100k"), Ratio: &ratio}, {Name: "pin", Ours: f(1, "a/s"), Ratio: &ratio}, {Name: "off", Ratio: &ratio, Why: "no"}, {Name: "start"}}); len(all) != 1 || all[0].Name != "pin" || all[0].Most != 1.2 {
		t.Errorf("%+v", all)
	}
}

func wellFormed(t *testing.T, text string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Errorf("%v in\n%s", err, text)
			return
		}
	}
}
