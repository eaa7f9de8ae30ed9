package sim

import (
	"net/http/cookiejar"
	"slices"
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

	canaries []Canary // one-user: the holder's work, where there is no managed app to do it in
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

// app is an installed application with what its user leaves in it.
type app struct {
	id       string
	managed  bool
	there    time.Time // until then it is being installed
	canaries []Canary
}

type lostMode struct {
	message, phone string
	sounds         int // how often it was asked to play one
}

func newVolume() *volume {
	return &volume{web: newWeb(), front: true, reports: map[string]dict{}}
}

// home returns the browser's storage where the person at the device leaves
// data: the device's or, on a Shared iPad, that of who is signed in (nil if nobody is).
func (v *volume) home(kind Kind) *web {
	switch {
	case kind == OneUser:
		return v.web
	case v.current != nil:
		return v.current.web
	}
	return nil
}

// plant leaves c where people work: in every managed app of a one-user iPad, or
// on the device if it has none, or in the volume of who is signed in. The same
// one is kept once. It reports whether anybody could.
func (v *volume) plant(kind Kind, c Canary) bool {
	var places []*[]Canary
	switch {
	case kind == Shared && v.current == nil:
		return false
	case kind == Shared:
		places = append(places, &v.current.canaries)
	default:
		for i := range v.apps {
			if v.apps[i].managed {
				places = append(places, &v.apps[i].canaries)
			}
		}
		if len(places) == 0 {
			places = append(places, &v.canaries)
		}
	}
	for _, p := range places {
		if !slices.Contains(*p, c) {
			*p = append(*p, c)
		}
	}
	return true
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

// allCanaries lists every canary on the device, the users' and the apps' included, each once.
func (v *volume) allCanaries() []Canary {
	out := append([]Canary(nil), v.canaries...)
	for _, a := range v.apps {
		for _, c := range a.canaries {
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
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

// guestsOnly: a Shared iPad that was told to offer no sign-in with an account.
func (v *volume) guestsOnly() bool {
	for _, s := range v.settings {
		if s.bool("TemporarySessionOnly") {
			return true
		}
	}
	return false
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
