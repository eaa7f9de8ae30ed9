package provision

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// Imports is where it is kept how far an import has come, so that it can be
// left and come back to, and a server that stops in the middle is noticed.
type Imports interface {
	BeginImport(ctx context.Context, i ledger.Import, quiet time.Duration) error
	KeepImport(ctx context.Context, i ledger.Import) error
	LastImport(ctx context.Context, quiet time.Duration) (ledger.Import, error)
}

const (
	quiet     = 30 * time.Second // silent for so long, an import's server is gone
	keepEvery = 2 * time.Second  // how far it has come is written down
	keepFor   = 5 * time.Second
	mostLines = 500 // refused rows that are kept
)

// RefusedRunning: one import at a time.
const RefusedRunning = "import_running"

// Jobs imports files in the background, one at a time over all servers.
type Jobs struct {
	Base     context.Context // ends what is under way
	Importer interface {
		Import(ctx context.Context, f File, a Asked) (Report, error)
	}
	Kept  Imports
	Now   func() time.Time
	NewID func() string
	Log   *slog.Logger // nil: silent

	wg  sync.WaitGroup
	mu  sync.Mutex
	now ledger.Import // the last one that this server began
	all Report
	by  string // who is told its credentials
}

// Start begins an import; name is what its file is called. A refusal says that
// another goes on.
func (j *Jobs) Start(ctx context.Context, f File, a Asked, name string) error {
	if err := j.Base.Err(); err != nil {
		return fmt.Errorf("starting an import: %w", custody.ErrUnavailable)
	}
	i := ledger.Import{ID: j.NewID(), File: name, By: a.By, Began: j.Now().UTC().Truncate(time.Millisecond), Total: f.Rows()}
	err := j.Kept.BeginImport(ctx, i, quiet)
	if errors.Is(err, custody.ErrConflict) {
		return refuse(RefusedRunning, "Another import goes on just now. Wait until it is done.")
	}
	if err != nil {
		return err
	}
	j.mu.Lock()
	j.now, j.all, j.by = i, Report{}, a.By
	j.mu.Unlock()
	j.wg.Go(func() { j.run(f, a) })
	return nil
}

func (j *Jobs) run(f File, a Asked) {
	beat, done := time.NewTicker(keepEvery), make(chan struct{})
	defer beat.Stop()
	var beats sync.WaitGroup
	beats.Go(func() { // also while one row takes its time
		for {
			select {
			case <-done:
				return
			case <-beat.C:
				j.keep()
			}
		}
	})
	a.Each = j.took
	report, err := j.Importer.Import(j.Base, f, a)
	close(done)
	beats.Wait()
	j.mu.Lock()
	j.now.Ended = j.Now().UTC().Truncate(time.Millisecond)
	j.all.Credentials = report.Credentials
	switch {
	case j.Base.Err() != nil:
		j.now.Failed = "The server was stopped. Import the same file again: what is there is left as it is."
	case err != nil:
		j.now.Failed = "It could not go on: what was to be written could not be recorded. Import the same file again: what is there is left as it is."
	}
	j.mu.Unlock()
	if err != nil && j.Log != nil {
		j.Log.Warn("an import ended early", "err", err)
	}
	j.keep()
}

// took is told of each row as it is done.
func (j *Jobs) took(row Row) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.all.Rows = append(j.all.Rows, row)
	j.now.Done++
	switch row.Verdict {
	case Added:
		j.now.Added++
	case Changed:
		j.now.Changed++
	case Refused:
		if j.now.Refused++; len(j.now.Lines) < mostLines {
			j.now.Lines = append(j.now.Lines, ledger.ImportLine{N: row.N, What: row.What, Name: row.Name, Says: row.Says})
		}
	}
}

// keep writes down how far it has come. Where it cannot, the next beat does.
func (j *Jobs) keep() {
	j.mu.Lock()
	i := j.now
	i.Lines = slices.Clone(i.Lines)
	j.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(j.Base), keepFor)
	defer cancel()
	if err := j.Kept.KeepImport(ctx, i); err != nil && j.Log != nil {
		j.Log.Warn("how far an import has come could not be kept", "err", err)
	}
}

// Last returns the import that began last, on whichever server, as it stands;
// custody.ErrNotFound if there was none.
func (j *Jobs) Last(ctx context.Context) (ledger.Import, error) {
	last, err := j.Kept.LastImport(ctx, quiet)
	j.mu.Lock()
	defer j.mu.Unlock()
	if err == nil && last.ID == j.now.ID {
		last = j.now
		last.Lines = slices.Clone(last.Lines)
	}
	return last, err
}

// Rows returns what became of each row of an import, as far as it has come. ok:
// this server did it, and knows.
func (j *Jobs) Rows(id string) (rows []Row, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.all.Rows), j.now.ID == id && id != ""
}

// Credentials returns the new readers' secrets to who began the import, until
// they say that they have them.
func (j *Jobs) Credentials(id, by string) []Credential {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.now.ID != id || j.by != by {
		return nil
	}
	return slices.Clone(j.all.Credentials)
}

// Taken forgets them.
func (j *Jobs) Taken(by string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.by == by {
		j.all.Credentials = nil
	}
}

// Wait returns once no import is under way.
func (j *Jobs) Wait() { j.wg.Wait() }
