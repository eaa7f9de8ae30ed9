package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// score adds streams one after the other and returns the report.
func score(t *testing.T, streams ...string) (report string, ok bool) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "results")
	for _, s := range streams {
		if _, err := addTo(file, strings.NewReader(s), &bytes.Buffer{}); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	ok, err := reportOn(file, &out)
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), ok
}

const (
	pass    = `{"Action":"pass","Package":"p","Test":"TestA"}` + "\n"
	fail    = `{"Action":"fail","Package":"p","Test":"TestA"}` + "\n" + `{"Action":"fail","Package":"p"}` + "\n"
	skip    = `{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:9: no database\n"}` + "\n" + `{"Action":"skip","Package":"p","Test":"TestB"}` + "\n"
	end     = `{"Action":"pass","Package":"p","Elapsed":1}` + "\n"
	noBuild = `{"Action":"build-output","ImportPath":"q","Output":"q.go:1: broken\n"}` + "\n" + `{"Action":"fail","Package":"q","FailedBuild":"q"}` + "\n"
	subs    = `{"Action":"pass","Package":"p","Test":"TestC/one"}` + "\n" + `{"Action":"pass","Package":"p","Test":"TestC/two"}` + "\n" + `{"Action":"pass","Package":"p","Test":"TestC"}` + "\n"
	subFail = `{"Action":"fail","Package":"p","Test":"TestC/one"}` + "\n" + `{"Action":"fail","Package":"p","Test":"TestC"}` + "\n" + `{"Action":"fail","Package":"p"}` + "\n"
	slashes = `{"Action":"run","Package":"p","Test":"TestE/a/b"}` + "\n" + `{"Action":"pass","Package":"p","Test":"TestE/a/b"}` + "\n" + `{"Action":"pass","Package":"p","Test":"TestE"}` + "\n"
	died    = `{"Action":"run","Package":"p","Test":"TestD"}` + "\n" + `{"Action":"output","Package":"p","Test":"TestD","Output":"=== RUN   TestD\n"}` + "\n" + `{"Action":"fail","Package":"p"}` + "\n"
)

func TestScore(t *testing.T) {
	for name, c := range map[string]struct {
		streams []string
		last    string
		ok      bool
	}{
		"all well":                 {[]string{pass + end}, "1 passed, 0 failed, 0 skipped", true},
		"a skip with its reason":   {[]string{pass + skip + end}, "1 passed, 0 failed, 1 skipped", true},
		"skips only are not well":  {[]string{skip + end}, "0 passed, 0 failed, 1 skipped", false},
		"nothing at all":           {[]string{pass + end, "go: no such package\n"}, "1 passed, 1 failed, 0 skipped", false},
		"a failure counts once":    {[]string{fail}, "0 passed, 1 failed, 0 skipped", false},
		"worst of two runs":        {[]string{pass + end, fail, pass + end}, "0 passed, 1 failed, 0 skipped", false},
		"twice is once":            {[]string{pass + end, pass + end}, "1 passed, 0 failed, 0 skipped", true},
		"does not build":           {[]string{pass + end + noBuild}, "1 passed, 1 failed, 0 skipped", false},
		"packages without tests":   {[]string{pass + end, `{"Action":"skip","Package":"r"}` + "\n"}, "1 passed, 0 failed, 0 skipped", true},
		"subtests count":           {[]string{subs + end}, "2 passed, 0 failed, 0 skipped", true},
		"a failed subtest":         {[]string{subFail}, "0 passed, 1 failed, 0 skipped", false},
		"a slash in a test's name": {[]string{slashes + end}, "1 passed, 0 failed, 0 skipped", true},
		"the process died":         {[]string{pass + died}, "1 passed, 2 failed, 0 skipped", false},
		"not JSON":                 {[]string{"go: something\n" + pass + end}, "1 passed, 0 failed, 0 skipped", true},
	} {
		t.Run(name, func(t *testing.T) {
			report, ok := score(t, c.streams...)
			lines := strings.Split(strings.TrimSpace(report), "\n")
			if got := lines[len(lines)-1]; got != c.last || ok != c.ok {
				t.Errorf("got %q, well %t; want %q, %t", got, ok, c.last, c.ok)
			}
		})
	}
}

func TestReasonsAreShown(t *testing.T) {
	report, _ := score(t, pass+skip+end)
	if !strings.Contains(report, "skipped (no database): p TestB\n") {
		t.Errorf("the reason is missing:\n%s", report)
	}
}

func TestFailureShowsItsOutput(t *testing.T) {
	var out bytes.Buffer
	stream := `{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: got 1, want 2\n"}` + "\n" + fail + noBuild
	if _, err := read(strings.NewReader(stream), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"got 1, want 2", "FAIL  p TestA", "q.go:1: broken"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in:\n%s", want, out.String())
		}
	}
}

func TestFailureIsShownOnce(t *testing.T) {
	var out bytes.Buffer
	if _, err := read(strings.NewReader(subFail), &out); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), "FAIL"); got != 1 {
		t.Errorf("one failure was shown %d times:\n%s", got, out.String())
	}
}

func TestGarbageInTheFileIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results")
	if err := os.WriteFile(file, []byte("perhaps\tp\tTestA\t\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := reportOn(file, &bytes.Buffer{}); err == nil {
		t.Error("a line that is no result was taken for one")
	}
}
