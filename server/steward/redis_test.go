package steward

import (
	"context"
	"sync"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// redis is live state in memory, shared by the clients of several servers. It
// keeps the contract of custody.Live that the scripts of server/live keep on a
// real Redis, a thousand times faster than they run here: the model needs that.
type redis struct {
	mu      sync.Mutex
	now     time.Time
	buckets [custody.Buckets]struct {
		id   string
		beat int64
	}
	devs map[custody.DeviceID]*dev
	owed map[custody.DeviceID][]custody.Entry
}

type dev struct {
	m                custody.Mirror
	open, restricted bool
	touched, lockAt  time.Time
	wake             time.Time
}

// empty is what a Redis without its data comes back as.
func (r *redis) empty() {
	r.devs, r.owed = nil, nil
	for i := range r.buckets {
		r.buckets[i].id, r.buckets[i].beat = "", 0
	}
}

// client is one server's view: it expects ids that may be old.
type client struct {
	redis  *redis
	expect [custody.Buckets]string
	beats  [custody.Buckets]int64
}

// in locks and checks the bucket of a device.
func (c *client) in(id custody.DeviceID) (*dev, error) {
	c.redis.mu.Lock()
	b := custody.Bucket(string(id))
	if c.expect[b] == "" || c.redis.buckets[b].id != c.expect[b] {
		return nil, custody.ErrLost
	}
	return c.redis.devs[id], nil
}

func (c *client) Now(_ context.Context, id custody.DeviceID) (custody.Moment, error) {
	_, err := c.in(id)
	defer c.redis.mu.Unlock()
	return custody.Moment{Now: c.redis.now, Owed: len(c.redis.owed[id])}, err
}

func (c *client) Moments(ctx context.Context, ids []custody.DeviceID) ([]custody.Moment, []error) {
	moments, errs := make([]custody.Moment, len(ids)), make([]error, len(ids))
	for i, id := range ids {
		moments[i], errs[i] = c.Now(ctx, id)
	}
	return moments, errs
}

func (c *client) Publish(_ context.Context, ms ...custody.Mirror) error {
	for _, m := range ms {
		if err := c.publish(m); err != nil {
			return err
		}
	}
	return nil
}

func (c *client) publish(m custody.Mirror) error {
	d, err := c.in(m.Row.Device)
	defer c.redis.mu.Unlock()
	if err != nil {
		return err
	}
	r := c.redis
	inUse := m.Row.State == custody.InUse
	same := d != nil && d.m.Row.Epoch == m.Row.Epoch
	if d != nil {
		o := d.m.Row
		if o.Epoch > m.Row.Epoch || (same && o.Version > m.Row.Version) {
			return nil
		}
		if same && o.Version == m.Row.Version && (!inUse || d.open || d.restricted || (!m.Grant && !d.wake.IsZero())) {
			return nil
		}
	}
	n := &dev{m: m, wake: m.Wake}
	switch {
	case inUse && m.Grant:
		n.open, n.touched = true, r.now
	case inUse && same && d.open:
		n.open, n.touched = true, d.touched
	case inUse && same && d.restricted:
		n.restricted, n.lockAt = true, d.lockAt
	case inUse:
		n.lockAt = r.now
	}
	if n.open && m.Lock > 0 {
		n.lockAt = n.touched.Add(m.Lock)
	}
	n.wake = sooner(n.wake, n.lockAt)
	if r.devs == nil {
		r.devs = map[custody.DeviceID]*dev{}
	}
	r.devs[m.Row.Device] = n
	return nil
}

func sooner(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

func (c *client) Restrict(_ context.Context, q custody.Restriction) error {
	d, err := c.in(q.Device)
	defer c.redis.mu.Unlock()
	switch {
	case err != nil:
		return err
	case d == nil || d.m.Row.Epoch != q.Epoch || d.m.Row.Version != q.Version:
		return custody.ErrStale
	case d.m.Row.State != custody.InUse && q.Deadline.IsZero():
		return nil
	case !d.restricted && !q.Deadline.IsZero() && (!d.lockAt.Equal(q.Deadline) || c.redis.now.Before(d.lockAt)):
		return custody.ErrStale
	}
	d.open, d.restricted = false, true
	d.lockAt = sooner(d.lockAt, c.redis.now)
	d.wake = sooner(c.redis.now.Add(q.Retry), d.m.Wake)
	return nil
}

func (c *client) Touch(_ context.Context, id custody.DeviceID, epoch int64) (custody.Session, error) {
	d, err := c.in(id)
	defer c.redis.mu.Unlock()
	switch {
	case err != nil:
		return custody.Session{}, err
	case d == nil:
		return custody.Session{}, custody.ErrNotFound
	case d.m.Row.Epoch != epoch:
		return custody.Session{}, custody.ErrStale
	case !d.open || (!d.lockAt.IsZero() && !c.redis.now.Before(d.lockAt)):
		return custody.Session{}, custody.ErrLocked
	}
	d.touched, d.lockAt = c.redis.now, c.redis.now.Add(d.m.Lock)
	d.wake = sooner(d.m.Wake, d.lockAt)
	return c.session(d), nil
}

func (c *client) session(d *dev) custody.Session {
	s := custody.Session{Device: d.m.Row.Device, State: d.m.Row.State, Epoch: d.m.Row.Epoch, Version: d.m.Row.Version,
		Holder: d.m.Row.Holder, Open: d.open, Touched: d.touched, LockAt: d.lockAt, Now: c.redis.now}
	if d.restricted {
		s.State = custody.Locked
	}
	return s
}

func (c *client) Session(_ context.Context, id custody.DeviceID) (custody.Session, error) {
	d, err := c.in(id)
	defer c.redis.mu.Unlock()
	if err != nil || d == nil {
		return custody.Session{}, orNotFound(err)
	}
	return c.session(d), nil
}

func (c *client) Mirror(_ context.Context, id custody.DeviceID) (custody.Mirror, error) {
	d, err := c.in(id)
	defer c.redis.mu.Unlock()
	if err != nil || d == nil {
		return custody.Mirror{}, orNotFound(err)
	}
	return d.m, nil
}

func orNotFound(err error) error {
	if err == nil {
		return custody.ErrNotFound
	}
	return err
}

func (c *client) ClaimDue(_ context.Context, _ int, hold time.Duration) ([]custody.Due, error) {
	c.redis.mu.Lock()
	defer c.redis.mu.Unlock()
	now := c.redis.now
	var dues []custody.Due
	for id, d := range c.redis.devs {
		if b := custody.Bucket(string(id)); c.redis.buckets[b].id != c.expect[b] || d.wake.IsZero() || now.Before(d.wake) {
			continue
		}
		due := custody.Due{Device: id, Epoch: d.m.Row.Epoch, Version: d.m.Row.Version, Deadline: d.m.Wake, Now: now}
		if !d.lockAt.IsZero() && !now.Before(d.lockAt) {
			due.Idle, due.Deadline = true, d.lockAt
			d.open, d.restricted = false, true
		}
		d.wake = now.Add(hold)
		dues = append(dues, due)
	}
	return dues, nil
}

func (c *client) Owe(_ context.Context, id custody.DeviceID, e custody.Entry) error {
	_, err := c.in(id)
	defer c.redis.mu.Unlock()
	if err == nil {
		if c.redis.owed == nil {
			c.redis.owed = map[custody.DeviceID][]custody.Entry{}
		}
		c.redis.owed[id] = append(c.redis.owed[id], e)
	}
	return err
}

func (c *client) Owed(_ context.Context, id custody.DeviceID) ([]custody.Entry, error) {
	_, err := c.in(id)
	defer c.redis.mu.Unlock()
	return c.redis.owed[id], err
}

func (c *client) Settle(_ context.Context, id custody.DeviceID, n int) error {
	_, err := c.in(id)
	defer c.redis.mu.Unlock()
	if err == nil {
		c.redis.owed[id] = c.redis.owed[id][min(n, len(c.redis.owed[id])):]
	}
	return err
}

func (c *client) Beat(context.Context) ([]custody.BucketState, error) {
	c.redis.mu.Lock()
	defer c.redis.mu.Unlock()
	var out []custody.BucketState
	for i := range c.redis.buckets {
		b := &c.redis.buckets[i]
		if b.id != "" && b.id == c.expect[i] && b.beat >= c.beats[i] {
			b.beat++
		}
		out = append(out, custody.BucketState{Bucket: i, ID: b.id, Beat: b.beat})
	}
	return out, nil
}

func (c *client) Adopt(_ context.Context, s custody.BucketState) error {
	c.redis.mu.Lock()
	defer c.redis.mu.Unlock()
	if b := c.redis.buckets[s.Bucket]; b.id != "" && b.id != s.ID && b.beat >= s.Beat {
		return custody.ErrStale
	}
	c.redis.buckets[s.Bucket].id, c.redis.buckets[s.Bucket].beat = s.ID, s.Beat
	for id := range c.redis.devs {
		if custody.Bucket(string(id)) == s.Bucket {
			delete(c.redis.devs, id)
		}
	}
	c.expect[s.Bucket], c.beats[s.Bucket] = s.ID, s.Beat
	return nil
}

func (c *client) Expect(bs []custody.BucketState) {
	c.redis.mu.Lock()
	defer c.redis.mu.Unlock()
	for _, b := range bs {
		c.expect[b.Bucket], c.beats[b.Bucket] = b.ID, b.Beat
	}
}

var _ custody.Live = (*client)(nil)
