package identity

import (
	"errors"
	"fmt"
	"slices"
)

// Role is what a member of staff is to padwarden.
type Role string

const (
	Administrator Role = "administrator" // everything, everywhere
	Manager       Role = "manager"       // their own wards
	Auditor       Role = "auditor"       // sees all, changes nothing
	Clinician     Role = "clinician"     // their own page and nothing else: no action is allowed them
	Integration   Role = "integration"   // a program: what its token's scopes name, in the token's wards
)

// Action is something staff do to what belongs to a ward.
type Action string

const (
	View    Action = "view" // devices and their history
	Lock    Action = "lock"
	Wipe    Action = "wipe"
	Attest  Action = "attest"
	Search  Action = "search"  // Lost Mode, on and off
	Isolate Action = "isolate" // and release
	Seal    Action = "seal"    // for a downtime, read the code, and bring back
	Hands   Action = "hands"   // take an iPad that needs hands, give it to somebody, hand it back
	Retire  Action = "retire"  // and bring back into service
	Enrol   Action = "enrol"   // make an enrolment link; administrators only
	Ping    Action = "ping"    // ask an iPad whether it is there
	Try     Action = "try"     // file the table of a trial; administrators only
	Staffed Action = "staff"   // who is at the console, and which programs are; administrators only
	Keys    Action = "keys"    // see and stop somebody's passkeys; administrators only
	SCIM    Action = "scim"    // keep people as the hospital's directory has them; programs, and administrators

	Badges    Action = "badges"    // revoke a badge, lend one, give a new PIN code
	Provision Action = "provision" // bring in and change people and iPads; administrators only
	Review    Action = "review"    // say what was found of an emergency; make a ward's sealed code
)

var (
	actions = []Action{View, Lock, Wipe, Attest, Search, Isolate, Seal, Hands, Retire, Enrol, Ping, Try, Staffed, Keys, SCIM, Badges, Provision, Review}
	// managers are the actions of a manager, in their own wards.
	managers = []Action{View, Lock, Wipe, Attest, Search, Isolate, Seal, Hands, Retire, Ping, Badges, Review}
	// Scopes are the actions that there is something to ask for with a token, and
	// that a token made at the console may be allowed.
	Scopes = []Action{View, Ping, Try, SCIM}
)

// Allow answers nil if who may do action to what belongs to ward, or, with no
// ward, to what belongs to all of them. It is asked about the object that was
// loaded, never about what a request claims, and whatever it does not name is
// refused.
func Allow(who Staff, action Action, ward string) error {
	mine := ward != "" && slices.Contains(who.Wards, ward)
	switch {
	case !slices.Contains(actions, action):
	case who.Role == Administrator:
		return nil
	case who.Role == Auditor && action == View:
		return nil
	case who.Role == Manager && mine && slices.Contains(managers, action):
		return nil
	case who.Role == Integration && slices.Contains(who.Scopes, action) && (mine || slices.Contains(who.Wards, AllWards)):
		return nil
	}
	return refusal(RefusedAllowed, "You may not do this on this ward. Ask its manager, or an administrator.")
}

func (s Staff) validate() error {
	switch {
	case s.Name == "" || len(s.Name) > 100:
		return errors.New("staff: a name of 1 to 100 bytes is needed")
	case s.Role != Administrator && s.Role != Manager && s.Role != Auditor && s.Role != Clinician:
		return fmt.Errorf("staff: role %q is not known (administrator, manager, auditor or clinician)", s.Role)
	}
	return nil
}
