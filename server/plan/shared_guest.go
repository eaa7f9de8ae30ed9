package plan

import (
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// sharedGuest are the plans of Shared iPads with temporary sessions only. A
// guest has no passcode, so nothing locks a session but its end: the lock plan,
// which runs only when live was lost, turns the screen off and says no more.
//
// Apple deletes a guest's data at sign-out and does not say whether UserList
// names guests. So a wipe always signs out first, and believes a list that
// names nobody only when it was asked for after the time that Apple lets a
// sign-out take. What that proves is signed_out: never an erasure.
func sharedGuest(g custody.Goal) []step {
	switch g {
	case custody.GoalLock:
		return []step{{name: "device_lock", request: "DeviceLock", body: deviceLock, judge: guestScreenOff, refused: goOn}}
	case custody.GoalWipe:
		fresh := func(c custody.Custody) bool { return c.Fresh }
		used := func(c custody.Custody) bool { return !c.Fresh }
		return []step{
			{name: "settings", request: "Settings", met: used, body: sharedSettings},
			{name: "restrictions", request: "InstallProfile", met: used, body: installRestrictions},
			{name: "configured", request: "DeviceConfigured", met: used, body: deviceConfigured},
			{name: "sign_out", request: "LogOutUser", destructive: true, met: fresh, body: logOutUser, judge: signsOut, refused: signOutAgain},
			{name: "users", request: "UserList", settled: true, body: userList, judge: nobodyLeft},
			{name: "delete", request: "DeleteUser", destructive: true, body: deleteUser, judge: lookAgain, refused: notDeleted},
		}
	}
	return nil
}

func guestScreenOff(custody.Custody, Report, Inputs, time.Time) verdict {
	return verdict{lock: &custody.LockMark{Rung: custody.LockAcknowledged, Strength: custody.ScreenOff, How: "DeviceLock acknowledged; a guest's session cannot be locked"}}
}

// signsOut: the iPad has taken the command and goes away to carry it out.
func signsOut(_ custody.Custody, _ Report, in Inputs, _ time.Time) verdict {
	return verdict{after: in.Policy.SignOutWait, proof: custody.ProofAcknowledged}
}

// signOutAgain: without a sign-out that was taken no list proves anything, so
// the plan asks again until it is overdue.
func signOutAgain(_ custody.Custody, _ Report, in Inputs, _ time.Time) verdict {
	return verdict{again: 3 * poll(in)}
}

// nobodyLeft reads a UserList as a Shared iPad's is read. Accounts, from before
// the iPad was for guests, are deleted like there; the grade is the guests'.
func nobodyLeft(c custody.Custody, r Report, in Inputs, now time.Time) verdict {
	if c.Fresh && signedIn(r) {
		return verdict{again: 3 * poll(in)} // the sign-out is for a used one: when this is overdue, the next wipe
	}
	v := whoIsLeft(c, r, in, now)
	if v.grade == custody.GradeUserDeleted {
		v.grade = custody.GradeSignedOut
	}
	return v
}
