package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// Touch is evidence of presence: it moves the deadlines of an open session of
// that epoch and takes a shown warning away, in one round trip. A session past
// its lock deadline is over even if no sweeper has come by: ErrLocked.
func (l *Live) Touch(ctx context.Context, id custody.DeviceID, epoch int64) (custody.Session, error) {
	return l.TouchAt(ctx, id, epoch, 0)
}

// TouchAt is Touch if live's row has that version, and ErrStale otherwise; 0: any.
func (l *Live) TouchAt(ctx context.Context, id custody.DeviceID, epoch, version int64) (custody.Session, error) {
	b := bucketOf(id)
	r := read(l.runGated(ctx, b, touchScript, []string{b.dev + string(id), b.wake, b.feed}, string(id), epoch, version))
	now := r.when()
	s := custody.Session{
		Device: id, State: custody.InUse, Epoch: epoch, Open: true, Touched: now, Now: now,
		Version: r.number(), Holder: r.text(), WarnAt: r.when(), LockAt: r.when(),
	}
	if r.err != nil {
		return custody.Session{}, failed(r.err, "touching %s", id)
	}
	return s, nil
}

// Restrict closes a device's session before SQL is told (hand-over rule 1):
// every later touch is answered ErrLocked. It answers ErrStale if live does
// not have exactly that epoch and version, so a caller whose row is newer
// publishes it first; or if Deadline is set and is not the session's any more,
// to the ms, or has not passed by Redis' TIME. Repeating it for the same epoch
// and version succeeds, and so does restricting a row that has no session to close.
//
// Until a newer row is published the device comes due again, as idle, Retry
// after each Restrict.
func (l *Live) Restrict(ctx context.Context, r custody.Restriction) error {
	b := bucketOf(r.Device)
	_, err := l.runGated(ctx, b, restrictScript, []string{b.dev + string(r.Device), b.wake, b.feed},
		string(r.Device), r.Epoch, r.Version, toMillis(r.Deadline), span(r.Retry))
	return failed(err, "restricting %s", r.Device)
}

// sessionFields are what a Session is read from, in the order of decodeSession.
var sessionFields = []any{"epoch", "version", "state", "holder", "mode", "touched", "warn_at", "lock_at"}

func (l *Live) sessionCall(id custody.DeviceID) (call, error) {
	b := bucketOf(id)
	return l.gated(b, readScript, []string{b.dev + string(id)}, sessionFields...)
}

func decodeSession(id custody.DeviceID, v any, err error) (custody.Session, error) {
	r := read(v, err)
	now := r.when()
	if r.err == nil && !r.more() {
		return custody.Session{}, custody.ErrNotFound
	}
	s := custody.Session{Device: id, Now: now, Epoch: r.number(), Version: r.number(),
		State: custody.State(r.text()), Holder: r.text()}
	mode := r.text()
	s.Touched, s.WarnAt, s.LockAt = r.when(), r.when(), r.when()
	switch mode { // see scripts/publish.lua
	case "open", "warned":
		s.Warned = mode == "warned"
		s.Open = s.LockAt.IsZero() || now.Before(s.LockAt)
	case "restricted":
		s.State = custody.Locked
	}
	return s, r.err
}

// Session reads without touching. Open is false from the lock deadline on,
// whether a sweeper has come by or not. ErrNotFound if the device is not mirrored.
func (l *Live) Session(ctx context.Context, id custody.DeviceID) (custody.Session, error) {
	c, err := l.sessionCall(id)
	if err != nil {
		return custody.Session{}, failed(err, "reading the session of %s", id)
	}
	v, err := l.run(ctx, c)
	s, err := decodeSession(id, v, err)
	return s, failed(err, "reading the session of %s", id)
}

// Sessions reads many sessions in one pipeline, for lists. Devices that are
// not mirrored are left out. What could be read is returned beside the error.
func (l *Live) Sessions(ctx context.Context, ids ...custody.DeviceID) (map[custody.DeviceID]custody.Session, error) {
	var errs []error
	var calls []call
	var asked []custody.DeviceID
	for _, id := range ids {
		c, err := l.sessionCall(id)
		if err != nil {
			errs = note(errs, failed(err, "reading sessions"))
			continue
		}
		calls, asked = append(calls, c), append(asked, id)
	}
	sessions := make(map[custody.DeviceID]custody.Session, len(ids))
	for i, r := range l.runAll(ctx, calls) {
		v, err := r.Result()
		switch s, err := decodeSession(asked[i], v, err); {
		case err == nil:
			sessions[asked[i]] = s
		case !errors.Is(err, custody.ErrNotFound):
			errs = note(errs, failed(err, "reading sessions"))
		}
	}
	return sessions, errors.Join(errs...)
}

// Mirror returns the row as it was last published, with its timings and lock
// command. Grant is never set. ErrNotFound if the device is not mirrored.
func (l *Live) Mirror(ctx context.Context, id custody.DeviceID) (custody.Mirror, error) {
	b := bucketOf(id)
	r := read(l.runGated(ctx, b, readScript, []string{b.row + string(id)},
		"row", "warn", "lock", "wake", "lock_command", "lock_uuid"))
	r.when()
	if r.err == nil && !r.more() {
		r.err = custody.ErrNotFound
	}
	row, warn, lock := r.text(), r.number(), r.number()
	m := custody.Mirror{
		Warn: time.Duration(warn) * time.Millisecond, Lock: time.Duration(lock) * time.Millisecond,
		Wake: r.when(),
	}
	if command := r.text(); command != "" {
		m.LockCommand = []byte(command)
	}
	m.LockUUID = r.text()
	if r.err == nil {
		if err := json.Unmarshal([]byte(row), &m.Row); err != nil {
			r.err = fmt.Errorf("decoding the row: %w", err)
		}
	}
	if r.err != nil {
		return custody.Mirror{}, failed(r.err, "reading the mirror of %s", id)
	}
	return m, nil
}
