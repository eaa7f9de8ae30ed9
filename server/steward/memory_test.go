package steward

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// memory is a ledger in memory, with a switch to be unreachable. The real ones
// pass server/ledger's conformance suite; this one only has to keep the
// contract that the steward relies on.
type memory struct {
	mu       sync.Mutex
	down     bool
	rows     map[custody.DeviceID]custody.Custody
	entries  map[custody.DeviceID][]custody.Entry
	policies map[string]custody.Policy
	buckets  []custody.BucketState
	commits  int
	clock    func() time.Time
	written  map[custody.DeviceID]time.Time
}

func newMemory() *memory {
	m := &memory{rows: map[custody.DeviceID]custody.Custody{}, entries: map[custody.DeviceID][]custody.Entry{}, policies: map[string]custody.Policy{}, written: map[custody.DeviceID]time.Time{}}
	for i := range custody.Buckets {
		m.buckets = append(m.buckets, custody.BucketState{Bucket: i})
	}
	return m
}

func (m *memory) open() error {
	m.mu.Lock()
	if m.down {
		return fmt.Errorf("memory ledger is down: %w", custody.ErrUnavailable)
	}
	return nil
}

func (m *memory) Custody(_ context.Context, id custody.DeviceID) (custody.Custody, error) {
	err := m.open()
	defer m.mu.Unlock()
	if err != nil {
		return custody.Custody{}, err
	}
	c, ok := m.rows[id]
	if !ok {
		return c, custody.ErrNotFound
	}
	return c, nil
}

func (m *memory) CustodyAndPolicy(ctx context.Context, id custody.DeviceID) (custody.Custody, custody.Policy, error) {
	return inTwo(ctx, m, id)
}

// inTwo reads custody and policy one after the other, as the ledger that is
// given answers.
func inTwo(ctx context.Context, l custody.Ledger, id custody.DeviceID) (custody.Custody, custody.Policy, error) {
	c, err := l.Custody(ctx, id)
	if err != nil {
		return c, custody.Policy{}, err
	}
	p, err := l.Policy(ctx, c.Ward)
	return c, p, err
}

func (m *memory) Custodies(_ context.Context, ids []custody.DeviceID) (map[custody.DeviceID]custody.Custody, error) {
	err := m.open()
	defer m.mu.Unlock()
	rows := map[custody.DeviceID]custody.Custody{}
	for _, id := range ids {
		if c, ok := m.rows[id]; ok {
			rows[id] = c
		}
	}
	return rows, err
}

func (m *memory) Commit(_ context.Context, ch custody.Change) error {
	err := m.open()
	defer m.mu.Unlock()
	if err != nil {
		return err
	}
	now := m.rows[ch.Prev.Device]
	if now.Epoch != ch.Prev.Epoch || now.Version != ch.Prev.Version {
		return custody.ErrStale
	}
	m.rows[ch.Next.Device] = ch.Next
	m.entries[ch.Next.Device] = append(m.entries[ch.Next.Device], ch.Entries...)
	m.written[ch.Next.Device] = m.clock()
	m.commits++
	return nil
}

func (m *memory) Policy(_ context.Context, ward string) (custody.Policy, error) {
	err := m.open()
	defer m.mu.Unlock()
	return m.policies[ward], err
}

func (m *memory) Rows(_ context.Context, d time.Duration, each func(custody.Custody) error) error {
	err := m.open()
	since := m.clock().Add(-d)
	var rows []custody.Custody
	for id, c := range m.rows {
		if d <= 0 || !m.written[id].Before(since) {
			rows = append(rows, c)
		}
	}
	m.mu.Unlock()
	for _, c := range rows {
		if err == nil {
			err = each(c)
		}
	}
	return err
}

func (m *memory) Buckets(context.Context) ([]custody.BucketState, error) {
	err := m.open()
	defer m.mu.Unlock()
	return slices.Clone(m.buckets), err
}

func (m *memory) AdoptBucket(_ context.Context, prev, next custody.BucketState) error {
	err := m.open()
	defer m.mu.Unlock()
	if err == nil && m.buckets[prev.Bucket].ID != prev.ID {
		err = custody.ErrStale
	}
	if err == nil {
		m.buckets[prev.Bucket] = next
	}
	return err
}

func (m *memory) BeatBuckets(_ context.Context, beats []custody.BucketState) error {
	err := m.open()
	defer m.mu.Unlock()
	for _, b := range beats {
		if have := &m.buckets[b.Bucket]; err == nil && have.ID == b.ID {
			have.Beat = max(have.Beat, b.Beat)
		}
	}
	return err
}

// stores are what one test's servers share; the test moves their clock.
type stores struct {
	*memory
	redis *redis
}

func newStores() *stores {
	s := &stores{memory: newMemory(), redis: &redis{now: time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)}}
	s.clock = func() time.Time {
		s.redis.mu.Lock()
		defer s.redis.mu.Unlock()
		return s.redis.now
	}
	return s
}

func (s *stores) advance(d time.Duration) {
	s.redis.mu.Lock()
	defer s.redis.mu.Unlock()
	s.redis.now = s.redis.now.Add(d)
}

// crash is what a crash point throws.
type crash struct{}

// crasher makes the n-th write crash: odd points are before a write, even ones after.
type crasher struct{ in int }

func (c *crasher) point() {
	if c.in == 0 {
		return
	}
	if c.in--; c.in == 0 {
		panic(crash{})
	}
}

// crashes runs f and reports whether it crashed.
func crashes(f func()) (crashed bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(crash); !ok {
				panic(r)
			}
			crashed = true
		}
	}()
	f()
	return false
}

// crashLedger and crashLive put a crash point before and after every write.
type crashLedger struct {
	custody.Ledger
	at *crasher
}

func (l crashLedger) Commit(ctx context.Context, ch custody.Change) error {
	l.at.point()
	defer l.at.point()
	return l.Ledger.Commit(ctx, ch)
}

func (l crashLedger) AdoptBucket(ctx context.Context, prev, next custody.BucketState) error {
	l.at.point()
	defer l.at.point()
	return l.Ledger.AdoptBucket(ctx, prev, next)
}

func (l crashLedger) BeatBuckets(ctx context.Context, beats []custody.BucketState) error {
	l.at.point()
	defer l.at.point()
	return l.Ledger.BeatBuckets(ctx, beats)
}

type crashLive struct {
	custody.Live
	at *crasher
}

func (l crashLive) Publish(ctx context.Context, ms ...custody.Mirror) error {
	l.at.point()
	defer l.at.point()
	return l.Live.Publish(ctx, ms...)
}

func (l crashLive) Restrict(ctx context.Context, r custody.Restriction) error {
	l.at.point()
	defer l.at.point()
	return l.Live.Restrict(ctx, r)
}

func (l crashLive) ClaimDue(ctx context.Context, n int, hold time.Duration) ([]custody.Due, error) {
	l.at.point()
	defer l.at.point()
	return l.Live.ClaimDue(ctx, n, hold)
}

func (l crashLive) Adopt(ctx context.Context, b custody.BucketState) error {
	l.at.point()
	defer l.at.point()
	return l.Live.Adopt(ctx, b)
}

func (l crashLive) Owe(ctx context.Context, id custody.DeviceID, e custody.Entry) error {
	l.at.point()
	defer l.at.point()
	return l.Live.Owe(ctx, id, e)
}

func (l crashLive) Settle(ctx context.Context, id custody.DeviceID, n int) error {
	l.at.point()
	defer l.at.point()
	return l.Live.Settle(ctx, id, n)
}
