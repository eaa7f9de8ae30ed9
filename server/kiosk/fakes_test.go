package kiosk

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/padwarden/padwarden/server/badge"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// ward is everything behind the page, in memory, on a clock that only a test
// moves. Custody is decided by the real table.
type ward struct {
	mu       sync.Mutex
	now      time.Time
	rows     map[custody.DeviceID]custody.Custody
	sessions map[custody.DeviceID]custody.Session
	names    map[string]string // clinicians
	pins     map[string]string
	badges   map[string]string
	readers  map[string]ledger.Reader
	spent    map[string]bool
	values   map[string][]byte
	counts   map[string]int64
	ends     map[string]time.Time
	watching map[custody.DeviceID][]chan []custody.DeviceID
	policy   custody.Policy
	format   badge.Format
	entries  []custody.Entry
	codes    map[string][]byte // sealed ones, by ward
	revoked  map[string]bool
	called   map[custody.DeviceID]string // devices, by another name than theirs
	wardName string
	deeds    []ledger.PersonDeed
	touches  int // that live was told of
	liveDown error
	noPeople error // the ledger cannot tell whose badge it is
}

func newWard() *ward {
	return &ward{
		now:  time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC),
		rows: map[custody.DeviceID]custody.Custody{}, sessions: map[custody.DeviceID]custody.Session{},
		names: map[string]string{}, pins: map[string]string{}, badges: map[string]string{}, readers: map[string]ledger.Reader{},
		spent: map[string]bool{}, values: map[string][]byte{}, counts: map[string]int64{}, ends: map[string]time.Time{},
		watching: map[custody.DeviceID][]chan []custody.DeviceID{},
		policy:   custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp),
		codes:    map[string][]byte{}, revoked: map[string]bool{},
		called: map[custody.DeviceID]string{}, wardName: "Ward 4B",
	}
}

func (w *ward) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *ward) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
	for key, end := range w.ends {
		if !w.now.Before(end) {
			delete(w.ends, key)
			delete(w.values, key)
			delete(w.counts, key)
		}
	}
}

// Apply is the steward: the real table, then live.
func (w *ward) Apply(_ context.Context, id custody.DeviceID, e custody.Event) (custody.Custody, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out, err := custody.Decide(w.rows[id], e, w.policy, w.now)
	if err != nil {
		return w.rows[id], err
	}
	w.publish(out.Next)
	w.entries = append(w.entries, out.Entries...)
	return out.Next, nil
}

func (w *ward) publish(row custody.Custody) {
	w.rows[row.Device] = row
	s := custody.Session{Device: row.Device, State: row.State, Epoch: row.Epoch, Version: row.Version, Holder: row.Holder, Now: w.now}
	if row.State == custody.InUse {
		warn, lock := custody.IdleTimes(row, w.policy)
		s.Open, s.Touched, s.WarnAt, s.LockAt = true, w.now, w.now.Add(warn), w.now.Add(lock)
	}
	w.sessions[row.Device] = s
	for _, ch := range w.watching[row.Device] {
		select {
		case ch <- []custody.DeviceID{row.Device}:
		default:
		}
	}
}

// set changes a row as the rest of the house would.
func (w *ward) set(id custody.DeviceID, change func(*custody.Custody)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	row := w.rows[id]
	change(&row)
	row.Version++
	w.publish(row)
}

func (w *ward) row(id custody.DeviceID) custody.Custody {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rows[id]
}

func (w *ward) Custody(_ context.Context, id custody.DeviceID) (custody.Custody, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	row, ok := w.rows[id]
	if !ok {
		return row, custody.ErrNotFound
	}
	return row, nil
}

func (w *ward) Device(ctx context.Context, id custody.DeviceID) (ledger.Device, error) {
	row, err := w.Custody(ctx, id)
	w.mu.Lock()
	defer w.mu.Unlock()
	return ledger.Device{ID: id, Ward: row.Ward, Name: w.name(id)}, err
}

func (w *ward) name(id custody.DeviceID) string { return cmp.Or(w.called[id], "4B-"+string(id[1:])) }

