package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// Outfit is what a device's standing profiles follow from.
type Outfit struct {
	Policy custody.Policy
	OS     encode.Version // keys that are newer are left out
	Name   string         // what people call the iPad
	Ward   string         // its ward's name
	WiFi   []byte         // the profile that an erased iPad comes back by; may be empty
}

// WantedProfile is a profile that a device is to have. Its UUID follows from
// what is rendered, so another UUID under the same identifier is another version.
type WantedProfile struct {
	Identifier string
	UUID       string
	// Profile is the rendered profile; nil where only its presence is looked at:
	// the badge-in page holds a secret for one use, and the app lock beside it
	// belongs to the plans.
	Profile []byte
}

// Wanted are the profiles on the device channel of a device that is set up, in
// the order of their installation.
func Wanted(o Outfit) ([]WantedProfile, error) {
	p := o.Policy
	renders := []func() ([]byte, error){
		func() ([]byte, error) { return encode.Restrictions(p, o.OS) },
		func() ([]byte, error) {
			return encode.LockScreen(encode.LockScreenParams{AssetTag: o.Name, Footnote: cmp.Or(p.IfFound, o.Ward)})
		},
	}
	if p.Target == custody.TargetPasscode {
		renders = append(renders, func() ([]byte, error) { return encode.Passcode(p) })
	}
	if apps := homeScreen(p); len(apps) > 0 {
		renders = append(renders, func() ([]byte, error) { return encode.HomeScreen(apps...) })
	}
	var out []WantedProfile
	for _, render := range renders {
		body, err := render()
		if err != nil {
			return nil, err
		}
		id, uuid, err := encode.Identity(body)
		if err != nil {
			return nil, err
		}
		out = append(out, WantedProfile{Identifier: id, UUID: uuid, Profile: body})
	}
	if !p.Fleet.Shared() {
		out = append(out, WantedProfile{Identifier: encode.KioskID})
	}
	return out, nil
}

// homeScreen are the apps that a ward's Home Screen shows: none under an app
// lock, where nobody sees it.
func homeScreen(p custody.Policy) []string {
	if p.Target != custody.TargetPasscode {
		return nil
	}
	apps := slices.Clone(p.ClinicalApps)
	for _, a := range p.ManagedApps {
		if !slices.Contains(apps, a.BundleID) {
			apps = append(apps, a.BundleID)
		}
	}
	return apps
}

// DriftState is how one profile stands.
type DriftState string

const (
	ProfileInstalled DriftState = "installed" // as wanted
	ProfileDiffers   DriftState = "differs"   // another version is there
	ProfileMissing   DriftState = "missing"
	ProfileLeftOver  DriftState = "left_over" // ours, and no longer wanted
	ProfileStranger  DriftState = "stranger"  // not of our making
)

// Drift is one profile as a list shows it.
type Drift struct {
	Identifier string
	State      DriftState
	Wanted     string // PayloadUUID
	Seen       string // PayloadUUID
	// Profile is what to install to put it right; nil if nothing is, or if that
	// is a plan's to do.
	Profile []byte
}

// Removable: it is put right by taking it off. What is not ours stays: a person
// looks who installed it.
func (d Drift) Removable() bool { return d.State == ProfileLeftOver }

// passing are profiles of ours that come and go with enrolment and session, or
// that a plan alone puts on and takes off, for they are what locks. Where they
// are not wanted their presence says nothing, and nothing here removes them.
var passing = []string{
	encode.EnrolmentID, encode.KioskID, encode.SafariLockID, encode.WebClipID, encode.ClinicalID, encode.PasscodeID, encode.WiFiID,
}

// ours begins the identifiers of our profiles.
const ours = "com.padwarden."

// Drifts compares what is wanted with what a ProfileList shows. The result is in the order of wanted, then whatever else
// is there, by identifier.
func Drifts(o Outfit, list []ProfileFact) ([]Drift, error) {
	wanted, err := Wanted(o)
	if err != nil {
		return nil, err
	}
	seen := make(map[string]string, len(list)) // UUID by identifier
	for _, f := range list {
		seen[f.Identifier] = f.UUID
	}
	known := slices.Clone(passing)
	if id, _, err := encode.Identity(o.WiFi); err == nil {
		known = append(known, id)
	}
	var out []Drift
	for _, w := range wanted {
		known = append(known, w.Identifier)
		uuid, there := seen[w.Identifier]
		d := Drift{Identifier: w.Identifier, Wanted: w.UUID, Seen: uuid, State: ProfileInstalled, Profile: w.Profile}
		switch {
		case !there:
			d.State = ProfileMissing
		case w.Profile != nil && !strings.EqualFold(uuid, w.UUID):
			d.State = ProfileDiffers
		default:
			d.Profile = nil
		}
		out = append(out, d)
	}
	var others []Drift
	for id, uuid := range seen {
		if slices.Contains(known, id) {
			continue
		}
		d := Drift{Identifier: id, Seen: uuid, State: ProfileStranger}
		if strings.HasPrefix(id, ours) {
			d.State = ProfileLeftOver
		}
		others = append(others, d)
	}
	slices.SortFunc(others, func(a, b Drift) int { return cmp.Compare(a.Identifier, b.Identifier) })
	return append(out, others...), nil
}
