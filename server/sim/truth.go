package sim

import "time"

// Canary stands for what a session leaves on a device: whose, and of which
// hand-over.
type Canary struct {
	Holder string // the name the page showed
	Epoch  int64
}

// Truth is what is really on a device, whatever anybody was told.
type Truth struct {
	Serial, UDID string
	Kind         Kind
	Enrolled     bool
	Awaiting     bool   // Setup Assistant waits for DeviceConfigured
	Certificate  string // hex SHA-256 of the identity certificate's DER; empty if not enrolled
	Reachable    bool   // a push would get through now
	Screen       bool   // the screen is lit
	Locked       bool   // behind a passcode or an account's login
	Passcode     bool
	LostMode     bool
	Sounds       int    // how often it was asked for its Lost Mode sound since it is lost
	AppLock      string // bundle id of the app the device is locked into; empty: none
	Profiles     []string
	Apps         []string
	Canaries     []Canary // everybody's, the Shared iPad's users included
	Users        []User   // Shared iPad: volumes, a guest's included
	Erased       int      // times the device was really erased
	Executed     []Executed
	EnrolError   string // why the last enrolment failed; empty if it did not
}

// User is one volume of a Shared iPad.
type User struct {
	Account       string // empty: a guest
	SignedIn      bool
	HasDataToSync bool
	Profiles      []string
	Canaries      []Canary
}

// Executed is one command as the device took it.
type Executed struct {
	UUID     string
	Request  string // RequestType
	User     string // user channel: the account; empty: device channel
	At       time.Time
	Status   string   // what the device reported, or meant to
	Effect   bool     // it was really carried out (with Acknowledged, unless a fault forbade it)
	Canaries []Canary // what was on the device just before
}

// Truth returns a snapshot that shares nothing with the device.
func (d *Device) Truth() Truth {
	d.mu.Lock()
	defer d.mu.Unlock()
	v := d.vol
	t := Truth{
		Serial: d.opt.Serial, UDID: d.opt.UDID, Kind: d.opt.Kind,
		Enrolled: v.mdm != nil, Awaiting: v.awaiting,
		Reachable: d.reachable(), Screen: d.screen, Locked: v.locked, Passcode: v.passcode != "",
		LostMode: v.lost != nil, AppLock: v.appLock(),
		Profiles: identifiers(v.profiles), Canaries: v.allCanaries(), Erased: d.erased,
		Executed: append([]Executed(nil), d.executed...), EnrolError: d.enrolError,
	}
	if v.lost != nil {
		t.Sounds = v.lost.sounds
	}
	if v.mdm != nil {
		t.Certificate = v.mdm.id.hash()
	}
	for _, a := range v.apps {
		t.Apps = append(t.Apps, a.id)
	}
	now := d.env.Clock.Now()
	for _, u := range v.users {
		t.Users = append(t.Users, User{
			Account: u.name, SignedIn: u == v.current, HasDataToSync: u.hasDataToSync(now),
			Profiles: identifiers(u.profiles), Canaries: append([]Canary(nil), u.canaries...),
		})
	}
	return t
}

// UserData reports, in words, what of an earlier person's is on the device, or
// "". Who is signed in to a Shared iPad and has done nothing yet is not earlier.
func (t Truth) UserData() string {
	if len(t.Canaries) > 0 {
		return "the work of " + t.Canaries[0].Holder
	}
	for _, u := range t.Users {
		if !u.SignedIn {
			return "the volume of " + u.Account
		}
	}
	if t.Passcode {
		return "somebody's passcode"
	}
	return ""
}
