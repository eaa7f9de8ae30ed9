package encode

import "errors"

// Erase is what an erased iPad needs to come back by itself.
type Erase struct {
	// WiFi is a profile with a com.apple.wifi.managed payload; empty for
	// Ethernet or cellular. Without any network the iPad stays away.
	WiFi []byte
	// Enrolment is the profile of [Enrolment] that it enrols with again; empty
	// under automated enrolment, which fetches one itself.
	Enrolment []byte
	// BootstrapToken (iOS 26.0) keeps managed apps over the erase, where the
	// automated enrolment's profile allows it; empty: everything is erased.
	BootstrapToken []byte
}

type eraseDevice struct {
	// PreserveDataPlan is always false: an eSIM is set up by automated
	// enrolment, and nothing of the last user's should outlive the erase.
	PreserveDataPlan bool
	ReturnToService  returnToService
}

type returnToService struct {
	Enabled         bool
	WiFiProfileData []byte `plist:",omitempty"`
	MDMProfileData  []byte `plist:",omitempty"`
	BootstrapToken  []byte `plist:",omitempty"`
}

// EraseDevice erases an iPad and has it enrol again (Apple: "Erase Device
// Command", iOS 4.0; ReturnToService iOS 17.0). The iPad acknowledges before
// it erases, and does not try again if that fails: an acknowledgement is no
// proof. Activation Lock must be off. Device channel only.
func EraseDevice(uuid string, e Erase) ([]byte, error) {
	return Command(uuid, "EraseDevice", eraseDevice{ReturnToService: e.service()})
}

func (e Erase) service() returnToService {
	return returnToService{Enabled: true, WiFiProfileData: e.WiFi, MDMProfileData: e.Enrolment, BootstrapToken: e.BootstrapToken}
}

// ClearPasscode removes the passcode of a one-user iPad (Apple: "Clear
// Passcode Command", iOS 4.0; forbidden on Shared iPad). unlockToken is the one
// that its TokenUpdate escrowed. Device channel only.
func ClearPasscode(uuid string, unlockToken []byte) ([]byte, error) {
	if len(unlockToken) == 0 {
		return nil, errors.New("encoding ClearPasscode: no unlock token")
	}
	return Command(uuid, "ClearPasscode", struct{ UnlockToken []byte }{unlockToken})
}

// LogOutUser signs the user of a Shared iPad out (Apple: "Log Out User
// Command", iOS 9.3; Shared iPad only). Its acknowledgement means accepted, not
// done, and the iPad may not be reached for two minutes afterwards. Device
// channel only.
func LogOutUser(uuid string) ([]byte, error) { return Command(uuid, "LogOutUser", nil) }

type deleteUser struct {
	ForceDeletion bool
	UserName      string
}

// DeleteUser removes a user's volume from a Shared iPad (Apple: "Delete User
// Command", iOS 9.3; Shared iPad only). userName is as UserList names it;
// force deletes data that has not reached iCloud too. Without a name Apple's
// command would need DeleteAllUsers, which padwarden never sends. Errors: 12071
// no such user, 12072 signed in, 12073 data to sync, 12074 failed. Device
// channel only.
func DeleteUser(uuid, userName string, force bool) ([]byte, error) {
	if userName == "" {
		return nil, errors.New("encoding DeleteUser: no user name")
	}
	return Command(uuid, "DeleteUser", deleteUser{ForceDeletion: force, UserName: userName})
}

// UserList asks a Shared iPad for the users that have data on it (Apple: "User
// List Command", iOS 9.3; Shared iPad only). Asked after the last destructive
// acknowledgement, its answer is the proof. Device channel only.
func UserList(uuid string) ([]byte, error) { return Command(uuid, "UserList", nil) }
