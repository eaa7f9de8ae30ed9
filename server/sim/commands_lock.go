package sim

import (
	"bytes"
	"time"
)

// deviceLock puts the screen to sleep. It locks only what has a passcode, or a
// Shared iPad's account.
func deviceLock(d *Device, _ *conversation, cmd dict) result {
	v := d.vol
	if v.lost != nil {
		return acknowledged(dict{"MessageResult": "DeviceInLostMode"})
	}
	d.afterglow()
	said := "Success"
	if !d.lock() {
		said = "NoPasscodeSet"
	}
	if d.opt.Kind == Shared || (cmd.str("Message") == "" && cmd.str("PhoneNumber") == "") {
		return acknowledged(nil) // there was no message to report on
	}
	return acknowledged(dict{"MessageResult": said})
}

// lock turns the screen off and reports whether that locked anything. Under mu.
func (d *Device) lock() bool {
	d.screen = false
	if d.vol.passcode != "" || d.vol.current != nil && !d.vol.current.guest() {
		d.vol.locked = true
	}
	return d.vol.locked
}

func clearPasscode(d *Device, c *conversation, cmd dict) result {
	switch {
	case d.opt.Kind == Shared:
		return failed(codeUnknownCommand, "ClearPasscode is not for Shared iPad")
	case !cmd.has("UnlockToken"):
		return formatError()
	case !bytes.Equal(cmd.data("UnlockToken"), c.mdm.unlock):
		return failed(codeBadToken, "the UnlockToken is not this device's")
	}
	d.vol.passcode, d.vol.locked = "", false
	return acknowledged(nil)
}

func securityInfo(d *Device, _ *conversation, _ dict) result {
	v := d.vol
	compliant := true
	for _, p := range v.profiles {
		compliant = compliant && len(v.passcode) >= p.minLength
	}
	info := map[string]any{
		"HardwareEncryptionCaps": 3, "PasscodePresent": v.passcode != "",
		"PasscodeCompliant": compliant, "PasscodeCompliantWithProfiles": compliant,
		"PasscodeLockGracePeriod": 0, "PasscodeLockGracePeriodEnforced": 0,
	}
	if d.opt.Kind == Shared {
		info["AutoLockTime"] = 120
	}
	return acknowledged(dict{"SecurityInfo": info})
}

func enableLostMode(d *Device, _ *conversation, cmd dict) result {
	if cmd.str("Message") == "" && cmd.str("PhoneNumber") == "" {
		return formatError()
	}
	d.vol.lost = &lostMode{message: cmd.str("Message"), phone: cmd.str("PhoneNumber")}
	return acknowledged(nil)
}

func disableLostMode(d *Device, _ *conversation, _ dict) result {
	d.vol.lost = nil
	return acknowledged(nil)
}

// deviceLocation is where a lost device is: Apple answers in Lost Mode only.
func deviceLocation(d *Device, _ *conversation, _ dict) result {
	if d.vol.lost == nil {
		return failed(codeNotLost, "the device is not in Lost Mode")
	}
	return acknowledged(dict{
		"Latitude": d.opt.Latitude, "Longitude": d.opt.Longitude, "HorizontalAccuracy": 12.0, "VerticalAccuracy": -1.0,
		"Altitude": 0.0, "Speed": -1.0, "Course": -1.0, "Timestamp": d.now().UTC().Format(time.RFC3339),
	})
}

func playLostModeSound(d *Device, _ *conversation, _ dict) result {
	if d.vol.lost == nil {
		return failed(codeNotLost, "the device is not in Lost Mode")
	}
	d.vol.lost.sounds++
	return acknowledged(nil)
}
