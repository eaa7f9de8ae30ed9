package main

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

type status string

const (
	passed  status = "pass"
	failed  status = "fail"
	skipped status = "skip"
)

// result is one line of the file: a test's, or a check's that the script made itself.
type result struct {
	status    status
	pkg, test string
	reason    string // why it was skipped or what was missing
}

func (r result) name() string { return strings.TrimSuffix(r.pkg+" "+r.test, " ") }

func (r result) line() string {
	flat := strings.NewReplacer("\t", " ", "\n", " ")
	return strings.Join([]string{string(r.status), flat.Replace(r.pkg), flat.Replace(r.test), flat.Replace(r.reason)}, "\t")
}

func parse(in io.Reader) ([]result, error) {
	var out []result
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		f := strings.Split(lines.Text(), "\t")
		if len(f) != 4 || !slices.Contains([]status{passed, failed, skipped}, status(f[0])) {
			return nil, fmt.Errorf("not a result: %q", lines.Text())
		}
		out = append(out, result{status(f[0]), f[1], f[2], f[3]})
	}
	return out, lines.Err()
}

// worse ranks results of the same test: a failure is never outweighed, and a
// test that ran somewhere was not skipped.
var worse = map[status]int{skipped: 1, passed: 2, failed: 3}

// sum prints the report and says whether all is well.
func sum(results []result, out io.Writer) bool {
	final := map[string]result{}
	for _, r := range results {
		if worse[r.status] > worse[final[r.name()].status] {
			final[r.name()] = r
		}
	}
	count, why := map[status]int{}, map[string][]string{}
	var failures []string
	for _, name := range slices.Sorted(maps.Keys(final)) {
		r := final[name]
		count[r.status]++
		switch r.status {
		case failed:
			failures = append(failures, strings.TrimSuffix(name+" ("+r.reason+")", " ()"))
		case skipped:
			why[r.reason] = append(why[r.reason], name)
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(why)) {
		fmt.Fprintf(out, "skipped (%s): %s\n", reason, strings.Join(why[reason], ", "))
	}
	for _, f := range failures {
		fmt.Fprintf(out, "failed: %s\n", f)
	}
	fmt.Fprintf(out, "%d passed, %d failed, %d skipped\n", count[passed], count[failed], count[skipped])
	return count[failed] == 0 && count[passed] > 0
}
