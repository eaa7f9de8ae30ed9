package plan

import (
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// Channel is an MDM channel. Commands that open, lock or wipe go by the device
// channel only (hand-over rule 4).
type Channel string

const (
	DeviceChannel Channel = "device"
	UserChannel   Channel = "user"
)

// Statuses of a report (Apple: "Sending MDM commands to a device").
const (
	StatusIdle               = "Idle"
	StatusAcknowledged       = "Acknowledged"
	StatusNotNow             = "NotNow"
	StatusError              = "Error"
	StatusCommandFormatError = "CommandFormatError"
)

// Report is one connect of a device, decoded by the driver: Idle, or the
// result of a command. Fields that the result does not carry are zero.
type Report struct {
	Device    custody.DeviceID
	Channel   Channel
	User      string // user channel: the account's short name
	Enrolment string // hash of the identity certificate it came under
	Status    string
	Command   string // CommandUUID; empty with Idle
	Queued    bool   // heard by a server with a queue of its own: what it holds may still be executed
	Errors    []int  // ErrorChain codes
	ErrorText string // ErrorChain in words, for logs and history

	Users         []User   // UserList
	Listed        bool     // the report carries a UserList, perhaps an empty one
	Profiles      []string // ProfileList: payload identifiers
	HasPasscode   *bool    // SecurityInfo PasscodePresent
	Battery       *float64 // DeviceInformation BatteryLevel: 0 to 1; nil where the report does not say
	ActivationOn  *bool    // DeviceInformation IsActivationLockEnabled
	LostOn        *bool    // DeviceInformation IsMDMLostModeEnabled
	MessageResult string   // DeviceLock

	Apps       []string          // InstalledApplicationList: bundle ids; an app without one is ""
	AppsListed bool              // the report carries such a list, perhaps an empty one
	Managed    map[string]string // ManagedApplicationList: status by bundle id; nil if the report has none

	Place *Place // DeviceLocation; nil where the report has none

	Facts []Fact // what the report says of the device, for people to read
}

// Place is where a lost device is. Only a named person's look may show it.
type Place struct {
	Latitude, Longitude float64
	Within              float64 // metres; negative: it does not know
	At                  time.Time
}

// OfErrand is the same visit without what was reported: the answer to an
// errand says nothing about a plan, and is not the Idle that a step may wait for.
func (r Report) OfErrand() Report {
	return Report{Device: r.Device, Channel: r.Channel, User: r.User, Enrolment: r.Enrolment, Queued: r.Queued}
}

// User is one entry of a Shared iPad's UserList.
type User struct {
	Name          string
	LoggedIn      bool
	HasDataToSync bool
}

// Command is what a device is told: an encoded command plist and its names.
type Command struct {
	UUID    string
	Request string // RequestType
	Step    string
	Body    []byte // the XML plist, ready to send
}

// Inputs are what a plan needs besides the row, gathered by the driver. Secrets
// in it go into command bodies only.
type Inputs struct {
	Policy custody.Policy

	Organisation string
	ServerURL    string // https://host, without a trailing slash
	MDMURL       string // where an enrolled device connects; empty: ServerURL + "/mdm"
	Topic        string // APNs topic, com.apple.mgmt.…
	// Challenge is the SCEP challenge of the enrolment profile that follows an
	// erase, bound to (device, epoch, run) (hand-over rule 6).
	Challenge string
	// KioskURL is the page's start address with its one-time secret, bound to the
	// device's present enrolment and run.
	KioskURL string
	// UnlockToken is what ClearPasscode needs, where the plan clears a passcode.
	UnlockToken []byte
	// Bootstrap is the device's escrowed bootstrap token, where the ward's apps are kept over an erase.
	Bootstrap []byte
	// OS is the iPadOS version that the device said it has: what is newer is left out.
	OS encode.Version
	// Obstacle says what on the server's side would keep an erased device from
	// coming back, in a sentence; empty: nothing that it knows of.
	Obstacle string
	// WiFi is the Wi-Fi profile a device needs to come back after an erase; empty for Ethernet or cellular.
	WiFi []byte
}
