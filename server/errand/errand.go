// Package errand is the housekeeping: what an iPad is asked beside its plan, a
// ping, its inventory, a sound, and what it said of itself.
//
// An errand waits behind open, lock and wipe, always: the steward offers a
// connected device one only where its plan has nothing to say and no command
// of a plan is out ([Free]). One is outstanding at a time, there is one of each
// kind, and each expires. What a device answers goes to the ledger's asks and
// facts and never to its custody, which nothing here changes or reads a proof
// from. An errand that shows something to a person, or takes something from
// one, is for the hand-over at which it was asked and no other.
//
// The deciding is in choose.go and schedule.go, without a clock or a store; the
// [Desk] does what they say.
package errand

import (
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// Ranks of errands; lower goes first.
const (
	RankPerson    = 0 // somebody has asked for it just now
	RankProfile   = 10
	RankInventory = 20
)

// Kinds of errands that this package brings itself.
const (
	Ping     = "ping"     // is it there? A DeviceInformation of two facts
	Device   = "device"   // DeviceInformation
	Security = "security" // SecurityInfo
	Profiles = "profiles" // ProfileList
	Apps     = "apps"     // InstalledApplicationList

	InstallProfile = "install-profile" // params: the profile
	RemoveProfile  = "remove-profile"  // params: its identifier
	Timers         = "timers"          // a Shared iPad's own timers; params: encode.SharedDevice as JSON
	Look           = "look"            // ProfileList, to see what the three before did
)

// Kind is how one kind of errand is sent and read.
type Kind struct {
	// Personal: it shows something to the person at the device or takes something
	// from them, so it never crosses an epoch.
	Personal bool
	// In says in which rows it may go, beside what holds for all; nil: in any.
	In func(custody.Custody) bool
	// Encode makes the command of an id, from what was given when it was asked
	// and the device's fleet kind.
	Encode func(id string, params []byte, fleet custody.FleetKind) ([]byte, error)
	// Read says what to keep of an Acknowledged report, beside its facts; nil: nothing.
	Read func(plan.Report) ([]byte, error)
}

// Kinds are all that may be asked, by name. A name with a colon is of the kind
// before it, so that one device may be asked several, each with params of its
// own: "install-profile:com.example.wifi".
type Kinds map[string]Kind

func (ks Kinds) of(name string) (Kind, bool) {
	base, _, _ := strings.Cut(name, ":")
	k, ok := ks[base]
	return k, ok
}

// pinged is asked with a ping: little, and known to every iPad.
var pinged = []string{"OSVersion", "BatteryLevel"}

// Housekeeping returns the kinds of this package.
func Housekeeping() Kinds {
	plain := func(f func(id string) ([]byte, error)) Kind {
		return Kind{Encode: func(id string, _ []byte, _ custody.FleetKind) ([]byte, error) { return f(id) }}
	}
	return Kinds{
		Ping: plain(PingCommand),
		Device: {Encode: func(id string, _ []byte, fleet custody.FleetKind) ([]byte, error) {
			return encode.DeviceInformation(id, encode.Inventory(fleet)...)
		}},
		Security: plain(encode.SecurityInfo),
		Profiles: plain(encode.ProfileList),
		Apps:     plain(encode.InstalledApplicationList),

		InstallProfile: {In: undisturbed, Encode: func(id string, params []byte, _ custody.FleetKind) ([]byte, error) {
			return encode.InstallProfile(id, params)
		}},
		RemoveProfile: {In: undisturbed, Encode: func(id string, params []byte, _ custody.FleetKind) ([]byte, error) {
			return encode.RemoveProfile(id, string(params))
		}},
		Timers: {In: undisturbed, Encode: timersCommand},
		Look:   {In: undisturbed, Encode: plain(encode.ProfileList).Encode},
	}
}

// PingCommand is what a ping sends. DeviceInformation is never answered NotNow
// (Apple: "Device Information Command").
func PingCommand(id string) ([]byte, error) { return encode.DeviceInformation(id, pinged...) }

// NewID makes the id of an errand, which is the CommandUUID it goes out with.
func NewID() string { return uuid.NewString() }

// Owns reports whether a CommandUUID is an errand's. A plan's are UUIDs of
// version 5 and an errand's of version 4 (RFC 9562), so that a plan's report
// costs no look-up, and an errand's that nobody remembers is none of the plan's.
func Owns(command string) bool {
	id, err := uuid.Parse(command)
	return err == nil && id.Version() == 4 && id.String() == command
}

func unknownKind(name string) error {
	return fmt.Errorf("errand of kind %q: %w", name, custody.ErrNotFound)
}
