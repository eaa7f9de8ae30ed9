package errand

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

func TestSlots(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := custody.DeviceID(rapid.String().Draw(t, "id"))
		every := time.Duration(rapid.Int64Range(1, 1e9).Draw(t, "every")) * time.Millisecond
		now := time.UnixMilli(rapid.Int64Range(-1e12, 4e12).Draw(t, "now")).UTC()
		turn := slot(id, every, now)
		if turn.After(now) || now.Sub(turn) >= every {
			t.Fatalf("%s at %s", turn, now)
		}
		if next := slot(id, every, turn.Add(every)); !next.Equal(turn.Add(every)) {
			t.Fatalf("after %s comes %s, want %s later", turn, next, every)
		}
	})
}

func fleet(n int) (rows []custody.Custody) {
	for i := range n {
		c := idle()
		c.Device = custody.DeviceID(fmt.Sprintf("DMQX%06d", i))
		rows = append(rows, c)
	}
	return rows
}

// iPads that answer at once do not wake together: no minute of a day has much
// more than its share, and each is asked as often as it should be.
func TestTheScheduleIsSpread(t *testing.T) {
	rows, s := fleet(1000), DefaultSchedule()
	observed, asked := times{}, times{}
	for _, c := range rows { // as after a month
		observed[c.Device] = map[string]time.Time{}
		for _, r := range s.rounds() {
			observed[c.Device][r.fact] = slot(c.Device, r.every, start)
		}
	}
	most, total := 0, map[string]int{}
	for now := start; now.Before(start.Add(24 * time.Hour)); now = now.Add(time.Minute) {
		woken := map[custody.DeviceID]bool{}
		for _, d := range s.dues(rows, observed, asked, now, batch) {
			woken[d.device] = true
			total[d.kind]++
			for _, r := range s.rounds() {
				if r.kind == d.kind {
					observed[d.device][r.fact] = now
				}
			}
		}
		most = max(most, len(woken))
	}
	if most > 15 { // 1,000 in 360 minutes: 3
		t.Errorf("%d iPads wake in one minute", most)
	}
	for kind, want := range map[string]int{Device: 4000, Security: 4000, Profiles: 1000, Apps: 1000} {
		if got := total[kind]; got < want*99/100 || got > want*101/100 {
			t.Errorf("%s was asked %d times in a day, want about %d", kind, got, want)
		}
	}
	t.Logf("at most %d iPads in one minute", most)
}

func TestWhatIsDue(t *testing.T) {
	s, c := DefaultSchedule(), idle()
	turn := slot(c.Device, 6*time.Hour, start)
	day := slot(c.Device, 24*time.Hour, start)
	at := func(kind string, at time.Time) times { return times{c.Device: {kind: at}} }
	kinds := func(c custody.Custody, s Schedule, observed, asked times) (got map[string]time.Time) {
		got = map[string]time.Time{}
		for _, d := range s.dues([]custody.Custody{c}, observed, asked, start, 10) {
			got[d.kind] = d.expires
		}
		return got
	}
	// One that never said anything is asked within a quarter of an hour.
	if got := kinds(c, s, nil, nil); len(got) != 4 || got[Device] != slot(c.Device, firstWithin, start).Add(firstWithin) {
		t.Errorf("a new one: %v", got)
	}
	for name, row := range map[string]struct {
		observed, asked times
		due             bool
	}{
		"heard before its turn":        {at(plan.FactModel, turn.Add(-time.Second)), nil, true},
		"heard since":                  {at(plan.FactModel, turn), nil, false},
		"asked since, and silent":      {at(plan.FactModel, turn.Add(-time.Hour)), at(Device, turn.Add(time.Second)), false},
		"asked before, and silent":     {nil, at(Device, turn.Add(-time.Second)), true},
		"another fact, heard just now": {at(plan.FactPasscode, start), at(Device, turn.Add(-time.Second)), true},
	} {
		got := kinds(c, s, row.observed, row.asked)
		expires, due := got[Device]
		if due != row.due || due && !expires.Equal(turn.Add(6*time.Hour)) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := kinds(c, Schedule{Apps: 24 * time.Hour}, nil, at(Apps, day.Add(-time.Second))); len(got) != 1 || !got[Apps].Equal(day.Add(24*time.Hour)) {
		t.Errorf("apps only: %v", got)
	}
	for name, change := range map[string]func(*custody.Custody){
		"not enrolled": func(c *custody.Custody) { c.Enrolment = "" },
		"being wiped":  func(c *custody.Custody) { c.State = custody.Wiping },
		"being locked": func(c *custody.Custody) { c.Run = custody.Run{ID: 2, Goal: custody.GoalLock} },
	} {
		c := idle()
		change(&c)
		if got := kinds(c, s, nil, nil); len(got) > 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A server that was away asks those that wait longest first, and a bounded
// number of devices, each of them everything.
func TestASweepIsBounded(t *testing.T) {
	rows := fleet(1000)
	asked := times{}
	for _, c := range rows {
		asked[c.Device] = map[string]time.Time{}
		for _, kind := range []string{Device, Security, Profiles, Apps} {
			asked[c.Device][kind] = start.Add(-72 * time.Hour)
		}
	}
	list := DefaultSchedule().dues(rows, nil, asked, start, 10)
	devices := map[custody.DeviceID]int{}
	for i, d := range list {
		devices[d.device]++
		if i > 0 && d.since.Before(list[i-1].since) {
			t.Fatal("not the longest due first")
		}
	}
	if len(devices) != 10 {
		t.Errorf("%d devices", len(devices))
	}
}