func (w *ward) Devices(ctx context.Context, ward string) ([]ledger.Device, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var ds []ledger.Device
	for id, row := range w.rows {
		if row.Ward == ward {
			ds = append(ds, ledger.Device{ID: id, Ward: ward, Name: w.name(id)})
		}
	}
	slices.SortFunc(ds, func(a, b ledger.Device) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return ds, nil
}

func (w *ward) Policy(context.Context, string) (custody.Policy, error) { return w.policy, nil }

func (w *ward) Ward(context.Context, string) (ledger.Ward, error) {
	return ledger.Ward{ID: "4B", Name: w.wardName, Policy: w.policy, Badges: w.format}, nil
}

func (w *ward) HeldBy(_ context.Context, clinician string) (held []custody.Custody, _ error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, row := range w.rows {
		if row.Holder == clinician {
			held = append(held, row)
		}
	}
	return held, nil
}

func (w *ward) Badge(_ context.Context, hash []byte) (ledger.Badge, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	id, ok := w.badges[hex.EncodeToString(hash)]
	if !ok && !w.revoked[hex.EncodeToString(hash)] {
		return ledger.Badge{}, custody.ErrNotFound
	}
	return ledger.Badge{Hash: hash, Clinician: id}, nil
}

func (w *ward) ChangePerson(_ context.Context, c ledger.PersonChange) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range c.Badges {
		key := hex.EncodeToString(b.Hash)
		if w.badges[key] != "" || w.revoked[key] {
			return custody.ErrConflict
		}
		w.badges[key] = c.ID
	}
	w.deeds = append(w.deeds, c.Deeds...)
	return nil
}

// emergencies reads the history as the ledger's projection does.
func (w *ward) emergencies() (all []custody.Emergency) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.entries {
		switch e.Kind {
		case custody.KindEmergency:
			all = append(all, custody.Emergency{Device: e.Device, Version: e.Version, Clinician: e.Actor, Opened: e.At})
		case custody.KindExplained:
			for i := range all {
				if all[i].Device == e.Device && all[i].Version == e.Run {
					all[i].Reason, all[i].Explained = e.Detail, e.At
				}
			}
		}
	}
	return all
}

func (w *ward) Unexplained(_ context.Context, clinician string) ([]custody.Emergency, error) {
	return slices.DeleteFunc(w.emergencies(), func(e custody.Emergency) bool { return e.Clinician != clinician || !e.Explained.IsZero() }), nil
}

func (w *ward) Emergency(_ context.Context, id custody.DeviceID, version int64) (custody.Emergency, error) {
	for _, e := range w.emergencies() {
		if e.Device == id && e.Version == version {
			return e, nil
		}
	}
	return custody.Emergency{}, custody.ErrNotFound
}

func (w *ward) EmergencyCode(_ context.Context, ward string) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.codes[ward] != nil, nil
}

func (w *ward) SetEmergencyCode(_ context.Context, ward string, hash []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.codes[ward] = hash
	return nil
}

func (w *ward) TakeEmergencyCode(_ context.Context, ward string, hash []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.codes[ward] == nil || !bytes.Equal(w.codes[ward], hash) {
		return custody.ErrNotFound
	}
	delete(w.codes, ward)
	return nil
}

func (w *ward) AddClinician(_ context.Context, c ledger.Clinician) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.names[c.ID] = c.Name
	return nil
}

func (w *ward) clinician(id string) ledger.Clinician {
	return ledger.Clinician{ID: id, Name: w.names[id], Account: id + "@example.appleid.com", PIN: w.pins[id], Active: true}
}

func (w *ward) Clinician(_ context.Context, id string) (ledger.Clinician, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.names[id] == "" {
		return ledger.Clinician{}, custody.ErrNotFound
	}
	return w.clinician(id), nil
}

func (w *ward) ClinicianByBadge(_ context.Context, hash []byte, _ time.Time) (ledger.Clinician, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.noPeople != nil {
		return ledger.Clinician{}, w.noPeople
	}
	id, ok := w.badges[hex.EncodeToString(hash)]
	if !ok {
		return ledger.Clinician{}, custody.ErrNotFound
	}
	return w.clinician(id), nil
}

func (w *ward) SetPIN(_ context.Context, clinician, pin string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pins[clinician] = pin
	return nil
}

func (w *ward) Reader(_ context.Context, id string) (ledger.Reader, error) {
	r, ok := w.readers[id]
	if !ok {
		return r, custody.ErrNotFound
	}
	return r, nil
}

