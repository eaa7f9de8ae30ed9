package sim

import "bytes"

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
	d.vol.lost = &lostMode{cmd.str("Message"), cmd.str("PhoneNumber")}
	return acknowledged(nil)
}

func disableLostMode(d *Device, _ *conversation, _ dict) result {
	d.vol.lost = nil
	return acknowledged(nil)
}
