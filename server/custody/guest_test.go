package custody

import "testing"

// guestRows are where a guest's session differs from the table: what shuts it
// ends it, and only a lost bucket, which may wipe nothing, leaves it locked.
var guestRows = []struct {
	name  string
	from  func(failer, Policy) *device
	event func(d *device) Event
	want  State
	why   Cause
}{
	{"a tap alone opens a clean one", cleanDevice, func(*device) Event { return Claim{By: "b"} }, InUse, ""},
	{"idle ends it", inUse, func(d *device) Event { return Idle{d.c.Epoch} }, Wiping, CauseIdle},
	{"a lost bucket only locks", inUse, func(*device) Event { return LiveLost{} }, Locked, CauseLiveLost},
	{"return", inUse, func(*device) Event { return Return{"a"} }, Wiping, CauseReturn},
	{"an account at a guests' iPad", cleanDevice, func(*device) Event { return AppleSignIn{"cert-1", "x@hospital.example"} }, Wiping, CauseStranger},
}

func TestGuestRows(t *testing.T) {
	for _, row := range guestRows {
		t.Run(row.name, func(t *testing.T) {
			d := row.from(t, guest)
			d.do(row.event(d))
			d.is(row.want, row.why)
		})
	}
}

// TestAnIdleGuestIsCalledBackOnlyBeforeTheSignOut: like every wipe that came from idleness.
func TestAnIdleGuestIsCalledBackOnlyBeforeTheSignOut(t *testing.T) {
	d := inUse(t, guest)
	d.do(Idle{d.c.Epoch})
	if d.count(KindLockAsked) != 0 || d.count(KindSessionEnded) != 1 || d.count(KindWipeAsked) != 2 {
		t.Error("the history tells another story")
	}
	d.do(Resume{By: "a"})
	d.is(InUse, "")
	d.do(Idle{d.c.Epoch})
	d.handOver("LogOutUser", true)
	d.refused(Resume{By: "a"}, RefusedTooLate)
	d.acked()
	d.proven(GradeSignedOut)
	d.is(Clean, CauseIdle)
}

func TestAGuestLockedByALostBucketEndsSoon(t *testing.T) {
	d := inUse(t, guest)
	d.do(LiveLost{})
	d.do(Resume{By: "a"})
	d.is(InUse, "")
	d.do(LiveLost{})
	d.after(guest.Resume).do(Tick{})
	d.is(Wiping, CauseResumeOver)
}
