// Command tally keeps the score of a test run that is made of several.
//
//	go test -json ./... | tally -add FILE
//
// prints a line for each package and all that failed, adds every result to
// FILE, and exits 1 if something failed.
//
//	tally -report FILE
//
// prints what was skipped and why, what failed, and last one line:
// "N passed, N failed, N skipped". It exits 1 if something failed or nothing
// passed. A test that ran more than once (with the race detector, say) counts
// once, by its worst result; one with subtests counts by them.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	add := flag.String("add", "", "read go test -json from standard input and add its results to this file")
	report := flag.String("report", "", "sum up the results in this file")
	flag.Parse()

	var ok bool
	var err error
	switch {
	case *add != "" && *report == "":
		ok, err = addTo(*add, os.Stdin, os.Stdout)
	case *report != "" && *add == "":
		ok, err = reportOn(*report, os.Stdout)
	default:
		flag.Usage()
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

func addTo(file string, in io.Reader, out io.Writer) (ok bool, err error) {
	results, err := read(in, out)
	if err != nil {
		return false, err
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return false, err
	}
	ok = true
	for _, r := range results {
		ok = ok && r.status != failed
		if _, err := fmt.Fprintln(f, r.line()); err != nil {
			return false, err
		}
	}
	return ok, f.Close()
}

func reportOn(file string, out io.Writer) (ok bool, err error) {
	f, err := os.Open(file)
	if err != nil {
		return false, err
	}
	defer f.Close()
	results, err := parse(f)
	if err != nil {
		return false, err
	}
	return sum(results, out), nil
}
