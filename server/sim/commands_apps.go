package sim

import (
	"slices"
	"strconv"
)

// installApplication takes any application; whether Apple has it is not simulated.
func installApplication(d *Device, _ *conversation, cmd dict) result {
	id := cmd.str("Identifier")
	switch {
	case id != "":
	case cmd.int("iTunesStoreID") != 0:
		id = "store." + strconv.Itoa(cmd.int("iTunesStoreID"))
	case cmd.str("ManifestURL") != "":
		id = cmd.str("ManifestURL")
	default:
		return formatError()
	}
	if i := d.appIndex(id); i >= 0 {
		d.vol.apps[i].managed = true
	} else {
		d.vol.apps = append(d.vol.apps, app{id: id, managed: true, there: d.now().Add(d.env.Timing.Install)})
	}
	return acknowledged(dict{"Identifier": id, "State": "Installing"})
}

// removeApplication removes a managed app with its data. That an iPad refuses
// to remove the app it is locked into is assumed.
func removeApplication(d *Device, _ *conversation, cmd dict) result {
	if cmd.str("Identifier") == "" {
		return formatError()
	}
	i := d.appIndex(cmd.str("Identifier"))
	if i < 0 || !d.vol.apps[i].managed {
		return failed(codeNoProfile, "the app is not managed")
	}
	if d.vol.appLock() == d.vol.apps[i].id {
		return failed(codeInstallFailed, "the device is locked into the app")
	}
	d.vol.apps = slices.Delete(d.vol.apps, i, i+1)
	return acknowledged(dict{"Identifier": cmd.str("Identifier")})
}

func (d *Device) appIndex(id string) int {
	return slices.IndexFunc(d.vol.apps, func(a app) bool { return a.id == id })
}

func installedApplicationList(d *Device, _ *conversation, cmd dict) result {
	list := []any{}
	for _, a := range d.vol.apps {
		if cmd.bool("ManagedAppsOnly") && !a.managed || cmd.has("Identifiers") && !slices.Contains(cmd.strs("Identifiers"), a.id) {
			continue
		}
		list = append(list, map[string]any{"Identifier": a.id, "Name": a.id, "Version": "1.0", "Installing": d.now().Before(a.there)})
	}
	return acknowledged(dict{"InstalledApplicationList": list})
}

func managedApplicationList(d *Device, _ *conversation, cmd dict) result {
	list := map[string]any{}
	for _, a := range d.vol.apps {
		if a.managed && (!cmd.has("Identifiers") || slices.Contains(cmd.strs("Identifiers"), a.id)) {
			status := "Managed"
			if d.now().Before(a.there) {
				status = "Installing"
			}
			list[a.id] = map[string]any{"Status": status, "ManagementFlags": 1}
		}
	}
	return acknowledged(dict{"ManagedApplicationList": list})
}
