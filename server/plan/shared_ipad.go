package plan

import (
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// Errors of DeleteUser (Apple, "Delete a user").
const (
	errNoSuchUser   = 12071
	errUserLoggedIn = 12072
	errDataToSync   = 12073
)

// sharedIPad are the plans of Shared iPads with Managed Apple Accounts.
// Apple's own sign-in opens the device. Its wipe goes round one loop until a
// UserList, asked for after the last destructive command, names nobody.
func sharedIPad(g custody.Goal) []step {
	switch g {
	case custody.GoalLock:
		return []step{
			{name: "device_lock", request: "DeviceLock", body: deviceLock, judge: screenOff, refused: goOn},
			{name: "sign_out", request: "LogOutUser", destructive: true, body: logOutUser,
				held: func(in Inputs) time.Duration { return in.Policy.SignOutAfter }, judge: pause, refused: pause},
			{name: "users", request: "UserList", body: userList, judge: nobodySignedIn},
		}
	case custody.GoalWipe:
		used := func(c custody.Custody) bool { return !c.Fresh }
		return []step{
			{name: "settings", request: "Settings", met: used, body: sharedSettings},
			{name: "restrictions", request: "InstallProfile", met: used, body: installRestrictions},
			{name: "configured", request: "DeviceConfigured", met: used, body: deviceConfigured},
			{name: "users", request: "UserList", settled: true, body: userList, judge: whoIsLeft},
			{name: "sign_out", request: "LogOutUser", destructive: true, body: logOutUser, judge: lookAgain, refused: askAgain},
			{name: "delete", request: "DeleteUser", destructive: true, body: deleteUser, judge: lookAgain, refused: notDeleted},
		}
	}
	return nil
}

func screenOff(custody.Custody, Report, Inputs, time.Time) verdict {
	return verdict{lock: &custody.LockMark{Rung: custody.LockAcknowledged, Strength: custody.ScreenOff, How: "DeviceLock acknowledged, still signed in"}}
}

// pause leaves the device its time: MDM can be away for two minutes after a
// LogOutUser (Apple, "Log out a user").
func pause(_ custody.Custody, _ Report, in Inputs, _ time.Time) verdict {
	return verdict{after: 3 * poll(in)}
}

func nobodySignedIn(_ custody.Custody, r Report, in Inputs, _ time.Time) verdict {
	if !r.Listed || signedIn(r) {
		return verdict{again: 3 * poll(in)}
	}
	return verdict{lock: &custody.LockMark{Rung: custody.LockConfirmed, Strength: custody.Enforced, How: "signed out, seen by UserList"}}
}

func signedIn(r Report) bool {
	for _, u := range r.Users {
		if u.LoggedIn {
			return true
		}
	}
	return false
}

// whoIsLeft reads a UserList and says what is to be done about who is on it.
func whoIsLeft(c custody.Custody, r Report, in Inputs, now time.Time) verdict {
	switch {
	case !r.Listed:
		return verdict{again: poll(in)}
	case signedIn(r):
		return verdict{to: "sign_out", waits: c.Run.Waits}
	case len(r.Users) == 0 && c.Fresh:
		return verdict{done: true, proof: custody.ProofProven, grade: custody.GradeErased}
	case len(r.Users) == 0:
		return verdict{done: true, proof: custody.ProofProven, grade: custody.GradeUserDeleted}
	}
	u := r.Users[0]
	switch {
	case u.Name == "":
		return verdict{fail: "The iPad lists a user without a name, whom no command can delete. Erase it by hand."}
	case !u.HasDataToSync:
	case syncing(c.Run, in, now):
		return verdict{again: 3 * poll(in), waits: stillSyncing}
	case !in.Policy.ForceDelete:
		return verdict{fail: unsynced}
	}
	return verdict{to: "delete", subject: u.Name, waits: c.Run.Waits}
}

const unsynced = "A user of this iPad has data that has not reached iCloud, and the ward's policy does not allow losing it. Let it sync on Wi-Fi, then wipe again."

const stillSyncing = "A user of this iPad has data that has not reached iCloud. Keep it on Wi-Fi; the wipe goes on by itself."

// syncing: users' data is still given time to reach iCloud.
func syncing(run custody.Run, in Inputs, now time.Time) bool {
	return now.Before(run.Started.Add(in.Policy.SyncWait))
}

func lookAgain(c custody.Custody, _ Report, in Inputs, _ time.Time) verdict {
	v := verdict{to: "users", after: poll(in), proof: custody.ProofAcknowledged}
	if c.Run.Step == "sign_out" { // which does not mend what a deletion was refused for
		v.waits = c.Run.Waits
	}
	return v
}

// askAgain: a refused sign-out, perhaps because nobody is signed in any more.
func askAgain(_ custody.Custody, _ Report, in Inputs, _ time.Time) verdict {
	return verdict{to: "users", after: poll(in)}
}

func notDeleted(c custody.Custody, r Report, in Inputs, now time.Time) verdict {
	switch {
	case has(r.Errors, errNoSuchUser): // gone already, or it contradicts its own list
		return verdict{to: "users", after: poll(in) / 5, waits: often(c, "The iPad says that a user whom it still lists does not exist (error 12071). Restart it; the wipe goes on by itself.")}
	case has(r.Errors, errUserLoggedIn):
		return verdict{to: "sign_out", waits: often(c, "The iPad says that a user whom it lists as signed out is signed in (error 12072). Restart it; the wipe goes on by itself.")}
	case has(r.Errors, errDataToSync) && !in.Policy.ForceDelete && !syncing(c.Run, in, now):
		return verdict{fail: unsynced}
	case has(r.Errors, errDataToSync):
		return verdict{to: "users", after: 3 * poll(in), waits: stillSyncing}
	}
	// 12074 failed: look again later, until it is overdue.
	return verdict{to: "users", after: 3 * poll(in), waits: fmt.Sprintf("The iPad could not delete a user: %s. Restart it; the wipe goes on by itself.", errorText(r))}
}

// often says a sentence only of a run that has asked often: once or twice the
// answer was merely older than the list.
func often(c custody.Custody, sentence string) string {
	if patience(c.Run) == 1 {
		return c.Run.Waits
	}
	return sentence
}
