package console

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
)

// crowd fills 4B with n devices instead of the few.
func (h *hospital) crowd(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.devices = nil
	clear(h.rows)
	proof := custody.Proof{Rung: custody.ProofProven, Grade: custody.GradeErased, At: map[custody.ProofRung]time.Time{custody.ProofProven: h.now.Add(-time.Hour)}}
	for i := range n {
		id := custody.DeviceID(fmt.Sprintf("DMQ%05d", i))
		h.devices = append(h.devices, ledger.Device{ID: id, Ward: "4B", Name: fmt.Sprintf("4B-%04d", i)})
		row := custody.Custody{Device: id, Ward: "4B", State: custody.Clean, Epoch: 1, Version: 1, Since: h.now.Add(-time.Hour), Enrolment: "cert", Proof: proof}
		if i%3 == 0 {
			row.State, row.Holder, row.Opened = custody.InUse, "anna", h.now
		}
		h.publish(row)
	}
}

// anyone is signed in: what is measured is the board.
type anyone struct{ Identity }

func (anyone) StaffSession(context.Context, string, bool) (identity.Staff, error) {
	return identity.Staff{ID: "1", Name: "Maria", Role: identity.Administrator}, nil
}

// BenchmarkBoardEvents is how long a change takes from its commit to the last byte
// written to a viewer: 500 viewers of 2,000 devices, of which 200 change in a second.
func BenchmarkBoardEvents(b *testing.B) {
	const viewers, devices, perSecond, seconds = 500, 2000, 200, 3
	d := newDesk(b, func(c *Config) { c.Beat = 5 * time.Second })
	d.crowd(devices)
	d.console.Identity = anyone{d.ids}
	for b.Loop() {
		ctx, cancel := context.WithCancel(b.Context())
		committed := make([]atomic.Int64, devices)
		var mu sync.Mutex
		var took []time.Duration
		var all sync.WaitGroup
		var bytes atomic.Int64
		for range viewers {
			sink := browser.NewSink(bufio.NewWriter(&heard{bytes: &bytes, seen: func(id int) {
				if at := committed[id].Load(); at > 0 {
					mu.Lock()
					took = append(took, time.Since(time.Unix(0, at)))
					mu.Unlock()
				}
			}}))
			v := &seat{console: d.console, who: asker{session: "s"}, filter: filter{View: viewCards}, speech: d.console.words.English(), sink: sink, seq: -1, beat: -1}
			all.Go(func() { v.serve(ctx) })
		}
		for d.console.board.viewers.Load() < viewers {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second) // the snapshots
		for i := range perSecond * seconds {
			id := (i * 7) % devices
			committed[id].Store(time.Now().UnixNano())
			_, err := d.Apply(b.Context(), custody.DeviceID(fmt.Sprintf("DMQ%05d", id)), custody.Looked{By: "m", What: "it"})
			if err != nil {
				b.Fatal(err)
			}
			time.Sleep(time.Second / perSecond)
		}
		time.Sleep(time.Second)
		cancel()
		all.Wait()
		slices.Sort(took)
		if len(took) < viewers*perSecond*seconds*9/10 {
			b.Fatalf("%d rows were written, want about %d", len(took), viewers*perSecond*seconds)
		}
		b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "p50-ms")
		b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "p99-ms")
		b.ReportMetric(float64(bytes.Load())/1e6/seconds, "MB/s")
	}
}

// heard is a viewer's end: it sees which rows come.
type heard struct {
	bytes *atomic.Int64
	seen  func(id int)
}

func (h *heard) Write(p []byte) (int, error) {
	for rest := p; ; {
		var id int
		i := indexRow(rest)
		if i < 0 {
			break
		}
		for _, c := range rest[i : i+5] {
			id = id*10 + int(c-'0')
		}
		h.seen(id)
		rest = rest[i+5:]
	}
	h.bytes.Add(int64(len(p)))
	return len(p), nil
}

func indexRow(p []byte) int {
	const start = `id="row-DMQ`
	for i := 0; i+len(start)+5 <= len(p); i++ {
		if string(p[i:i+len(start)]) == start {
			return i + len(start)
		}
	}
	return -1
}

// BenchmarkBoardFirstPage is what the rows of a page of 2,000 devices take, with
// nobody looking before, and once somebody has.
func BenchmarkBoardFirstPage(b *testing.B) {
	d := newDesk(b)
	d.crowd(2000)
	page := func(b *testing.B, board *board) {
		p, err := board.look(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		v := &seat{console: d.console, who: asker{Staff: identity.Staff{Role: identity.Administrator}}, filter: filter{View: viewCards}, speech: d.console.words.English(), rights: map[string]bool{}}
		rows, n, err := v.rows(p)
		if err != nil || n != 2000 {
			b.Fatal(n, err)
		}
		if _, err := io.WriteString(io.Discard, string(rows)); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("asleep", func(b *testing.B) {
		for b.Loop() {
			page(b, newBoard(d.console))
		}
	})
	b.Run("awake", func(b *testing.B) {
		page(b, d.console.board)
		b.ResetTimer()
		for b.Loop() {
			page(b, d.console.board)
		}
	})
}
