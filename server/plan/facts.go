package plan

// Fact is something that a report says of the device itself. It is shown to
// people and proves nothing: what proves is in the fields of [Report].
type Fact struct {
	Kind  string
	Value any // of JSON: a text, a number, a truth, or a list
}

// Kinds of facts, and what a value of each is.
const (
	FactModel      = "model"      // ModelName, "iPad (10th generation)"
	FactOS         = "os"         // OSVersion and SupplementalOSVersionExtra, "18.2", "18.2 (a)"
	FactBuild      = "build"      // BuildVersion
	FactBattery    = "battery"    // BatteryLevel, 0 to 1
	FactFree       = "free_gb"    // AvailableDeviceCapacity, in units of 2^30 bytes
	FactSupervised = "supervised" // IsSupervised
	FactLostMode   = "lost_mode"  // IsMDMLostModeEnabled
	FactPasscode   = "passcode"   // SecurityInfo's PasscodePresent
	FactProfiles   = "profiles"   // ProfileList, a list of [ProfileFact]
	FactApps       = "apps"       // InstalledApplicationList, a list of bundle ids
	FactTimers     = "timers"     // a Shared iPad's session timeouts, [SharedTimers]
	FactSeen       = "seen"       // true: it connected
)

// ProfileFact is one entry of a ProfileList. The UUID tells versions of one
// profile apart.
type ProfileFact struct {
	Identifier string `json:"identifier"`
	UUID       string `json:"uuid,omitempty"`
}
