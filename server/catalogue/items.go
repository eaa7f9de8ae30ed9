package catalogue

import (
	"slices"

	"github.com/google/uuid"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/errand"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// items are all there is for devices of a version, fleet kind by fleet kind.
func items(os encode.Version) []item {
	return slices.Concat(
		common(custody.ReturnToService), oneUser(custody.ReturnToService, os), erased(os),
		common(custody.ManagedApps), oneUser(custody.ManagedApps, os), apps(),
		common(custody.SharedIPad), shared(custody.SharedIPad, os), sharedUser(),
		common(custody.SharedGuest), shared(custody.SharedGuest, os),
	)
}

// shelf is a folder of the catalogue being filled.
type shelf struct {
	fleet   custody.FleetKind
	channel string
	items   []item
}

// id is the example CommandUUID of a file.
func (s *shelf) id(name string) string {
	return uuid.NewSHA1(uuid.NameSpaceDNS, []byte(string(s.fleet)+"/"+s.channel+"/"+name)).String()
}

// command adds a command.
func (s *shelf) command(name string, render func(id string) ([]byte, error)) {
	s.items = append(s.items, item{s.fleet, s.channel, name + ".plist", func() ([]byte, error) { return render(s.id(name)) }})
}

// profile adds a profile, and the command that installs it.
func (s *shelf) profile(name string, render func() ([]byte, error)) {
	s.items = append(s.items, item{s.fleet, s.channel, name + ".mobileconfig", render})
	s.command("InstallProfile."+name, func(id string) ([]byte, error) {
		profile, err := render()
		if err != nil {
			return nil, err
		}
		return encode.InstallProfile(id, profile)
	})
}

// common is what every fleet kind is sent on the device channel.
func common(fleet custody.FleetKind) []item {
	s := shelf{fleet: fleet, channel: device}
	s.command("DeviceLock", func(id string) ([]byte, error) { return encode.DeviceLock(id, "") })
	s.command("DeviceConfigured", encode.DeviceConfigured)
	s.command("DeviceInformation", func(id string) ([]byte, error) {
		return encode.DeviceInformation(id, encode.Inventory(fleet)...)
	})
	s.command("DeviceInformation.ping", errand.PingCommand)
	s.command("InstalledApplicationList", encode.InstalledApplicationList)
	s.command("ProfileList", encode.ProfileList)
	s.command("SecurityInfo", encode.SecurityInfo)
	s.command("RestartDevice", encode.RestartDevice)
	s.command("EnableLostMode", func(id string) ([]byte, error) { return encode.EnableLostMode(id, lost) })
	s.command("DisableLostMode", encode.DisableLostMode)
	s.command("DeviceLocation", encode.DeviceLocation)
	s.command("PlayLostModeSound", encode.PlayLostModeSound)
	s.command("RemoveProfile", func(id string) ([]byte, error) { return encode.RemoveProfile(id, encode.LockScreenID) })

	s.items = append(s.items, item{fleet, device, "enrolment.mobileconfig", func() ([]byte, error) { return enrolment(fleet) }})
	s.profile("lock-screen", func() ([]byte, error) { return encode.LockScreen(lockScreen) })
	s.profile("wifi", func() ([]byte, error) { return encode.WiFi(network) })
	s.profile("wifi.eap-tls", func() ([]byte, error) { return enterprise(nil) })
	s.profile("wifi.eap-tls-scep", func() ([]byte, error) { return enterprise(&fetched) })
	return s.items
}

// oneUser is what is sent to one-user iPads only, for both lock targets.
func oneUser(fleet custody.FleetKind, os encode.Version) []item {
	s := shelf{fleet: fleet, channel: device}
	s.command("ClearPasscode", func(id string) ([]byte, error) { return encode.ClearPasscode(id, []byte("not a real unlock token")) })
	s.command("DeviceLock.message", func(id string) ([]byte, error) { return encode.DeviceLock(id, "Ward 4B") })

	kiosk, passcode := custody.DefaultPolicy(fleet, custody.TargetKioskApp), custody.DefaultPolicy(fleet, custody.TargetPasscode)
	s.profile("kiosk.kiosk-app", func() ([]byte, error) { return encode.Kiosk(encode.KioskParams{URL: page, AppLock: true}) })
	s.profile("kiosk.passcode", func() ([]byte, error) { return encode.Kiosk(encode.KioskParams{URL: page}) })
	s.profile("restrictions.kiosk-app", func() ([]byte, error) { return encode.Restrictions(kiosk, os) })
	s.profile("restrictions.passcode", func() ([]byte, error) { return encode.Restrictions(passcode, os) })
	s.profile("safari-lock", encode.SafariLock)
	s.profile("clinical.none", func() ([]byte, error) { return encode.Clinical() })
	s.profile("restrictions.kiosk-app.cis-2", func() ([]byte, error) { return encode.Restrictions(level2(kiosk), os) })
	s.profile("restrictions.passcode.cis-2", func() ([]byte, error) { return encode.Restrictions(level2(passcode), os) })
	s.profile("home-screen", func() ([]byte, error) { return encode.HomeScreen("org.example.charts", "org.example.records") })
	s.profile("passcode", func() ([]byte, error) { return encode.Passcode(passcode) })
	s.profile("clinical", func() ([]byte, error) { return encode.Clinical("org.example.charts", "org.example.records") })
	return s.items
}

// erased is what erases a one-user iPad.
func erased(os encode.Version) []item {
	s := shelf{fleet: custody.ReturnToService, channel: device}
	s.command("EraseDevice", func(id string) ([]byte, error) {
		e, err := comeback(os)
		if err != nil {
			return nil, err
		}
		return encode.EraseDevice(id, e)
	})
	if !os.Before(asksItself) {
		s.items = append(s.items, item{s.fleet, s.channel, "ReturnToService.answer.plist", func() ([]byte, error) {
			e, err := comeback(os)
			if err != nil {
				return nil, err
			}
			return encode.ReturnToService(e)
		}})
	}
	return s.items
}

// apps is what removes managed apps and brings them back.
func apps() []item {
	s := shelf{fleet: custody.ManagedApps, channel: device}
	s.command("RemoveApplication", func(id string) ([]byte, error) { return encode.RemoveApplication(id, "org.example.charts") })
	s.command("InstallApplication", func(id string) ([]byte, error) {
		return encode.InstallApplication(id, custody.App{BundleID: "org.example.charts"})
	})
	s.command("InstallApplication.manifest", func(id string) ([]byte, error) {
		return encode.InstallApplication(id, custody.App{BundleID: "org.example.own", Manifest: "https://ipads.hospital.example/own.plist"})
	})
	s.command("ManagedApplicationList", encode.ManagedApplicationList)
	return s.items
}

func comeback(os encode.Version) (encode.Erase, error) {
	wifi, err := encode.WiFi(network)
	if err != nil {
		return encode.Erase{}, err
	}
	back, err := enrolment(custody.ReturnToService)
	if err != nil {
		return encode.Erase{}, err
	}
	e := encode.Erase{WiFi: wifi, Enrolment: back, BootstrapToken: []byte("not a real bootstrap token")}
	if os.Before(appPreservation) {
		e.BootstrapToken = nil
	}
	return e, nil
}

// appPreservation is the version that brought BootstrapToken to Return to
// Service, and asksItself the one that brought the check-in of that name.
var (
	appPreservation, _ = encode.ParseVersion("26.0")
	asksItself         = appPreservation
)

// shared is what is sent to Shared iPads only, on the device channel.
func shared(fleet custody.FleetKind, os encode.Version) []item {
	s := shelf{fleet: fleet, channel: device}
	policy := custody.DefaultPolicy(fleet, custody.TargetNone)
	s.command("LogOutUser", encode.LogOutUser)
	s.command("UserList", encode.UserList)
	s.command("DeleteUser", func(id string) ([]byte, error) { return encode.DeleteUser(id, account, false) })
	s.command("DeleteUser.force", func(id string) ([]byte, error) { return encode.DeleteUser(id, account, true) })
	s.command("Settings", func(id string) ([]byte, error) { return encode.Settings(id, encode.Backstop(policy)) })
	s.profile("restrictions", func() ([]byte, error) { return encode.Restrictions(policy, os) })
	s.profile("restrictions.cis-2", func() ([]byte, error) { return encode.Restrictions(level2(policy), os) })
	return s.items
}

// level2 is the policy with the stricter baseline.
func level2(p custody.Policy) custody.Policy {
	p.Baseline = custody.BaselineCIS2
	return p
}

// sharedUser is what is sent to the user signed in on a Shared iPad: nothing
// that opens, locks or wipes.
func sharedUser() []item {
	s := shelf{fleet: custody.SharedIPad, channel: user}
	s.profile("webclip", func() ([]byte, error) { return encode.WebClip(page) })
	s.command("ProfileList", encode.ProfileList)
	s.command("RemoveProfile", func(id string) ([]byte, error) { return encode.RemoveProfile(id, encode.WebClipID) })
	return s.items
}
