package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/padwarden/padwarden/server/custody"
)

// publishBatch bounds one pipeline; a row and its lock command are about 2 KB.
const publishBatch = 256

// Publish writes each mirror's whole row if its (epoch, version) is greater
// than what live has (hand-over rule 7), and leaves the others alone.
//
// An in_use row published with Grant opens the session: touched now, deadlines
// from Warn and Lock. Published without it, an open session of that epoch goes
// on with its touches, one that was restricted stays closed, and where there
// is none the device is due at once as idle. An equal (epoch, version) mends
// such a device: a Grant opens it, if it was not restricted meanwhile.
//
// The mirrors that can be written are written even if others fail; the error
// then wraps what went wrong, once for each kind.
func (l *Live) Publish(ctx context.Context, ms ...custody.Mirror) error {
	var errs []error
	calls := make([]call, 0, min(len(ms), publishBatch))
	send := func() {
		for _, r := range l.runAll(ctx, calls) {
			errs = note(errs, failed(r.Err(), "publishing"))
		}
		calls = calls[:0]
	}
	for _, m := range ms {
		c, err := l.publication(m)
		if err != nil {
			errs = note(errs, failed(err, "publishing %s", m.Row.Device))
			continue
		}
		if calls = append(calls, c); len(calls) == publishBatch {
			send()
		}
	}
	send()
	return errors.Join(errs...)
}

func (l *Live) publication(m custody.Mirror) (call, error) {
	if m.Warn < 0 || m.Lock < 0 {
		return call{}, fmt.Errorf("%w: an idle time is below 0 (warn %s, lock %s)", custody.ErrConflict, m.Warn, m.Lock)
	}
	row, err := json.Marshal(m.Row)
	if err != nil {
		return call{}, fmt.Errorf("%w: encoding the row: %w", custody.ErrConflict, err)
	}
	r, b, grant := m.Row, bucketOf(m.Row.Device), 0
	if m.Grant {
		grant = 1
	}
	return l.gated(b, publishScript, []string{b.dev + string(r.Device), b.row + string(r.Device), b.wake, b.feed, b.members},
		string(r.Device), r.Ward, r.Epoch, r.Version, string(r.State), r.Holder, row,
		span(m.Warn), span(m.Lock), toMillis(m.Wake), grant, m.LockCommand, m.LockUUID)
}

// note keeps the first error of each kind, so that a thousand devices of one
// lost bucket make one line.
func note(errs []error, err error) []error {
	if err == nil {
		return errs
	}
	for _, kind := range []error{custody.ErrLost, custody.ErrUnavailable, custody.ErrConflict} {
		if !errors.Is(err, kind) {
			continue
		}
		for _, e := range errs {
			if errors.Is(e, kind) {
				return errs
			}
		}
	}
	return append(errs, err)
}
