package mdm_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/mdm"
)

var _ mdm.Store = (*ledger.Ledger)(nil)

// memory is a store with the ledger's rules and none of its durability.
type memory struct {
	silent   atomic.Bool // as behind a dead network
	mu       sync.Mutex
	down     bool
	readOnly bool // no certificate can be recorded
	devices  map[custody.DeviceID]ledger.Device
	certs    map[string]ledger.Certificate
	order    []string // of issue
	pushes   map[string]ledger.Push
	unlock   map[custody.DeviceID][]byte
	secrets  map[string][]byte
	spent    map[string]bool
	issued   map[string]ledger.Issuance
	errands  []ledger.Errand
	rows     map[custody.DeviceID]custody.Custody
	fleet    custody.FleetKind
	target   custody.LockTarget
	preserve bool // the ward keeps its apps
	leastOS  string
	authed   []ledger.AuthenticateRecord
	outs     []custody.DeviceID
}

func newMemory(fleet custody.FleetKind, ids ...custody.DeviceID) *memory {
	m := &memory{
		devices: map[custody.DeviceID]ledger.Device{}, certs: map[string]ledger.Certificate{},
		pushes: map[string]ledger.Push{}, unlock: map[custody.DeviceID][]byte{},
		secrets: map[string][]byte{}, rows: map[custody.DeviceID]custody.Custody{}, spent: map[string]bool{}, issued: map[string]ledger.Issuance{}, fleet: fleet, target: custody.TargetKioskApp,
	}
	for _, id := range ids {
		m.devices[id] = ledger.Device{ID: id, Ward: "4B"}
	}
	return m
}

// enter locks the store, or says that it is down.
func (m *memory) enter() (func(), error) {
	m.mu.Lock()
	if m.down {
		m.mu.Unlock()
		return func() {}, fmt.Errorf("store: %w", custody.ErrUnavailable)
	}
	return m.mu.Unlock, nil
}

func (m *memory) setDown(down bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = down
}

func get[K comparable, V any](ctx context.Context, m *memory, from map[K]V, key K) (V, error) {
	if m.silent.Load() {
		<-ctx.Done()
		return *new(V), ctx.Err()
	}
	leave, err := m.enter()
	defer leave()
	v, ok := from[key]
	if err == nil && !ok {
		err = custody.ErrNotFound
	}
	return v, err
}

func (m *memory) Device(ctx context.Context, id custody.DeviceID) (ledger.Device, error) {
	return get(ctx, m, m.devices, id)
}

func (m *memory) Certificate(ctx context.Context, hash string) (ledger.Certificate, error) {
	return get(ctx, m, m.certs, hash)
}

func (m *memory) Visitor(ctx context.Context, hash string) (ledger.Visitor, error) {
	c, err := m.Certificate(ctx, hash)
	if err != nil {
		return ledger.Visitor{}, err
	}
	row, err := m.Custody(ctx, c.Device)
	if errors.Is(err, custody.ErrNotFound) { // of a device that no test has given one
		row, err = custody.Custody{Device: c.Device}, nil
	}
	return ledger.Visitor{Certificate: c, Custody: row, Asked: true}, err
}

func (m *memory) Push(ctx context.Context, d custody.DeviceID, user string) (ledger.Push, error) {
	return get(ctx, m, m.pushes, string(d)+"|"+user)
}

func (m *memory) Users(_ context.Context, d custody.DeviceID) (users []string, err error) {
	leave, err := m.enter()
	defer leave()
	for _, p := range m.pushes {
		if p.Device == d && p.User != "" {
			users = append(users, p.User)
		}
	}
	return users, err
}

func (m *memory) Secret(ctx context.Context, d custody.DeviceID, kind string) ([]byte, error) {
	return get(ctx, m, m.secrets, string(d)+"|"+kind)
}

func (m *memory) Policy(context.Context, string) (custody.Policy, error) {
	leave, err := m.enter()
	defer leave()
	p := custody.DefaultPolicy(m.fleet, m.target)
	p.PreserveApps, p.LeastOS = m.preserve, m.leastOS
	return p, err
}

func (m *memory) IssueCertificate(_ context.Context, c ledger.Certificate, spend string) error {
	leave, err := m.enter()
	defer leave()
	if err != nil {
		return err
	}
	if m.readOnly {
		return custody.ErrUnavailable
	}
	if m.spent[spend] {
		return custody.ErrConflict
	}
	m.spent[spend] = true
	m.issued[spend] = ledger.Issuance{Hash: c.Hash, Key: c.Key, DER: c.DER}
	c.Key, c.DER = nil, nil
	m.certs[c.Hash] = c
	m.order = append(m.order, c.Hash)
	return nil
}

func (m *memory) Issued(ctx context.Context, spend string) (ledger.Issuance, error) {
	return get(ctx, m, m.issued, spend)
}

func (m *memory) Custody(ctx context.Context, id custody.DeviceID) (custody.Custody, error) {
	return get(ctx, m, m.rows, id)
}

// enrol is a row whose device has been heard to authenticate.
func (m *memory) enrol(id custody.DeviceID, enrolment string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rows[id] = custody.Custody{Device: id, Ward: "4B", Enrolment: enrolment}
}

