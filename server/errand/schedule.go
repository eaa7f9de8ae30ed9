package errand

import (
	"cmp"
	"hash/fnv"
	"slices"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// Schedule is how often each kind of inventory is asked; zero: never.
type Schedule struct {
	Device, Security, Profiles, Apps time.Duration
}

// DefaultSchedule asks what changes often four times a day, and lists once.
func DefaultSchedule() Schedule {
	return Schedule{Device: 6 * time.Hour, Security: 6 * time.Hour, Profiles: 24 * time.Hour, Apps: 24 * time.Hour}
}

// firstWithin is how soon a device that has never said anything is asked: a
// whole new fleet is spread over so long.
const firstWithin = 15 * time.Minute

// round is one kind of the schedule: how often, and the fact by which its
// answer is known, whoever asked for it.
type round struct {
	kind  string
	every time.Duration
	fact  string
}

func (s Schedule) rounds() []round {
	return []round{
		{Device, s.Device, plan.FactModel}, {Security, s.Security, plan.FactPasscode},
		{Profiles, s.Profiles, plan.FactProfiles}, {Apps, s.Apps, plan.FactApps},
	}
}

// slot is the last time up to now at which a device's turn came. Turns are
// spread over the period by a hash of the device's id, so that no two servers
// need to agree and no two thousand iPads wake at once; the turns of one device
// fall together where one period is a multiple of another.
func slot(id custody.DeviceID, every time.Duration, now time.Time) time.Time {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // a hash takes everything
	ms := every.Milliseconds()
	offset := int64(h.Sum64() % uint64(ms))
	return time.UnixMilli(now.UnixMilli() - ((now.UnixMilli()-offset)%ms+ms)%ms).UTC()
}

// due is one errand that the schedule asks for. Its expiry is the device's next
// turn, at which it is asked anew.
type due struct {
	device  custody.DeviceID
	kind    string
	since   time.Time
	expires time.Time
}

// times are when something last happened, by device and kind.
type times = map[custody.DeviceID]map[string]time.Time

// dues are what is to be asked of rows at now, the longest due first and at
// most limit devices. A fact that came since the device's turn, by whomever it
// was asked for, counts as the answer; so does an ask, which the device has
// until its next turn to answer.
func (s Schedule) dues(rows []custody.Custody, observed, asked times, now time.Time, limit int) (list []due) {
	for _, c := range rows {
		if !Free(c) {
			continue
		}
		for _, r := range s.rounds() {
			if r.every <= 0 {
				continue
			}
			every, last := r.every, latest(observed[c.Device][r.fact], asked[c.Device][r.kind])
			if last.IsZero() {
				every = min(every, firstWithin)
			}
			if turn := slot(c.Device, every, now); last.Before(turn) {
				list = append(list, due{c.Device, r.kind, turn, turn.Add(every)})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b due) int {
		return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.device, b.device))
	})
	devices := map[custody.DeviceID]bool{}
	return slices.DeleteFunc(list, func(d due) bool {
		if len(devices) < limit {
			devices[d.device] = true
		}
		return !devices[d.device]
	})
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
