package ledger

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// settle answers every member of a batch. One transaction serves all unless
// SQL refuses it; then each gets one of its own, so that a bad member harms
// nobody but itself.
func (c *committer) settle(batch []*member) {
	if len(batch) == 0 {
		return
	}
	// In the order of the devices; a device's own members stay in the order they came.
	slices.SortStableFunc(batch, func(a, b *member) int { return cmp.Compare(a.row.Device, b.row.Device) })
	sent, err := c.try(batch)
	if err == nil {
		answerAll(batch, nil)
		return
	}
	c.log.Warn("a batch of custody changes failed", "members", len(batch), "commit_sent", sent, "err", err)
	if !sent && unreachable(err) {
		answerAll(batch, failed(context.Background(), "writing", err))
		return
	}
	for i, m := range batch {
		err := c.single(m)
		if err != nil && unreachable(err) { // it would meet the others too, each for a timeout
			for _, rest := range batch[i:] {
				answerAll([]*member{rest}, rest.unknownOr(err))
			}
			return
		}
		answerAll([]*member{m}, failed(context.Background(), "writing", err))
	}
}

// answerAll tells each member err, or its verdict if err is nil.
func answerAll(members []*member, err error) {
	for _, m := range members {
		m.answer <- cmp.Or(err, m.verdict)
	}
}

// unknownOr is the answer to a member that err kept from being settled. If it
// has been in a transaction whose COMMIT was sent, nobody can tell.
func (m *member) unknownOr(err error) error {
	if m.attempt != "" {
		return fmt.Errorf("the outcome is unknown: %w", failed(context.Background(), "writing", err))
	}
	return failed(context.Background(), "writing", err)
}

// single runs one member in a transaction of its own, again if two servers
// stood in each other's way.
func (c *committer) single(m *member) (err error) {
	for range 3 {
		if _, err = c.try([]*member{m}); err == nil || !passing(err) {
			return err
		}
	}
	return err
}

// try runs one transaction over members and leaves their verdicts with them.
// sent tells whether COMMIT left, so that the outcome may be other than err says.
func (c *committer) try(members []*member) (sent bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), c.timeout)
	defer cancel()
	tx, err := c.db.write.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer tx.Rollback() // after a commit it does nothing
	work := batchWork{db: c.db, prepared: c.prepared, tx: tx, name: rand.Text(), rows: map[custody.DeviceID]*custodyRow{}, wrote: map[*member]bool{}}
	if err := work.read(ctx, members); err != nil {
		return false, err
	}
	verdicts := make([]error, len(members))
	for i, m := range members {
		verdicts[i] = work.place(m)
	}
	if len(work.changed) > 0 {
		err = work.write(ctx)
	}
	if err != nil {
		return false, err
	}
	for i, m := range members {
		if m.verdict = verdicts[i]; work.wrote[m] {
			m.attempt = work.name
		}
	}
	return true, c.finish(tx)
}

// batchWork is one transaction's view of the rows that its members are about.
type batchWork struct {
	db *database
	prepared
	tx      bun.Tx
	name    string
	rows    map[custody.DeviceID]*custodyRow // as they stand, members placed so far included
	wrote   map[*member]bool
	changed []*nextRow
	entries []historyRow
	wipes   []*wipeRow
	urgent  []emergencyRow
	moves   []move
	uses    map[useKey]int
}

// nextRow is a row to be written, and what it must be written over.
type nextRow struct {
	*custodyRow `bun:",extend"`
	WasEpoch    int64 `bun:"was_epoch,type:bigint"`
	WasVersion  int64 `bun:"was_version,type:bigint"`
}

// read locks the rows. PostgreSQL locks in the order of the result, so two
// servers' batches never wait for each other crosswise.
func (w *batchWork) read(ctx context.Context, members []*member) error {
	ids := make([]custody.DeviceID, 0, len(members))
	for _, m := range members {
		ids = append(ids, m.row.Device)
	}
	var rows []*custodyRow
	q := w.tx.NewSelect().Model(&rows).Column("device", "epoch", "version", "entries", "attempt").
		Where("device IN (?)", bun.List(slices.Compact(ids))).OrderExpr("device")
	if err := w.db.locked(q).Scan(ctx); err != nil {
		return err
	}
	for _, r := range rows {
		w.rows[r.Device] = r
	}
	return nil
}

// place applies m to its row as it stands, and says what m is to be told.
func (w *batchWork) place(m *member) error {
	row, prev := w.rows[m.row.Device], m.change.Prev
	switch {
	case row == nil:
		return fmt.Errorf("device %s: %w", m.row.Device, custody.ErrNotFound)
	case m.attempt != "" && row.Attempt == m.attempt:
		return nil // the transaction whose answer was lost did commit
	case row.Epoch != prev.Epoch || row.Version != prev.Version:
		if m.attempt != "" && row.Version > m.row.Version {
			return fmt.Errorf("the outcome is unknown, the row has moved on: %w", custody.ErrUnavailable)
		}
		return custody.ErrStale
	}
	if row.Attempt != w.name {
		w.changed = append(w.changed, &nextRow{custodyRow: row, WasEpoch: row.Epoch, WasVersion: row.Version})
	}
	w.wrote[m] = true
	for i, body := range m.entries {
		w.entries = append(w.entries, historyRow{Device: row.Device, Seq: row.Entries + int64(i) + 1, Body: body})
	}
	w.urgent = append(w.urgent, m.urgent...)
	w.counted(m.uses)
	if m.wipe != nil {
		ended := *m.wipe // the member's own stays as it is: it may be tried again
		w.ended(&ended)
	}
	if m.change.Prev.Ward != m.change.Next.Ward {
		w.moves = append(w.moves, newMove(m.change))
	}
	next := m.row
	next.Entries, next.Attempt = row.Entries+int64(len(m.entries)), w.name
	*row = next
	return nil
}

// write stores what was placed: the rows and the history, and one statement
// where wipes ended and one where a ward's use is counted.
func (w *batchWork) write(ctx context.Context) error {
	if err := w.updateRows(ctx); err != nil {
		return err
	}
	if err := w.writeWipes(ctx); err != nil {
		return err
	}
	if err := w.writeEmergencies(ctx); err != nil {
		return err
	}
	if err := w.writeMoves(ctx); err != nil {
		return err
	}
	if err := w.writeHistory(ctx); err != nil {
		return err
	}
	return w.writeUses(ctx)
}
