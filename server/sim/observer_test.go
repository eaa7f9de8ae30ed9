package sim

import (
	"strings"
	"testing"
	"time"
)

const testLag = time.Second

// bench is an observer on a clock that moves by hand, and one device.
type bench struct {
	t     *testing.T
	clock *manual
	o     *Observer
	truth Truth
}

func newBench(t *testing.T) *bench {
	c := newManual()
	b := &bench{t: t, clock: c, o: NewObserver(c, testLag)}
	b.o.Expect("d", 2*time.Minute)
	return b
}

func (b *bench) shows(state string, epoch int64, holder string) { b.on("screen", state, epoch, holder) }

func (b *bench) on(page, state string, epoch int64, holder string) {
	b.o.Shown("d", page, PageState{State: state, Epoch: epoch, Holder: holder}, b.truth)
}

func (b *bench) passes(d time.Duration) {
	b.clock.advance(d)
	b.o.Check()
}

func (b *bench) executes(uuid, request string) {
	b.o.Executed("d", Executed{UUID: uuid, Request: request, Status: "Acknowledged", Effect: true})
}

func find(v Verdict, name string) Promise {
	for _, p := range v.Promises {
		if p.Name == name {
			return p
		}
	}
	return Promise{}
}

// finds asserts which promise is broken ("": none), and by what.
func (b *bench) finds(promise, what string) {
	b.t.Helper()
	v := b.o.Verdict()
	for _, p := range v.Promises {
		if p.Name != promise && len(p.Violations) > 0 {
			b.t.Errorf("%s is broken as well:\n%s", p.Name, v)
		}
	}
	if promise == "" {
		return
	}
	got := find(v, promise).Violations
	if len(got) != 1 || !strings.Contains(got[0].What, what) || got[0].Device != "d" {
		b.t.Errorf("want one violation of %s saying %q:\n%s", promise, what, v)
	}
}

func TestObserverFindsWhatIsWrong(t *testing.T) {
	work := func(holder string, epoch int64) Truth { return Truth{Canaries: []Canary{{holder, epoch}}} }
	for name, c := range map[string]struct {
		play          func(*bench)
		promise, what string
	}{
		"P1: clean with a canary": {func(b *bench) {
			b.truth = work("A", 1)
			b.shows("clean", 1, "")
		}, CleanHands, "offered as clean at epoch 1 while it holds the work of A"},
		"P1: clean with a user's volume": {func(b *bench) {
			b.truth = Truth{Users: []User{{Account: "a@x"}}}
			b.shows("clean", 1, "")
		}, CleanHands, "the volume of a@x"},
		"P1: clean with a passcode": {func(b *bench) {
			b.truth = Truth{Passcode: true}
			b.shows("clean", 1, "")
		}, CleanHands, "passcode"},
		"P1: another's work": {func(b *bench) {
			b.shows(inUse, 1, "A")
			b.truth = work("A", 1)
			b.shows(inUse, 2, "B")
		}, CleanHands, "in use by B (epoch 2) while it holds the work of A (epoch 1)"},
		"P2: epochs go down": {func(b *bench) {
			b.shows("clean", 5, "")
			b.shows("clean", 4, "")
		}, OneHolder, "from epoch 5 back to 4"},
		"P2: epochs go down over a break": {func(b *bench) {
			b.shows("clean", 5, "")
			b.o.Hidden("d", "screen")
			b.shows("locked", 4, "")
		}, OneHolder, "from epoch 5 back to 4"},
		"P2: two holders in an epoch": {func(b *bench) {
			b.shows(inUse, 3, "A")
			b.shows(inUse, 3, "B")
		}, OneHolder, "epoch 3 belongs to A and is shown as B's"},
		"P2: two holders on two pages": {func(b *bench) {
			b.on("one", inUse, 3, "A")
			b.on("two", inUse, 3, "B")
		}, OneHolder, "epoch 3 belongs to A"},
		"P2: two were answered": {func(b *bench) {
			b.o.Answered("d", PageState{State: inUse, Epoch: 3, Holder: "A"})
			b.o.Answered("d", PageState{State: inUse, Epoch: 3, Holder: "B"})
		}, OneHolder, "epoch 3 belongs to A"},
		"P2: two sessions side by side": {func(b *bench) {
			b.on("one", inUse, 3, "A")
			b.on("two", inUse, 4, "B")
			b.passes(testLag + time.Millisecond)
			b.passes(time.Second)
		}, OneHolder, "two pages show two sessions"},
		"P3: open too long": {func(b *bench) {
			b.shows(inUse, 1, "A")
			b.passes(2*time.Minute + idleGrace + testLag + time.Millisecond)
			b.passes(time.Minute)
		}, IdleEnds, "A's session (epoch 1) is still open"},
		"P3: too long after a touch": {func(b *bench) {
			b.shows(inUse, 1, "A")
			b.passes(time.Minute)
			b.o.Touched("d", b.clock.Now())
			b.passes(2*time.Minute + idleGrace + testLag + time.Millisecond)
		}, IdleEnds, "still open"},
		"P3: locked too late": {func(b *bench) {
			b.shows(inUse, 1, "A")
			b.clock.advance(3 * time.Minute)
			b.shows(inUse, 1, "A")
		}, IdleEnds, "still open 1m0s after"},
		"P5: an erase in a session": {func(b *bench) {
			b.shows(inUse, 2, "B")
			b.executes("u", "EraseDevice")
			b.o.Hidden("d", "screen")
			b.passes(testLag + time.Millisecond)
		}, LateIsHarmless, "EraseDevice was carried out while B's session (epoch 2) was open"},
		"P5: a lock in a session": {func(b *bench) {
			b.shows(inUse, 2, "B")
			b.executes("u", "DeviceLock")
			b.passes(testLag + time.Millisecond)
			b.shows("locked", 2, "")
		}, LateIsHarmless, "DeviceLock"},
		"P5: explained too late": {func(b *bench) {
			b.shows(inUse, 2, "B")
			b.executes("u", "ClearPasscode")
			b.clock.advance(testLag + time.Millisecond)
			b.shows("wiping", 2, "")
		}, LateIsHarmless, "ClearPasscode"},
		"P5: a lock of the session before": {func(b *bench) {
			b.shows("locked", 2, "")
			b.shows(inUse, 3, "B")
			b.executes("u", "DeviceLock")
			b.passes(testLag + time.Millisecond)
		}, LateIsHarmless, "DeviceLock"},
		"P5: a lock long after the resume": {func(b *bench) {
			b.shows("locked", 2, "")
			b.shows(inUse, 2, "B")
			b.passes(lockUnderWay)
			b.executes("u", "DeviceLock")
			b.passes(testLag + time.Millisecond)
		}, LateIsHarmless, "DeviceLock"},
		"P5: after a resume": {func(b *bench) {
			b.shows(inUse, 2, "B")
			b.shows("locked", 2, "")
			b.o.Answered("d", PageState{State: inUse, Epoch: 2, Holder: "B"})
			b.executes("u", "LogOutUser")
			b.passes(testLag + time.Millisecond)
		}, LateIsHarmless, "LogOutUser"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			c.play(b)
			b.finds(c.promise, c.what)
		})
	}
}

