package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// How long things may take. A run of all rows ends within inAll, whatever hangs.
const (
	inAll = 15 * time.Minute
	each  = 100 * time.Second // a row, when its package is built
)

// taker runs the rows' benchmarks. Each package is built once.
type taker struct {
	folder string        // for what is built
	whole  time.Duration // all rows
	limit  time.Duration // one
	built  map[string]string
}

// take runs a row's benchmark for its rounds: one result for each that it is
// held against.
func (t *taker) take(ctx context.Context, r row) []result {
	if why := r.lacks(); why != "" {
		return r.untaken(why, false)
	}
	binary, err := t.build(ctx, r.Package)
	if err != nil {
		return r.untaken(t.ended(ctx, err.Error()), true)
	}
	rounds, benchtime := r.Rounds, r.Time
	if rounds == 0 {
		rounds = 5
	}
	if benchtime == "" {
		benchtime = "1s"
	}
	short, cancel := context.WithTimeout(ctx, t.limit)
	defer cancel()
	// In full (-v), for else it does not say why it skips.
	cmd := exec.CommandContext(short, binary, "-test.v", "-test.run=^$", "-test.bench="+r.pattern(), "-test.benchtime="+benchtime, "-test.count="+strconv.Itoa(rounds))
	cmd.Dir = filepath.FromSlash(r.Package)
	// What it started, a redis-server say, ends with it, however it ends.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		return r.untaken(t.ended(ctx, ""), true)
	case short.Err() != nil:
		return r.untaken(fmt.Sprintf("it did not end within %s", t.limit), true)
	case err != nil || len(read(out.String(), r.Ours)) == 0:
		skipped := err == nil && strings.Contains(out.String(), "--- SKIP: ")
		return r.untaken(reason(out.String(), err), !skipped)
	}
	return r.judge(out.String())
}

// ended is why nothing more is taken, or why else.
func (t *taker) ended(ctx context.Context, why string) string {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Sprintf("the %s of a whole run were over", t.whole)
	case ctx.Err() != nil:
		return "the run was interrupted"
	}
	return why
}

func (t *taker) build(ctx context.Context, pkg string) (string, error) {
	if binary, ok := t.built[pkg]; ok {
		return binary, nil
	}
	binary := filepath.Join(t.folder, strings.NewReplacer("/", "-", ".", "").Replace(pkg)+".test")
	if out, err := exec.CommandContext(ctx, "go", "test", "-c", "-o", binary, pkg).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s does not build: %s", pkg, reason(string(out), err))
	}
	t.built[pkg] = binary
	return binary, nil
}

// pattern is what -bench wants: each part of the name whole.
func (r row) pattern() string {
	parts := strings.Split(r.Bench, "/")
	parts[0] = "Benchmark" + parts[0]
	for i := range parts {
		parts[i] = "^" + parts[i] + "$"
	}
	return strings.Join(parts, "/")
}

// lacks says what the row needs and this machine does not have.
func (r row) lacks() string {
	if n := runtime.NumCPU(); n < r.Cores {
		return fmt.Sprintf("there are %d cores, and it needs %d: server and load would take turns", n, r.Cores)
	}
	if r.Needs != "" {
		if _, err := exec.LookPath(r.Needs); err != nil {
			return r.Needs + " is not installed"
		}
	}
	return ""
}

// reason is the first line of a benchmark's that says what went wrong; that it
// goes on without a peer is no such line.
func reason(out string, err error) string {
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if strings.Contains(line, ": without ") {
			continue
		}
		if strings.HasPrefix(line, "panic:") || strings.Contains(line, ".go:") && strings.Contains(line, ": ") {
			return line
		}
	}
	if err != nil {
		return err.Error()
	}
	return "the benchmark did not report its figures"
}
