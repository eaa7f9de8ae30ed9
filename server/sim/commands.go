package sim

import "slices"

// Error codes of MCMDMErrorDomain. 12071–12074 are in Apple's schema of
// DeleteUser; the others are assumed, as Apple publishes no list.
const (
	codeUnknownCommand = 12021
	codeBadToken       = 12026
	codeNoProfile      = 12075
	codeInstallFailed  = 4001
	codeNoSuchUser     = 12071
	codeUserSignedIn   = 12072
	codeUserHasData    = 12073
	codeDeleteFailed   = 12074
	codeNotLost        = 12069
)

// result is what a command came to.
type result struct {
	status string
	fields dict
	then   func()   // what begins once the report has left: an erase, a restart
	renew  *profile // the management's own, to be taken up before the report
}

func acknowledged(fields dict) result { return result{status: "Acknowledged", fields: fields} }

func formatError() result { return result{status: "CommandFormatError"} }

func failed(code int, text string) result {
	return result{status: "Error", fields: dict{"ErrorChain": []any{map[string]any{
		"ErrorCode": code, "ErrorDomain": "MCMDMErrorDomain", "LocalizedDescription": text, "USEnglishDescription": text,
	}}}}
}

// handler carries out one command. Under the device's mu.
type handler func(d *Device, c *conversation, cmd dict) result

// onDevice are the commands of the device channel. Lost Mode, restart and
// DeviceConfigured need supervision; every simulated device is supervised.
var onDevice map[string]handler

// onUser are the commands of a Shared iPad's user channel.
var onUser map[string]handler

func init() { // not a literal: handlers refer back to these tables
	onDevice = map[string]handler{
		"EraseDevice": eraseDevice, "DeviceLock": deviceLock, "ClearPasscode": clearPasscode,
		"LogOutUser": logOutUser, "DeleteUser": deleteUser, "UserList": userList,
		"InstallProfile": installProfile, "RemoveProfile": removeProfile, "ProfileList": profileList,
		"SecurityInfo": securityInfo, "DeviceInformation": deviceInformation, "DeviceConfigured": deviceConfigured,
		"InstallApplication": installApplication, "RemoveApplication": removeApplication,
		"InstalledApplicationList": installedApplicationList, "ManagedApplicationList": managedApplicationList,
		"RestartDevice": restartDevice, "ShutDownDevice": shutDownDevice,
		"EnableLostMode": enableLostMode, "DisableLostMode": disableLostMode,
		"DeviceLocation": deviceLocation, "PlayLostModeSound": playLostModeSound, "Settings": settings,
	}
	onUser = map[string]handler{
		"InstallProfile": installProfile, "RemoveProfile": removeProfile, "ProfileList": profileList,
	}
}

// neverNotNow are the commands that Apple says are never answered NotNow.
var neverNotNow = []string{"DeviceInformation", "ProfileList", "DeviceLock", "EraseDevice", "ClearPasscode",
	"ProvisioningProfileList", "InstalledApplicationList", "Restrictions"}

// afterUnlock are the commands seen to get NotNow while a passcode keeps the data closed.
var afterUnlock = []string{"InstallProfile", "SecurityInfo"}

// execute carries out one command and records it with what was on the device.
func (d *Device) execute(c *conversation, cmd dict) (r result) {
	e := Executed{UUID: cmd.str("CommandUUID"), Request: cmd.dict("Command").str("RequestType"), User: c.channel, At: d.now()}
	d.update(func() {
		e.Canaries = d.vol.allCanaries()
		r, e.Effect = d.perform(c, e.UUID, e.Request, cmd.dict("Command"))
		e.Status = r.status
		if len(d.executed) < maxKept {
			d.executed = append(d.executed, e)
		}
	})
	d.logger().Debug("command", "request", e.Request, "status", e.Status, "effect", e.Effect)
	if d.env.Watch != nil {
		d.env.Watch.Executed(d.opt.Serial, e)
	}
	return r
}

// perform answers a command and whether it was carried out. Under mu.
func (d *Device) perform(c *conversation, uuid, request string, cmd dict) (r result, effect bool) {
	if uuid == "" || request == "" {
		return formatError(), false
	}
	table := onDevice
	if c.channel != "" {
		table = onUser
	}
	do := table[request]
	code, refuse := d.faults.refuse[request]
	switch {
	case do == nil:
		return failed(codeUnknownCommand, request+" is not a valid request here"), false
	case d.busy() && !slices.Contains(neverNotNow, request),
		d.vol.behindPasscode() && slices.Contains(afterUnlock, request):
		return result{status: "NotNow"}, false
	case d.faults.malformed[request]:
		return formatError(), false
	case refuse:
		return failed(code, request+" failed"), false
	case d.faults.pretend[request]:
		return acknowledged(nil), false
	}
	r = do(d, c, cmd)
	return r, r.status == "Acknowledged"
}