func (m *memory) UseRenewal(_ context.Context, hash string) error {
	leave, err := m.enter()
	defer leave()
	switch c := m.certs[hash]; {
	case err != nil:
		return err
	case m.readOnly:
		return custody.ErrUnavailable
	case c.Enrolment == "" || !c.Revoked.IsZero() || !c.Superseded.IsZero():
		return custody.ErrNotFound
	}
	c := m.certs[hash]
	if c.Used.IsZero() {
		c.Used = time.Now()
		m.certs[hash] = c
	}
	for _, h := range m.order[:slices.Index(m.order, hash)] {
		if old := m.certs[h]; old.Device == c.Device && (h == c.Enrolment || old.Enrolment == c.Enrolment) && old.Superseded.IsZero() {
			old.Superseded = time.Now()
			m.certs[h] = old
		}
	}
	return nil
}

func (m *memory) Expiring(_ context.Context, after ledger.Certificate, before time.Time, limit int) (page []ledger.Certificate, err error) {
	leave, err := m.enter()
	defer leave()
	for _, c := range m.certs {
		follows := c.Expires.After(after.Expires) || c.Expires.Equal(after.Expires) && c.Hash > after.Hash
		if c.UDID != "" && c.Revoked.IsZero() && c.Superseded.IsZero() && (c.Enrolment == "" || !c.Used.IsZero()) && c.Expires.Before(before) && follows {
			page = append(page, c)
		}
	}
	slices.SortFunc(page, func(a, b ledger.Certificate) int {
		return cmp.Or(a.Expires.Compare(b.Expires), strings.Compare(a.Hash, b.Hash))
	})
	return page[:min(limit, len(page))], err
}

func (m *memory) Authenticate(_ context.Context, a ledger.AuthenticateRecord) error {
	leave, err := m.enter()
	defer leave()
	if err != nil {
		return err
	}
	c, d := m.certs[a.Hash], m.devices[a.Device]
	for _, other := range m.devices {
		if other.UDID == a.UDID && other.ID != a.Device {
			return custody.ErrConflict
		}
	}
	if c.Device != a.Device || !c.Revoked.IsZero() || (c.UDID != "" && c.UDID != a.UDID) || (d.UDID != "" && d.UDID != a.UDID) {
		return custody.ErrConflict
	}
	c.UDID, d.UDID = a.UDID, a.UDID
	m.certs[a.Hash], m.devices[a.Device] = c, d
	for _, h := range m.order[:slices.Index(m.order, a.Hash)] {
		if old := m.certs[h]; old.Device == a.Device {
			old.Revoked = time.Now()
			m.certs[h] = old
		}
	}
	m.authed = append(m.authed, a)
	return nil
}

func (m *memory) TokenUpdate(_ context.Context, p ledger.Push, unlock []byte) error {
	leave, err := m.enter()
	defer leave()
	if err == nil {
		m.pushes[string(p.Device)+"|"+p.User] = p
		if len(unlock) > 0 {
			m.unlock[p.Device] = unlock
		}
	}
	return err
}

func (m *memory) CheckOut(_ context.Context, d custody.DeviceID) error {
	leave, err := m.enter()
	defer leave()
	m.outs = append(m.outs, d)
	return err
}

func (m *memory) Spend(_ context.Context, key string) error {
	leave, err := m.enter()
	defer leave()
	if err == nil && m.spent[key] {
		err = custody.ErrConflict
	}
	if err == nil {
		m.spent[key] = true
	}
	return err
}

func (m *memory) PutSecret(_ context.Context, d custody.DeviceID, kind string, b []byte) error {
	leave, err := m.enter()
	defer leave()
	if err == nil {
		m.secrets[string(d)+"|"+kind] = b
	}
	return err
}

func (m *memory) ServerSecret(_ context.Context, name string, create func() ([]byte, error)) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if b, ok := m.secrets[name]; ok {
		return b, nil
	}
	b, err := create()
	m.secrets[name] = b
	return b, err
}

func (m *memory) PutErrand(_ context.Context, e ledger.Errand) error {
	leave, err := m.enter()
	defer leave()
	if err == nil && !slices.ContainsFunc(m.errands, func(o ledger.Errand) bool { return o.UUID == e.UUID }) {
		m.errands = append(m.errands, e)
	}
	return err
}

func (m *memory) NextErrand(_ context.Context, d custody.DeviceID, user string, now time.Time) (ledger.Errand, error) {
	leave, err := m.enter()
	defer leave()
	if err != nil {
		return ledger.Errand{}, err
	}
	for _, e := range m.errands {
		if e.Device == d && e.User == user && now.Before(e.Expires) {
			return e, nil
		}
	}
	return ledger.Errand{}, custody.ErrNotFound
}

func (m *memory) EndErrand(_ context.Context, uuid string, d custody.DeviceID, user string) error {
	leave, err := m.enter()
	defer leave()
	if err != nil {
		return err
	}
	n := len(m.errands)
	m.errands = slices.DeleteFunc(m.errands, func(e ledger.Errand) bool { return e.UUID == uuid && e.Device == d && e.User == user })
	if len(m.errands) == n {
		return custody.ErrNotFound
	}
	return nil
}
