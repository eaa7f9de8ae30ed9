package sim

func deviceInformation(d *Device, _ *conversation, cmd dict) result {
	if !cmd.has("Queries") {
		return formatError()
	}
	facts := d.information()
	answers := map[string]any{}
	for _, q := range cmd.strs("Queries") {
		if v, ok := facts[q]; ok {
			answers[q] = v
		}
	}
	return acknowledged(dict{"QueryResponses": answers})
}

func (d *Device) information() dict {
	v := d.vol
	facts := dict{
		"UDID": d.opt.UDID, "SerialNumber": d.opt.Serial, "DeviceName": d.opt.Name,
		"OSVersion": d.opt.OSVersion, "BuildVersion": d.opt.Build, "Model": d.opt.Model, "ModelName": d.opt.ModelName,
		"BatteryLevel": d.battery, "IsSupervised": true, "AwaitingConfiguration": v.awaiting,
		"IsMDMLostModeEnabled": v.lost != nil, "IsMultiUser": d.opt.Kind == Shared, "IsActivationLockEnabled": false,
		"DeviceCapacity": 64.0, "AvailableDeviceCapacity": 40.0,
	}
	if v.name != "" {
		facts["DeviceName"] = v.name
	}
	if d.opt.Kind == Shared {
		facts["QuotaSize"], facts["ResidentUsers"], facts["EstimatedResidentUsers"] = d.opt.Quota>>20, len(v.users), 10
		for _, s := range v.settings {
			for _, key := range []string{"UserSessionTimeout", "TemporarySessionTimeout", "TemporarySessionOnly"} {
				if x, ok := s[key]; ok {
					facts[key] = x
				}
			}
		}
	}
	return facts
}

// deviceConfigured lets Setup Assistant go on to the home screen.
func deviceConfigured(d *Device, _ *conversation, _ dict) result {
	d.vol.awaiting = false
	return acknowledged(nil)
}

// settings answers item by item. SharedDeviceConfiguration's timeouts are at
// least 30 s, its AutoLockTime at least 120 s, or 0 (Apple's schema).
func settings(d *Device, _ *conversation, cmd dict) result {
	if !cmd.has("Settings") {
		return formatError()
	}
	out := []any{}
	for _, s := range cmd.list("Settings") {
		item := map[string]any{"Item": s.str("Item"), "Status": "Acknowledged"}
		if !d.set(s) {
			item["Status"] = "Error"
		}
		out = append(out, item)
	}
	return acknowledged(dict{"Settings": out})
}

func (d *Device) set(s dict) bool {
	switch s.str("Item") {
	case "DeviceName":
		d.vol.name = s.str("DeviceName")
	case "SharedDeviceConfiguration":
		tooShort := func(x dict, key string, least int) bool { return x.int(key) != 0 && x.int(key) < least }
		if d.opt.Kind != Shared || tooShort(s, "UserSessionTimeout", 30) || tooShort(s, "TemporarySessionTimeout", 30) ||
			tooShort(s.dict("PasscodePolicy"), "AutoLockTime", 120) {
			return false
		}
		d.vol.settings = append(d.vol.settings[:0:0], s)
	case "TimeZone", "Wallpaper", "MDMOptions":
	default:
		return false
	}
	return true
}