func (w *ward) Spend(_ context.Context, key string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.spent[key] {
		return custody.ErrConflict
	}
	w.spent[key] = true
	return nil
}

// VerifyKioskSecret reads "device.epoch.run".
func (w *ward) VerifyKioskSecret(secret string) (id custody.DeviceID, epoch, run int64, err error) {
	part := strings.Split(secret, ".")
	if len(part) != 3 {
		return "", 0, 0, errors.New("forged")
	}
	_, err = fmt.Sscanf(part[1]+" "+part[2], "%d %d", &epoch, &run)
	return custody.DeviceID(part[0]), epoch, run, err
}

func (w *ward) Session(_ context.Context, id custody.DeviceID) (custody.Session, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.sessions[id]
	if w.liveDown != nil {
		return custody.Session{}, w.liveDown
	}
	if !ok {
		return s, custody.ErrNotFound
	}
	s.Now = w.now
	return s, nil
}

func (w *ward) Sessions(ctx context.Context, ids ...custody.DeviceID) (map[custody.DeviceID]custody.Session, error) {
	all := map[custody.DeviceID]custody.Session{}
	for _, id := range ids {
		if s, err := w.Session(ctx, id); err == nil {
			all[id] = s
		}
	}
	return all, nil
}

func (w *ward) Touch(_ context.Context, id custody.DeviceID, epoch int64) (custody.Session, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.sessions[id]
	switch {
	case w.liveDown != nil:
		return s, w.liveDown
	case !ok:
		return s, custody.ErrLost
	case s.Epoch != epoch:
		return s, custody.ErrStale
	case !s.Open:
		return s, custody.ErrLocked
	}
	w.touches++
	s.Touched, s.WarnAt, s.LockAt, s.Warned = w.now, w.now.Add(w.policy.Warn), w.now.Add(w.policy.Lock), false
	w.sessions[id] = s
	return s, nil
}

func (w *ward) TouchAt(ctx context.Context, id custody.DeviceID, epoch, version int64) (custody.Session, error) {
	if s, err := w.Session(ctx, id); err != nil || s.Version != version {
		return s, cmp.Or(err, custody.ErrStale)
	}
	s, err := w.Touch(ctx, id, epoch)
	s.Now = w.now
	return s, err
}

func (w *ward) SubscribeDevice(id custody.DeviceID) (<-chan []custody.DeviceID, func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ch := make(chan []custody.DeviceID, 1)
	w.watching[id] = append(w.watching[id], ch)
	return ch, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.watching[id] = slices.DeleteFunc(w.watching[id], func(c chan []custody.DeviceID) bool { return c == ch })
	}
}

func (w *ward) watchers(id custody.DeviceID) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.watching[id])
}

func (w *ward) Say(_ context.Context, id custody.DeviceID, _, _ string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, ch := range w.watching[id] {
		select {
		case ch <- []custody.DeviceID{id}:
		default:
		}
	}
	return nil
}

func (w *ward) Put(_ context.Context, key string, v []byte, ttl time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.values[key], w.ends[key] = bytes.Clone(v), w.now.Add(ttl)
	return w.liveDown
}

func (w *ward) PutIfAbsent(ctx context.Context, key string, v []byte, ttl time.Duration) error {
	if _, err := w.Get(ctx, key); err == nil {
		return custody.ErrConflict
	}
	return w.Put(ctx, key, v, ttl)
}

func (w *ward) Get(_ context.Context, key string) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.liveDown != nil {
		return nil, w.liveDown
	}
	v, ok := w.values[key]
	if !ok {
		return nil, custody.ErrNotFound
	}
	return v, nil
}

func (w *ward) Take(ctx context.Context, key string) ([]byte, error) {
	v, err := w.Get(ctx, key)
	return v, errors.Join(err, w.Delete(ctx, key))
}

func (w *ward) Delete(_ context.Context, key string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.values, key)
	return nil
}

func (w *ward) Count(_ context.Context, key string, ttl time.Duration) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.counts[key] == 0 {
		w.ends[key] = w.now.Add(ttl)
	}
	w.counts[key]++
	return w.counts[key], w.liveDown
}

func (w *ward) Peek(_ context.Context, key string) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.counts[key], w.liveDown
}

func (w *ward) Forget(_ context.Context, key string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.counts, key)
	return nil
}
