// Command measure takes the project's figures, each beside what it is held to,
// and says which hold. The benchmarks themselves are Go's, so each can be run
// by itself with go test -bench.
//
//	measure                 every row, as a table
//	measure -only NAME,…    some of them
//	measure -json           one object a line instead
//	measure -docs FOLDER    and FOLDER/performance.md anew, with its plots; the
//	                        figures are kept in FOLDER/performance.json
//	measure -draw FOLDER    page and plots anew from the figures that are kept
//
// A row that cannot be taken, because a program is missing, its benchmark
// failed or did not end in time, says so and why, and the rest goes on. It exits
// 1 if a row was taken and does not hold, or could not be taken though all it
// needs is there; 2 if it does not understand what it is told, or cannot write.
//
// In the table, ± is half of what the rounds are apart, in parts of the median.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	var o options
	flag.StringVar(&o.only, "only", "", "rows to take, by name, with commas between")
	flag.BoolVar(&o.asJSON, "json", false, "one JSON object a line")
	flag.StringVar(&o.docs, "docs", "", "folder whose performance.md is written anew from what is taken")
	flag.StringVar(&o.draw, "draw", "", "folder whose performance.md is written anew from its performance.json; nothing is taken")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	good, err := run(ctx, o)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(2)
	case !good:
		os.Exit(1)
	}
}

type options struct {
	only, docs, draw string
	asJSON           bool
}

// run does what was asked for, and reports whether all that was taken is good.
func run(ctx context.Context, o options) (good bool, err error) {
	if o.draw != "" {
		p, err := readPage(o.draw)
		if err != nil {
			return false, err
		}
		return true, p.draw(o.draw)
	}
	wanted, err := pick(rows, o.only)
	if err != nil {
		return false, err
	}
	var kept *page
	if o.docs != "" { // before anything is taken: nobody wants to hear it after
		if kept, err = beginPage(o.docs, machineOf(), o.only == ""); err != nil {
			return false, err
		}
	}
	folder, err := os.MkdirTemp("", "measure-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(folder)
	t := &taker{folder: folder, whole: inAll, limit: each, built: map[string]string{}}
	begun := time.Now()
	taken, err := t.all(ctx, wanted, func(r row, got []result) error {
		if o.asJSON {
			for _, one := range got {
				if err := json.NewEncoder(os.Stdout).Encode(one); err != nil {
					return err
				}
			}
		}
		if kept == nil {
			return nil
		}
		kept.keep(r.Name, got)
		kept.Took = time.Since(begun).Round(time.Second).String()
		return kept.write(o.docs) // what is taken so far outlives whatever comes
	})
	if !o.asJSON {
		fmt.Print(table(taken))
	}
	fmt.Fprintf(os.Stderr, "%d of %d rows in %s\n", rowsOf(taken), len(wanted), time.Since(begun).Round(time.Second))
	if err == nil && kept != nil {
		err = kept.draw(o.docs)
	}
	return !slices.ContainsFunc(taken, result.bad), err
}

// all takes the rows in turn and tells of each as it ends. It stops when it is
// interrupted; what was taken until then is good.
func (t *taker) all(ctx context.Context, wanted []row, tell func(row, []result) error) (taken []result, err error) {
	whole, cancel := context.WithTimeout(ctx, t.whole)
	defer cancel()
	for _, r := range wanted {
		fmt.Fprintf(os.Stderr, "%s …\n", r.Name)
		got := t.take(whole, r)
		if ctx.Err() != nil {
			return append(taken, got...), nil
		}
		taken = append(taken, got...)
		if err := tell(r, got); err != nil {
			return taken, err
		}
	}
	return taken, nil
}

func rowsOf(taken []result) int {
	names := map[string]bool{}
	for _, r := range taken {
		if r.Why == "" {
			names[r.Name] = true
		}
	}
	return len(names)
}

// pick are the rows that were asked for, all if none was.
func pick(from []row, only string) ([]row, error) {
	if only == "" {
		return from, nil
	}
	var wanted []row
	for name := range strings.SplitSeq(only, ",") {
		name = strings.TrimSpace(name)
		i := slices.IndexFunc(from, func(r row) bool { return r.Name == name })
		if i < 0 {
			var names []string
			for _, r := range from {
				names = append(names, r.Name)
			}
			return nil, fmt.Errorf("there is no row %q; there are %s", name, strings.Join(names, ", "))
		}
		if !slices.ContainsFunc(wanted, func(r row) bool { return r.Name == name }) {
			wanted = append(wanted, from[i])
		}
	}
	return wanted, nil
}
