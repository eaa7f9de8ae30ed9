package encode

import (
	"errors"
	"slices"

	"github.com/padwarden/padwarden/server/custody"
)

// DeviceInformation asks for facts about the device (Apple: "Device
// Information Command", iOS 4.0). Never NotNow. [Inventory] names the queries.
// Device channel; the user channel knows few of them.
func DeviceInformation(uuid string, queries ...string) ([]byte, error) {
	if len(queries) == 0 {
		return nil, errors.New("encoding DeviceInformation: no queries")
	}
	return Command(uuid, "DeviceInformation", struct{ Queries []string }{queries})
}

// everyDevice are the facts asked of any iPad; none needs more than iOS 16.4.
var everyDevice = []string{
	"UDID", "SerialNumber", "DeviceName", "OSVersion", "BuildVersion", "SupplementalOSVersionExtra",
	"ModelName", "ModelNumber", "BatteryLevel", "AvailableDeviceCapacity",
	"IsSupervised", "IsMultiUser", "IsMDMLostModeEnabled", "AwaitingConfiguration",
}

// sharedOnly are those that only a Shared iPad knows: another answers an error.
var sharedOnly = []string{
	"QuotaSize", "ResidentUsers", "EstimatedResidentUsers",
	"UserSessionTimeout", "TemporarySessionTimeout", "TemporarySessionOnly", "ManagedAppleIDDefaultDomains",
}

// Inventory is what is asked of a device of a fleet kind with DeviceInformation.
func Inventory(fleet custody.FleetKind) []string {
	if fleet.Shared() {
		return slices.Concat(everyDevice, sharedOnly)
	}
	return slices.Clone(everyDevice)
}
