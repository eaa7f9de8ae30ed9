package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// ipad is a tiny device: what is really on it, and what it says. It knows
// Apple's protocol and nothing of custody.
type ipad struct {
	shared   bool
	cert     string
	certs    int
	fresh    bool // at Setup Assistant
	erased   int  // how often it was erased
	passcode bool
	profiles []string
	users    []User          // Shared iPad: who has a volume
	guest    bool            // Shared iPad: temporary sessions only, which no list names
	apps     map[string]bool // the managed apps, and whether somebody's data is in them
	session  bool            // somebody's data is on it

	lost    bool     // in Lost Mode
	battery *float64 // what it says of its charge
	findMy  *bool    // and of Activation Lock

	faulty bool             // acknowledges an erase, a sign-out or a profile, and does nothing
	says   map[string][]int // the next errors, by request; 0 is NotNow
	secret map[string]bool  // requests that are carried out and never answered
	keeps  bool             // acknowledges that a profile is removed, and keeps it
	loses  string           // a profile that it acknowledges and does not install
}

func newIPad(shared bool) *ipad {
	return &ipad{shared: shared, cert: "cert-1", certs: 1, fresh: true, says: map[string][]int{}, secret: map[string]bool{}, apps: map[string]bool{}}
}

var profileOfStep = map[string]string{
	"restrictions": encode.RestrictionsID, "kiosk": encode.KioskID, "install_kiosk": encode.KioskID,
	"passcode": encode.PasscodeID, "clinical": encode.ClinicalID, "no_clinical": encode.ClinicalID, "clinical_off": encode.ClinicalID,
	"safari_lock": encode.SafariLockID,
}

// execute carries a command out and says what came of it; false if it says nothing.
func (p *ipad) execute(cmd Command) (Report, bool) {
	r := Report{Channel: DeviceChannel, Enrolment: p.cert, Status: StatusAcknowledged, Command: cmd.UUID}
	if codes := p.says[cmd.Request]; len(codes) > 0 {
		p.says[cmd.Request] = codes[1:]
		if r.Status = StatusNotNow; codes[0] != 0 {
			r.Status, r.Errors = StatusError, codes[:1]
		}
		return r, true
	}
	switch cmd.Request {
	case "EraseDevice":
		if !p.faulty {
			p.erase()
		}
	case "LogOutUser":
		for i := range p.users {
			p.users[i].LoggedIn = p.users[i].LoggedIn && p.faulty
		}
		p.session = p.session && !p.guest
	case "DeleteUser":
		r.Status, r.Errors = p.deleteUser(string(cmd.Body))
	case "UserList":
		r.Users, r.Listed = slices.Clone(p.users), true
	case "InstallProfile":
		if id := profileOfStep[cmd.Step]; !p.faulty && id != p.loses {
			p.profiles = append(slices.DeleteFunc(p.profiles, func(have string) bool { return have == id }), id)
		}
	case "DeviceInformation":
		r.Battery, r.ActivationOn, r.LostOn = p.battery, p.findMy, &p.lost
	case "EnableLostMode":
		p.lost = p.lost || !p.faulty
	case "DisableLostMode":
		if !p.lost { // Apple: to end what is not on is an error
			r.Status, r.Errors = StatusError, []int{12069}
		}
		p.lost = p.lost && p.faulty
	case "ProfileList":
		r.Profiles = slices.Clone(p.profiles)
	case "RemoveProfile":
		p.profiles = slices.DeleteFunc(p.profiles, func(id string) bool { return !p.keeps && strings.Contains(string(cmd.Body), "<string>"+id+"</string>") })
	case "RemoveApplication":
		r.Status, r.Errors = p.removeApp(string(cmd.Body))
	case "InstallApplication":
		p.apps[appIn(string(cmd.Body))] = false
	case "InstalledApplicationList":
		r.Apps, r.AppsListed = slices.Collect(maps.Keys(p.apps)), true
	case "ManagedApplicationList":
		r.Managed = map[string]string{}
		for id := range p.apps {
			r.Managed[id] = "Managed"
		}
	case "ClearPasscode":
		p.passcode = false
	case "SecurityInfo":
		r.HasPasscode = &p.passcode
	case "DeviceConfigured":
		p.fresh = false
	}
	return r, !p.secret[cmd.Request]
}

func (p *ipad) erase() {
	p.erased++
	p.certs++
	p.cert = fmt.Sprint("cert-", p.certs)
	p.fresh, p.passcode, p.session, p.lost, p.profiles, p.users = true, false, false, false, nil, nil
	clear(p.apps)
}

// work is somebody using it: where there are managed apps, the data is in each of them.
func (p *ipad) work() {
	p.session = true
	for id := range p.apps {
		p.apps[id] = true
	}
}

// removeApp removes an app and its data; on this device there is no data elsewhere.
func (p *ipad) removeApp(body string) (string, []int) {
	id := appIn(body)
	if _, there := p.apps[id]; !there {
		return StatusError, []int{12075}
	}
	if !p.faulty {
		delete(p.apps, id)
		p.session = slices.Contains(slices.Collect(maps.Values(p.apps)), true)
	}
	return StatusAcknowledged, nil
}

// appIn is the bundle id that a command names.
func appIn(body string) string {
	_, rest, _ := strings.Cut(body, "<key>Identifier</key>")
	_, rest, _ = strings.Cut(rest, "<string>")
	id, _, _ := strings.Cut(rest, "</string>")
	return id
}

func (p *ipad) deleteUser(body string) (string, []int) {
	force := strings.Contains(body, "<key>ForceDeletion</key><true/>")
	for i, u := range p.users {
		if !strings.Contains(body, "<string>"+u.Name+"</string>") {
			continue
		}
		switch {
		case u.LoggedIn:
			return StatusError, []int{errUserLoggedIn}
		case u.HasDataToSync && !force:
			return StatusError, []int{errDataToSync}
		}
		p.users = slices.Delete(p.users, i, i+1)
		p.session = len(p.users) > 0
		return StatusAcknowledged, nil
	}
	return StatusError, []int{errNoSuchUser}
}

func (p *ipad) idle() Report {
	return Report{Channel: DeviceChannel, Enrolment: p.cert, Status: StatusIdle}
}

// signIn is a person signing in to Apple on it.
func (p *ipad) signIn(name string) {
	p.session = true
	for i := range p.users {
		p.users[i].LoggedIn = false
	}
	if i := slices.IndexFunc(p.users, func(u User) bool { return u.Name == name }); i >= 0 {
		p.users[i].LoggedIn = true
		return
	}
	p.users = append(p.users, User{Name: name, LoggedIn: true})
}

func TestTheTinyIPad(t *testing.T) {
	p := newIPad(true)
	p.signIn("a@hospital.example")
	c := custody.Custody{Device: "DMPEXAMPLE01", Run: custody.Run{Subject: "a@hospital.example"}}
	body, err := deleteUser("x", c, Inputs{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{errUserLoggedIn, errDataToSync, 0, errNoSuchUser} {
		if len(p.users) > 0 && want != errUserLoggedIn {
			p.users[0].LoggedIn, p.users[0].HasDataToSync = false, want == errDataToSync
		}
		if _, errs := p.deleteUser(string(body)); (want == 0) != (len(errs) == 0) || (want != 0 && errs[0] != want) {
			t.Errorf("got %v, want %d", errs, want)
		}
	}
}

// accounts: people sign in to Apple on it.
func (p *ipad) accounts() bool { return p.shared && !p.guest }
