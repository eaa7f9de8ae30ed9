package console

import (
	"fmt"
	"io"
	"testing"
	"time"

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
