package live

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/padwarden/padwarden/server/custody"
)

// mostOwed bounds a device's owed list. Only lock steps may be handed over
// while SQL cannot be reached, so a list this long means that nobody settles.
const mostOwed = 256

// Now returns Redis' TIME for a device, and how many history entries it owes.
func (l *Live) Now(ctx context.Context, id custody.DeviceID) (custody.Moment, error) {
	c, err := l.momentCall(id)
	if err != nil {
		return custody.Moment{}, failed(err, "reading the time for %s", id)
	}
	v, err := l.run(ctx, c)
	return decodeMoment(id, v, err)
}

// Moments is Now for many devices, in one pipeline: an answer or an error for each.
func (l *Live) Moments(ctx context.Context, ids []custody.DeviceID) ([]custody.Moment, []error) {
	answers, errs := l.each(ctx, len(ids), func(i int) (call, error) { return l.momentCall(ids[i]) })
	moments := make([]custody.Moment, len(ids))
	for i, id := range ids {
		moments[i], errs[i] = decodeMoment(id, answers[i], errs[i])
	}
	return moments, errs
}

func (l *Live) momentCall(id custody.DeviceID) (call, error) {
	b := bucketOf(id)
	return l.gated(b, momentScript, []string{b.owed + string(id)})
}

func decodeMoment(id custody.DeviceID, v any, err error) (custody.Moment, error) {
	r := read(v, err)
	m := custody.Moment{Now: r.when(), Owed: int(r.number())}
	return m, failed(r.err, "reading the time for %s", id)
}

// Owe keeps an entry that must reach history before the device's next change
// (hand-over rule 10). It outlives the bucket's adoption, but not the loss of
// Redis. ErrUnavailable if the list is full: then nothing may be handed over.
func (l *Live) Owe(ctx context.Context, id custody.DeviceID, e custody.Entry) error {
	entry, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("owing an entry of %s: %w: %w", id, custody.ErrConflict, err)
	}
	b := bucketOf(id)
	_, err = l.runGated(ctx, b, oweScript, []string{b.owed + string(id)}, entry, mostOwed)
	return failed(err, "owing an entry of %s", id)
}

// Owed returns the entries owed, oldest first.
func (l *Live) Owed(ctx context.Context, id custody.DeviceID) ([]custody.Entry, error) {
	b := bucketOf(id)
	r := read(l.runGated(ctx, b, owedScript, []string{b.owed + string(id)}))
	var entries []custody.Entry
	for r.more() {
		var e custody.Entry
		if err := json.Unmarshal([]byte(r.text()), &e); err != nil {
			r.err = fmt.Errorf("decoding an owed entry: %w", err)
			break
		}
		entries = append(entries, e)
	}
	return entries, failed(r.err, "reading what %s owes", id)
}

// Settle drops the n oldest owed entries once they are in history. Only
// whoever wrote them may settle them, and only once.
func (l *Live) Settle(ctx context.Context, id custody.DeviceID, n int) error {
	if n <= 0 {
		return nil
	}
	b := bucketOf(id)
	_, err := l.runGated(ctx, b, settleScript, []string{b.owed + string(id)}, n)
	return failed(err, "settling what %s owes", id)
}
