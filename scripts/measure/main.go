// Command measure takes the project's figures, each beside what it is held to,
// and says which hold. The benchmarks themselves are Go's, so each can be run
// by itself with go test -bench.
//
//	measure                 every row, as a table
//	measure -only NAME,…    some of them
//	measure -json           one object a line instead
//
// A row that cannot be taken, because a program is missing or its benchmark
// failed, says so and why, and the rest goes on. It exits 1 if a row was taken
// and does not hold, or could not be taken though all it needs is there.
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
	"text/tabwriter"
)

func main() {
	only := flag.String("only", "", "rows to take, by name, with commas between")
	asJSON := flag.Bool("json", false, "one JSON object a line")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	wanted, err := pick(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(2)
	}
	var taken []result
	for _, r := range wanted {
		if !*asJSON {
			fmt.Fprintf(os.Stderr, "%s …\n", r.Name)
		}
		got := take(ctx, r)
		taken = append(taken, got...)
		for _, one := range got {
			if *asJSON {
				_ = json.NewEncoder(os.Stdout).Encode(one)
			}
		}
	}
	if !*asJSON {
		table(taken)
	}
	if slices.ContainsFunc(taken, result.bad) {
		os.Exit(1)
	}
}

// pick are the rows that were asked for, all if none was.
func pick(only string) ([]row, error) {
	if only == "" {
		return rows, nil
	}
	var wanted []row
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(rows, func(r row) bool { return r.Name == strings.TrimSpace(name) })
		if i < 0 {
			var names []string
			for _, r := range rows {
				names = append(names, r.Name)
			}
			return nil, fmt.Errorf("there is no row %q; there are %s", name, strings.Join(names, ", "))
		}
		wanted = append(wanted, rows[i])
	}
	return wanted, nil
}

func table(taken []result) {
	w := tabwriter.NewWriter(os.Stdout, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "name\tours\tother\tratio\tgoal\tholds")
	for _, r := range taken {
		if r.Why != "" {
			fmt.Fprintf(w, "%s\t-\t-\t-\t%s\tnot taken: %s\n", r.Name, r.Goal, r.Why)
			continue
		}
		holds := "yes"
		if !r.Holds {
			holds = "NO"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Name, r.Ours, r.Other, r.ratio(), r.Goal, holds)
	}
	_ = w.Flush()
}
