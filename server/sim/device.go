package sim

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Kind is how a device is shared.
type Kind string

const (
	// OneUser is a supervised iPad without Apple's user accounts.
	OneUser Kind = "one-user"
	// Shared is Apple's Shared iPad.
	Shared Kind = "shared"
)

// Options describe one device. Empty ones get plausible values.
type Options struct {
	Serial    string
	UDID      string // kept across erases
	Name      string
	Model     string // "iPad13,18"
	ModelName string
	OSVersion string
	Build     string
	Kind      Kind
	// Ethernet: a wired dock, or Wi-Fi that needs no profile: the device comes
	// back after an erase without WiFiProfileData.
	Ethernet            bool
	Latitude, Longitude float64 // where it is
	// ReturnMode: its automated enrolment put it in return-to-service mode (iOS
	// 26.0), where a hand may ask for an erase.
	ReturnMode bool
	Quota      int64 // Shared iPad: DataQuota of a user, bytes
	// Lent: a person has its page in a browser of their own, so the device opens none.
	Lent bool
}

func (o Options) filled() Options {
	set := func(p *string, v string) {
		if *p == "" {
			*p = v
		}
	}
	set(&o.Serial, "SIM"+strings.ToUpper(uuid.NewString()[:9]))
	set(&o.UDID, strings.ToUpper("00008103-"+strings.ReplaceAll(uuid.NewString(), "-", "")[:16]))
	set(&o.Name, o.Serial)
	set(&o.Model, "iPad13,18")
	set(&o.ModelName, "iPad (10th generation)")
	set(&o.OSVersion, "18.2")
	set(&o.Build, "22C152")
	if o.Kind == "" {
		o.Kind = OneUser
	}
	if o.Quota == 0 {
		o.Quota = 4 << 30
	}
	return o
}

// Env is the world that devices share.
type Env struct {
	Clock  Clock
	Timing Timing
	APNs   *APNs
	Keys   Keys
	HTTP   http.RoundTripper // trusts the server's roots
	Watch  Watcher           // may be nil
	Log    *slog.Logger      // may be nil
}

// phase is what keeps a device from being spoken to at all.
type phase int

const (
	ready phase = iota
	dark        // restarting, shut down, or gone for good
	erasing
	silent // Shared iPad after a log-out: MDM is not available
)

// Device is a simulated iPad. One goroutine does everything it does by itself;
// hands, faults and readings may come from any other.
type Device struct {
	opt    Options
	env    Env
	line   *line
	agenda *agenda
	page   *Page

	net sync.Mutex // orders what the push server and the page are told; taken before mu

	mu         sync.Mutex
	vol        *volume
	assigned   string                            // ADE: where the enrolment profile is fetched
	vouch      func(info []byte) ([]byte, error) // ADE: signs what the device says of itself; nil: it says nothing
	inRange    bool                              // a network is there
	joined     bool                              // and the device knows its password
	leaving    bool                              // an acknowledged erase or log-out is about to begin
	asleep     bool
	dead       bool
	stranded   bool // restarted with a passcode: no Wi-Fi until it is unlocked
	screen     bool
	battery    float64
	phase      phase
	owed       map[string]bool // channels that heard a push and could not come
	repoll     map[string]bool // channels whose last word was NotNow
	faults     faults
	erased     int
	executed   []Executed
	said       []dict // the last reports of the device channel
	enrolError string
	view       view
	glow       view          // what the page was when the screen went dark; see afterglow
	changed    chan struct{} // closed when view changes
}

func newDevice(env Env, opt Options) *Device {
	opt = opt.filled()
	d := &Device{
		opt: opt, env: env, line: env.APNs.newLine(opt.Serial), agenda: newAgenda(env.Clock),
		vol: newVolume(), inRange: true, joined: true, screen: true, battery: 0.8,
		owed: map[string]bool{}, repoll: map[string]bool{}, changed: make(chan struct{}),
	}
	d.vol.setup = true
	d.page = newPage(d)
	return d
}

// Serial is the device's serial number.
func (d *Device) Serial() string { return d.opt.Serial }

// UDID is the device's identifier, the same across erases.
func (d *Device) UDID() string { return d.opt.UDID }

// Page is the badge page on the device's screen.
func (d *Device) Page() *Page { return d.page }

// run is the device's own goroutine.
func (d *Device) run(ctx context.Context) {
	d.update(func() {}) // connects to the push server
	defer d.line.set(false)
	d.agenda.run(ctx)
}

// online reports whether the device is on a network and up. Under mu.
func (d *Device) online() bool {
	return d.inRange && d.joined && !d.asleep && !d.dead && !d.stranded && d.phase == ready
}

// reachable reports whether MDM can talk to the device. Under mu.
func (d *Device) reachable() bool { return d.online() && !d.leaving }

// update changes the device's state and tells the push server and the page
// what follows from it.
func (d *Device) update(change func()) {
	d.net.Lock()
	defer d.net.Unlock()
	d.mu.Lock()
	change()
	if now := d.look(); now != d.view {
		d.view = now
		close(d.changed)
		d.changed = make(chan struct{})
	}
	up := d.reachable()
	if up {
		d.catchUp()
	}
	d.mu.Unlock()
	d.line.set(up)
}

// catchUp plans what waited for the device to be reachable. Under mu.
func (d *Device) catchUp() {
	for ch := range d.owed {
		d.planConnect(0, ch)
	}
	clear(d.owed)
	if d.vol.join != nil {
		d.agenda.at(0, "join", d.join)
	}
	if d.busy() || d.vol.behindPasscode() {
		return
	}
	for ch := range d.repoll {
		d.planConnect(0, ch)
	}
	clear(d.repoll)
}

func (d *Device) planConnect(in time.Duration, channel string) {
	d.agenda.at(in, "connect "+channel, func(ctx context.Context) { d.connect(ctx, channel) })
}

// hear is called by the push server: the channel ("" or an account) is wanted.
func (d *Device) hear(channel string) {
	d.planConnect(d.env.Timing.Push, channel)
}

// holds reports whether v is still what is on the device and it can talk.
func (d *Device) holds(v *volume) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.vol == v && d.reachable()
}

func (d *Device) logger() *slog.Logger {
	if d.env.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return d.env.Log.With("device", d.opt.Serial)
}

func (d *Device) now() time.Time { return d.env.Clock.Now() }

func newAddress() (address, error) {
	token := make([]byte, 32)
	if _, err := rand.Read(token); err != nil {
		return address{}, fmt.Errorf("making a push token: %w", err)
	}
	return address{token: token, magic: strings.ToUpper(uuid.NewString())}, nil
}
