package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// event is a line of go test -json (go doc test2json, go help buildjson).
type event struct {
	Action     string
	Package    string
	ImportPath string // build-output
	Test       string
	Output     string
	Elapsed    float64 // seconds
}

// keep is how many lines of a test's output are kept to be shown if it fails.
const keep = 400

// run is what is known of one test, or of one package (Test "").
type run struct {
	result
	begun  bool // it is a test, not part of the name of one with a slash in it
	parent bool // it has subtests: they count, unless it fails by itself
	output []string
	broken bool // a subtest failed, or a test of the package
}

// read reads one go test -json stream, tells out how it goes, and returns the results.
func read(in io.Reader, out io.Writer) ([]result, error) {
	packages, runs := 0, map[[2]string]*run{}
	var order []*run
	at := func(pkg, test string) *run {
		r := runs[[2]string{pkg, test}]
		if r == nil {
			r = &run{result: result{pkg: pkg, test: test}}
			runs[[2]string{pkg, test}] = r
			order = append(order, r)
		}
		return r
	}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		var e event
		switch {
		case len(line) == 0:
		case json.Unmarshal(line, &e) != nil:
			fmt.Fprintf(out, "%s", line)
		case e.Action == "build-output":
			fmt.Fprint(out, e.Output)
		case e.Action == "run":
			at(e.Package, e.Test).begun = true
		case e.Action == "output":
			at(e.Package, e.Test).note(e.Output)
		case e.Action == "pass" || e.Action == "fail" || e.Action == "skip":
			r := at(e.Package, e.Test)
			r.end(e, out)
			if e.Test == "" {
				packages++
				break
			}
			for _, above := range ancestors(e.Test) {
				a := at(e.Package, above)
				a.parent = a.parent || above != ""
				a.broken = a.broken || r.status == failed
			}
		}
		if err == io.EOF {
			if packages == 0 { // go test itself failed: silence is no success
				return append(counted(order), result{status: failed, pkg: "go test", reason: "it ended before any package did"}), nil
			}
			return counted(order), nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// ancestors are the tests above a subtest, and "" for its package.
func ancestors(test string) []string {
	above := []string{""}
	for i, c := range test {
		if c == '/' {
			above = append(above, test[:i])
		}
	}
	return above
}

func (r *run) note(line string) {
	if r.output = append(r.output, line); len(r.output) > keep {
		r.output = r.output[1:]
	}
}

// logged is what t.Log and t.Skip print: where, then the words.
var logged = regexp.MustCompile(`^\s+\S+\.go:\d+: (.*)`)

func (r *run) end(e event, out io.Writer) {
	switch {
	case e.Action == "fail":
		r.status = failed
		if !r.broken { // what failed below has been shown
			fmt.Fprint(out, strings.Join(r.output, ""))
			fmt.Fprintf(out, "FAIL  %s\n", r.name())
		}
	case e.Test != "" && e.Action == "skip":
		r.status, r.reason = skipped, "no reason given"
		for _, line := range r.output {
			if m := logged.FindStringSubmatch(line); m != nil {
				r.reason = strings.TrimSpace(m[1])
			}
		}
	case e.Test != "":
		r.status = passed
	case e.Action == "pass":
		fmt.Fprintf(out, "ok    %s  %.1fs\n", e.Package, e.Elapsed)
	}
	r.output = nil
}

// counted leaves out what others count for: packages and tests with subtests,
// unless they failed with nothing below them that did (a build, a panic, a timeout).
func counted(runs []*run) []result {
	var out []result
	for _, r := range runs {
		switch {
		case r.status == "" && r.begun: // it never ended: its process died
			r.status = failed
			out = append(out, r.result)
		case r.status == failed && !r.broken, r.status != "" && r.test != "" && !r.parent:
			out = append(out, r.result)
		}
	}
	return out
}
