package steward

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// ipad is the truth about one device in the model: what is really on it. It
// keeps the facts of Apple's protocol that matter here and knows nothing of
// custody: the oracle asks it, never the other way round.
type ipad struct {
	id     custody.DeviceID
	shared bool
	guest  bool // temporary sessions only, which no list names and a sign-out deletes

	cert     string // identity certificate of its present enrolment
	certs    int
	newest   int  // the newest certificate that authenticated; older ones are revoked
	away     bool // erased, and not yet enrolled again
	fresh    bool // at Setup Assistant since the erase
	data     map[string]bool
	profiles map[string]bool
	user     string          // signed in to Apple
	users    map[string]bool // Shared iPad: volumes
	apps     map[string]bool // managed apps, and whether somebody's data is in them

	inbox  []plan.Command // told and not yet executed, in order
	outbox []message      // said and not yet delivered
	said   []message      // delivered once, for repeats
	told   int
	lost   bool // in Lost Mode
	faulty bool // acknowledges an erase and does not do it
}

// message is a check-in or a report on its way to a server.
type message struct {
	n      int
	cert   int // of the enrolment it was said under
	event  custody.Event
	report plan.Report
}

func (m message) String() string {
	if m.event != nil {
		return fmt.Sprintf("%T", m.event)
	}
	return m.report.Status + " " + m.report.Command
}

func newIPad(id custody.DeviceID, shared bool) *ipad {
	p := &ipad{id: id, shared: shared, data: map[string]bool{}, profiles: map[string]bool{}, users: map[string]bool{}, apps: map[string]bool{}}
	p.fresh = true
	p.enrol()
	return p
}

func (p *ipad) String() string { return string(p.id) }

// enrol makes a new identity and says so.
func (p *ipad) enrol() {
	p.certs++
	p.cert = fmt.Sprintf("%s-cert-%d", p.id, p.certs)
	p.away = false
	p.say(message{event: custody.Authenticated{Enrolment: p.cert}})
	p.say(message{event: custody.TokenUpdated{Enrolment: p.cert, Awaiting: p.fresh}})
	if p.user != "" {
		p.say(message{event: custody.AppleSignIn{Enrolment: p.cert, Account: p.user}})
	}
}

func (p *ipad) say(m message) {
	p.told++
	m.n, m.cert = p.told, p.certs
	p.outbox = append(p.outbox, m)
}

func (p *ipad) connect() {
	if !p.away {
		p.say(message{report: p.report(plan.StatusIdle, "")})
	}
}

func (p *ipad) report(status, command string) plan.Report {
	return plan.Report{Device: p.id, Channel: plan.DeviceChannel, Enrolment: p.cert, Status: status, Command: command}
}

func (p *ipad) signIn(account string) bool {
	if !p.shared || p.away || p.user != "" || p.fresh {
		return false
	}
	p.user, p.users[account], p.data[account] = account, true, true
	p.say(message{event: custody.AppleSignIn{Enrolment: p.cert, Account: account}})
	return true
}

// execute carries out the oldest command and says how it went.
func (p *ipad) execute() (done plan.Command, ok bool) {
	if p.away || len(p.inbox) == 0 {
		return done, false
	}
	done, p.inbox = p.inbox[0], p.inbox[1:]
	r := p.report(plan.StatusAcknowledged, done.UUID)
	switch done.Request {
	case "EraseDevice":
		p.say(message{report: r})
		if !p.faulty {
			p.erase()
		}
		return done, true
	case "InstallProfile":
		p.profiles[profileOf(done.Step)] = true
	case "ProfileList":
		for id := range p.profiles {
			r.Profiles = append(r.Profiles, id)
		}
	case "EnableLostMode":
		p.lost = p.lost || !p.faulty
	case "DisableLostMode":
		p.lost = p.lost && p.faulty
	case "DeviceInformation":
		lost := p.lost
		r.LostOn = &lost
	case "DeviceConfigured":
		p.fresh = false
	case "LogOutUser":
		p.user = ""
		if p.guest {
			clear(p.data)
		}
	case "RemoveProfile":
		delete(p.profiles, profileOf(done.Step))
	case "InstalledApplicationList":
		r.AppsListed = true
		for id := range p.apps {
			r.Apps = append(r.Apps, id)
		}
	case "ManagedApplicationList":
		r.Managed = map[string]string{}
		for id := range p.apps {
			r.Managed[id] = "Managed"
		}
	case "InstallApplication":
		for _, a := range theApps {
			if strings.Contains(string(done.Body), a.BundleID) {
				p.apps[a.BundleID] = p.apps[a.BundleID]
			}
		}
	case "RemoveApplication":
		p.removeApp(string(done.Body))
	case "UserList":
		r.Listed = true
		for u := range p.users {
			r.Users = append(r.Users, plan.User{Name: u, LoggedIn: u == p.user})
		}
		slices.SortFunc(r.Users, func(a, b plan.User) int { return len(a.Name) - len(b.Name) })
	case "DeleteUser":
		p.deleteSomebody(&r)
	}
	p.say(message{report: r})
	return done, true
}

// theApps are what the model's managed-apps ward installs.
var theApps = []custody.App{{BundleID: "org.example.charts"}, {BundleID: "org.example.records"}}

// work leaves who's data on it: in every managed app, where it has any.
func (p *ipad) work(who string) {
	p.data[who] = true
	for id := range p.apps {
		p.apps[id] = true
	}
}

// removeApp removes the app that a command names, unless the device only says
// so. The data is gone with the last app that holds some.
func (p *ipad) removeApp(body string) {
	for id := range p.apps {
		if strings.Contains(body, id) && !p.faulty {
			delete(p.apps, id)
			if !slices.Contains(slices.Collect(maps.Values(p.apps)), true) {
				clear(p.data)
			}
		}
	}
}

func (p *ipad) deleteSomebody(r *plan.Report) {
	for u := range p.users {
		if u != p.user {
			delete(p.users, u)
			delete(p.data, u)
			return
		}
	}
	r.Status, r.Errors = plan.StatusError, []int{12072}
	if len(p.users) == 0 {
		r.Errors = []int{12071}
	}
}

// erase destroys the keys; nothing that was told before survives it.
func (p *ipad) erase() {
	p.away, p.fresh, p.user, p.faulty, p.lost = true, true, "", false, false
	p.data, p.profiles, p.users, p.inbox = map[string]bool{}, map[string]bool{}, map[string]bool{}, nil
	clear(p.apps)
}

func profileOf(step string) string {
	switch step {
	case "kiosk", "install_kiosk", "unlock":
		return "com.padwarden.kiosk"
	case "restrictions":
		return "com.padwarden.restrictions"
	}
	return "com.padwarden." + step
}

// holdsOther reports whether anybody's data but who's is on the device.
func (p *ipad) holdsOther(who string) (string, bool) {
	for d := range p.data {
		if d != who {
			return d, true
		}
	}
	return "", false
}