func TestObserverAcceptsWhatIsRight(t *testing.T) {
	b := newBench(t)
	b.shows("clean", 1, "")
	b.shows(inUse, 2, "A")
	b.truth = Truth{Canaries: []Canary{{"A", 2}}, Passcode: true}
	b.passes(time.Minute)
	b.o.Touched("d", b.clock.Now())
	b.passes(2*time.Minute + time.Second)
	b.executes("lock", "DeviceLock") // the page hears of the lock a moment later
	b.passes(testLag / 2)
	b.shows("locked", 2, "")
	b.passes(time.Hour)
	b.shows("locked", 2, "")
	b.shows(inUse, 2, "A")          // resumed: its own work is there
	b.executes("own", "DeviceLock") // the lock of this very session was on its way
	b.passes(testLag + time.Millisecond)
	b.o.Answered("d", PageState{State: "wiping", Epoch: 2})
	b.executes("erase", "EraseDevice") // the return was answered before
	b.o.Hidden("d", "screen")
	b.passes(time.Hour) // no page: nothing is shown, so nothing is late
	b.truth = Truth{Users: []User{{Account: "b@x", SignedIn: true}}}
	b.shows("clean", 2, "") // who has just signed in to Apple is not an earlier user
	b.truth = Truth{}
	b.shows(inUse, 3, "B")
	b.executes("info", "DeviceInformation") // takes nothing from anybody
	b.o.Executed("d", Executed{UUID: "no", Request: "EraseDevice", Status: "Acknowledged"})
	b.passes(time.Minute)
	b.o.Hidden("d", "screen")
	b.executes("late", "DeviceLock") // nobody is shown a session that this could interrupt
	b.passes(time.Hour)
	b.finds("", "")
	v := b.o.Verdict()
	for _, name := range []string{CleanHands, OneHolder, IdleEnds, LateIsHarmless} {
		if !find(v, name).Exercised() {
			t.Errorf("%s was not exercised:\n%s", name, v)
		}
	}
	if v.Held() || find(v, AllRecorded).Exercised() || !strings.Contains(v.String(), "P4 not exercised") {
		t.Errorf("a verdict without any history held:\n%s", v)
	}
}

func TestNothingSeenIsNotExercised(t *testing.T) {
	b := newBench(t)
	b.passes(time.Hour)
	v := b.o.Verdict()
	if v.Held() {
		t.Fatalf("an empty verdict held:\n%s", v)
	}
	for _, p := range v.Promises {
		if p.Exercised() {
			t.Errorf("%s was exercised by nothing", p.Name)
		}
	}
	if (Verdict{}).Held() {
		t.Error("no promise at all held")
	}
}

func TestRepeatedCommandIsNoted(t *testing.T) {
	b := newBench(t)
	b.shows("wiping", 1, "")
	b.executes("u", "EraseDevice")
	b.executes("u", "EraseDevice")
	if v := b.o.Verdict(); len(v.Notes) != 1 || !strings.Contains(v.Notes[0], "again") {
		t.Fatalf("%s", v)
	}
	b.finds("", "")
}
