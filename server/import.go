package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/padwarden/padwarden/server/app"
	"github.com/padwarden/padwarden/server/provision"
)

type importCmd struct {
	stores
	File     string `arg:"" help:"CSV file of people or of iPads, or JSON file of a hospital; see docs/operations.md." type:"existingfile"`
	BadgesOf string `name:"badges-of" help:"Ward whose readers' setting the file's badge numbers are read by; without it they are read as printed, in decimal."`
	DryRun   bool   `name:"dry-run" help:"Say of every row what would be done with it, and write nothing."`
}

func (i *importCmd) Run(ctx context.Context, logger *slog.Logger) error {
	text, err := readFile(i.File)
	if err != nil {
		return err
	}
	file, err := provision.Parse(text)
	if err != nil {
		return fmt.Errorf("reading %s: %w", i.File, err)
	}
	report, err := app.Import(ctx, app.Config{Data: i.Data, Database: i.Database, Logger: logger}, file, app.ImportHow{DryRun: i.DryRun, BadgesOf: i.BadgesOf})
	tell(os.Stdout, report, i.DryRun)
	if err != nil {
		return fmt.Errorf("importing %s: %w", i.File, err)
	}
	if n := report.Count(provision.Refused); n > 0 {
		return fmt.Errorf("%d of %d rows were refused", n, len(report.Rows))
	}
	return nil
}

// readFile reads what an import file may hold, and one byte more, so that a
// larger one is refused and not cut.
func readFile(name string) (text []byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return io.ReadAll(io.LimitReader(f, provision.MaxBytes+1))
}

// tell writes a report for a terminal, a line a row.
func tell(w io.Writer, r provision.Report, dry bool) {
	words := map[provision.Verdict]string{provision.Added: "added", provision.Changed: "changed", provision.Unchanged: "exists", provision.Refused: "refused"}
	if dry {
		words[provision.Added], words[provision.Changed] = "would add", "would change"
	}
	for _, row := range r.Rows {
		said := strings.Join(row.Says, "; ")
		if said != "" {
			said = ": " + said
		}
		fmt.Fprintf(w, "%-12s row %d, %s%s\n", words[row.Verdict], row.N, row.What, said)
	}
	fmt.Fprintf(w, "%d added, %d changed, %d there already, %d refused%s\n", r.Count(provision.Added), r.Count(provision.Changed),
		r.Count(provision.Unchanged), r.Count(provision.Refused), map[bool]string{true: "; nothing was written: this was a dry run", false: ""}[dry])
	for _, c := range r.Credentials {
		fmt.Fprintf(w, "reader %s: its credential, shown only now: %s\n", c.Reader, c.Secret)
	}
}
