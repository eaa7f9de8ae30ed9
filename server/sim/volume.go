package sim

import (
	"net/http/cookiejar"
	"time"
)

// volume is everything on a device that an erase destroys: its management, its
// people's data, its settings. An erase replaces it whole.
type volume struct {
	mdm      *enrolment // nil: not managed
	join     *joining   // an enrolment that is under way
	setup    bool       // at Setup Assistant, waiting for a hand or a network
	awaiting bool       // enrolled, and Setup Assistant waits for DeviceConfigured

	profiles []profile
	apps     []app
	passcode string
	locked   bool // behind the passcode or an account's login
	lost     *lostMode
	settings []dict
	name     string

	canaries []Canary // one-user: the holder's work
	users    []*account
	current  *account // Shared iPad: who is signed in
	web      *web     // one-user: what the browser keeps
	front    bool     // the badge page is what the screen shows

	reports map[string]dict // by channel: a report that did not reach the server
}

// enrolment is a device's bond with its server.
type enrolment struct {
	id         identity
	topic      string
	serverURL  string
	checkInURL string
	profile    string // identifier of the enrolment profile
	sign       bool   // SignMessage
	checkOut   bool   // CheckOutWhenRemoved
	perUser    bool   // ServerCapabilities names per-user connections
	address    address
	unlock     []byte // one-user iPads escrow it with the server
}

// address is what a channel is pushed with.
type address struct {
	token []byte
	magic string
}

// account is a user's volume on a Shared iPad.
type account struct {
	name     string // Managed Apple Account; empty: a guest's temporary session
	address  address
	enrolled bool      // its user-channel TokenUpdate went through
	unsynced time.Time // data waits to be uploaded until then; zero: none waits
	forever  bool      // and never will be
	canaries []Canary
	profiles []profile
	web      *web
}

func (a *account) guest() bool { return a.name == "" }

// web is a browser's storage: cookies, and which start address it has opened.
type web struct {
	jar    *cookiejar.Jar
	opened string
}

func newWeb() *web {
	jar, err := cookiejar.New(nil)
	if err != nil { // cookiejar.New never fails without a public suffix list
		panic(err)
	}
	return &web{jar: jar}
}

type app struct {
	id      string
	managed bool
}

type lostMode struct{ message, phone string }

func newVolume() *volume {
	return &volume{web: newWeb(), front: true, reports: map[string]dict{}}
}

// home returns where the person at the device leaves data: the device itself
// or, on a Shared iPad, the volume of who is signed in (nil if nobody is).
func (v *volume) home(kind Kind) (canaries *[]Canary, w *web) {
	switch {
	case kind == OneUser:
		return &v.canaries, v.web
	case v.current != nil:
		return &v.current.canaries, v.current.web
	}
	return nil, nil
}

func (v *volume) user(name string) *account {
	for _, u := range v.users {
		if u.name == name {
			return u
		}
	}
	return nil
}

func (v *volume) dropUser(u *account) {
	for i, x := range v.users {
		if x == u {
			v.users = append(v.users[:i:i], v.users[i+1:]...)
			return
		}
	}
}

// allCanaries lists every canary on the device, the users' included.
func (v *volume) allCanaries() []Canary {
	out := append([]Canary(nil), v.canaries...)
	for _, u := range v.users {
		out = append(out, u.canaries...)
	}
	return out
}

// appLock returns the bundle id that the device is locked into, or "".
func (v *volume) appLock() string {
	for _, p := range v.profiles {
		if p.appLock != "" {
			return p.appLock
		}
	}
	return ""
}

// startURL returns the address of the web clip that the person sees, or "".
func (v *volume) startURL() string {
	profiles := v.profiles
	if v.current != nil {
		profiles = v.current.profiles
	}
	for _, p := range profiles {
		if p.webClip != "" {
			return p.webClip
		}
	}
	return ""
}

func (a *account) hasDataToSync(now time.Time) bool {
	return a.forever || now.Before(a.unsynced)
}

// behindPasscode: the device is locked and its passcode protects its data.
func (v *volume) behindPasscode() bool { return v.locked && v.passcode != "" }
