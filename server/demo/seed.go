package demo

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/plan/encode"
	"github.com/padwarden/padwarden/server/sim"
)

// The wards: the recommended one-user iPads with a kiosk browser, the same with
// a personal passcode for the shift, Apple's Shared iPad, and the two fleet
// kinds that prove less: guests' iPads, and iPads whose managed apps are
// removed and installed again. few wards have two iPads.
var wards = []struct {
	id, name, short string
	fleet           custody.FleetKind
	target          custody.LockTarget
	few             bool
}{
	{"4-east", "4 East", "4E", custody.ReturnToService, custody.TargetKioskApp, false},
	{passcodeWardID, "Theatre", "TH", custody.ReturnToService, custody.TargetPasscode, false},
	{"children", "Children's", "CH", custody.SharedIPad, custody.TargetNone, false},
	{"visitors", "Visitors", "VI", custody.SharedGuest, custody.TargetNone, true},
	{"radiology", "Radiology", "RA", custody.ManagedApps, custody.TargetKioskApp, true},
}

const passcodeWardID = "theatre"

// iPads is how many a ward has.
func (h *Hospital) iPads(few bool) int {
	if few {
		return min(h.o.perWard, 2)
	}
	return h.o.perWard
}

// person is somebody who badges in.
type person struct{ id, name, account, badge, pin string }

var names = []string{
	"Ada Okafor", "Ben Silva", "Chloe Martin", "Dev Patel", "Elif Kaya", "Finn O'Brien",
	"Grace Kim", "Hugo Weiss", "Ines Rossi", "Jonas Berg", "Keiko Tanaka", "Lena Novak",
	"Maya Lind", "Noor Haddad", "Omar Reyes",
}

// seed fills the new ledger: wards, iPads with their docks' readers, people.
func (h *Hospital) seed(ctx context.Context) error {
	apps, err := h.startApps(ctx)
	if err != nil {
		return err
	}
	for _, w := range wards {
		policy := custody.DefaultPolicy(w.fleet, w.target)
		if w.target == custody.TargetPasscode {
			policy.ClinicalApps = []string{"org.example.charting", "org.example.imaging"}
		}
		if w.target == custody.TargetKioskApp {
			policy.Warn, policy.Lock = 3*time.Minute, 4*time.Minute
			policy.WebApps = apps
		}
		policy.BadgeAlone = w.fleet == custody.SharedGuest
		if w.fleet == custody.ManagedApps {
			policy.LeastGrade = custody.GradeAppsRemoved
			policy.ManagedApps = []custody.App{{BundleID: encode.DefaultBrowser}, {BundleID: "org.example.charting"}}
		}
		// People sign in no faster because time does.
		policy.SignInGrace = min(policy.SignInGrace*time.Duration(h.o.Speed), 5*time.Minute)
		if err := policy.Validate(); err != nil {
			return fmt.Errorf("the policy of %s: %w", w.name, err)
		}
		policy = policy.Faster(h.o.Speed)
		if err := h.App.Ledger.AddWard(ctx, ledger.Ward{ID: w.id, Name: w.name, Policy: policy}); err != nil {
			return err
		}
		for n := 1; n <= h.iPads(w.few); n++ {
			if err := h.addDevice(ctx, w.id, w.fleet, fmt.Sprintf("%s-%02d", w.short, n), policy); err != nil {
				return err
			}
		}
	}
	for n, name := range names {
		if err := h.addPerson(ctx, n, name); err != nil {
			return err
		}
	}
	return nil
}

func (h *Hospital) addDevice(ctx context.Context, ward string, fleet custody.FleetKind, name string, policy custody.Policy) error {
	id := custody.DeviceID("PW" + name)
	if err := h.App.Ledger.AddDevice(ctx, ledger.Device{ID: id, Ward: ward, Name: name}); err != nil {
		return err
	}
	credential := rand.Text()
	digest := sha256.Sum256([]byte(credential))
	reader := ledger.Reader{ID: "dock-" + name, Ward: ward, Device: id, Credential: digest[:]}
	if err := h.App.Ledger.AddReader(ctx, reader); err != nil {
		return err
	}
	h.readers[string(id)] = sim.Reader{BaseURL: h.App.URL, ID: reader.ID, Credential: credential}
	kind := sim.OneUser
	if fleet.Shared() {
		kind = sim.Shared
	}
	o := sim.Options{Serial: string(id), Name: name, Kind: kind, Ethernet: true}
	if fleet == custody.ReturnToService {
		o.OSVersion, o.ReturnMode = "26.0", true
	}
	device := h.Fleet.Add(o)
	if policy.Evidence == custody.EvidencePage {
		h.Observer.Expect(string(id), policy.Lock)
	}
	link, err := h.App.Engine.EnrolmentLink(id)
	if err != nil {
		return err
	}
	device.Assign(link)
	return nil
}

func (h *Hospital) addPerson(ctx context.Context, n int, name string) error {
	p := person{
		id: fmt.Sprintf("c%02d", n+1), name: name, account: fmt.Sprintf("c%02d@st-elsewhere.example", n+1),
		badge: fmt.Sprintf("%010d", 48210000+37*n), pin: fmt.Sprintf("%06d", (836194+47173*n)%1000000),
	}
	c := ledger.Clinician{ID: p.id, Name: p.name, Account: p.account, Active: true}
	if err := h.App.Ledger.AddClinician(ctx, c); err != nil {
		return err
	}
	hash, err := h.App.Identity.Badge(p.badge)
	if err != nil {
		return fmt.Errorf("the badge of %s: %w", name, err)
	}
	if err := h.App.Ledger.AddBadge(ctx, ledger.Badge{Hash: hash, Clinician: p.id}); err != nil {
		return err
	}
	if err := h.App.Identity.SetPIN(ctx, p.id, p.pin); err != nil {
		return fmt.Errorf("the PIN of %s: %w", name, err)
	}
	h.people = append(h.people, p)
	return nil
}
