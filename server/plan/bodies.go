package plan

import (
	"errors"
	"slices"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// The bodies of the plans' commands, from what a plan knows to what encode needs.

func bare(f func(id string) ([]byte, error)) func(string, custody.Custody, Inputs) ([]byte, error) {
	return func(id string, _ custody.Custody, _ Inputs) ([]byte, error) { return f(id) }
}

// install wraps a rendered profile in an InstallProfile.
func install(render func(custody.Custody, Inputs) ([]byte, error)) func(string, custody.Custody, Inputs) ([]byte, error) {
	return func(id string, c custody.Custody, in Inputs) ([]byte, error) {
		profile, err := render(c, in)
		if err != nil {
			return nil, err
		}
		return encode.InstallProfile(id, profile)
	}
}

var (
	deviceConfigured = bare(encode.DeviceConfigured)
	logOutUser       = bare(encode.LogOutUser)
	profileList      = bare(encode.ProfileList)
	securityInfo     = bare(encode.SecurityInfo)
	userList         = bare(encode.UserList)
	installedApps    = bare(encode.InstalledApplicationList)
	managedAppList   = bare(encode.ManagedApplicationList)

	installRestrictions = install(func(_ custody.Custody, in Inputs) ([]byte, error) {
		return encode.Restrictions(in.Policy, in.OS)
	})
	installPasscode = install(func(_ custody.Custody, in Inputs) ([]byte, error) { return encode.Passcode(in.Policy) })
	// installNoClinical is the allow-list without the ward's apps.
	installNoClinical = install(func(custody.Custody, Inputs) ([]byte, error) { return encode.Clinical() })
	installSafariLock = install(func(custody.Custody, Inputs) ([]byte, error) { return encode.SafariLock() })
	installClinical   = install(func(_ custody.Custody, in Inputs) ([]byte, error) { return encode.Clinical(in.Policy.ClinicalApps...) })
	installKiosk      = install(func(_ custody.Custody, in Inputs) ([]byte, error) {
		return encode.Kiosk(encode.KioskParams{URL: in.KioskURL, AppLock: in.Policy.Target == custody.TargetKioskApp})
	})
)

// deviceLock carries no message: iPadOS shows one only over a passcode, and a
// locked iPad shows no names.
func deviceLock(id string, _ custody.Custody, _ Inputs) ([]byte, error) {
	return encode.DeviceLock(id, "")
}

// deleteUser forces only what the ward's policy gives up and has had its time to sync.
func deleteUser(id string, c custody.Custody, in Inputs) ([]byte, error) {
	return encode.DeleteUser(id, c.Run.Subject, in.Policy.ForceDelete && !syncing(c.Run, in, c.Run.HandedOver))
}

func removeProfile(identifier string) func(string, custody.Custody, Inputs) ([]byte, error) {
	return func(id string, _ custody.Custody, _ Inputs) ([]byte, error) {
		return encode.RemoveProfile(id, identifier)
	}
}

func removeApp(id string, c custody.Custody, _ Inputs) ([]byte, error) {
	return encode.RemoveApplication(id, c.Run.Subject)
}

// installApp installs the app that the run is about, or the policy's first if
// that is not the policy's any more: the list that follows says what is missing.
func installApp(id string, c custody.Custody, in Inputs) ([]byte, error) {
	apps := in.Policy.ManagedApps
	i := slices.IndexFunc(apps, func(a custody.App) bool { return a.BundleID == c.Run.Subject })
	if i < 0 && len(apps) == 0 {
		return nil, errors.New("the ward's policy names no managed app")
	}
	return encode.InstallApplication(id, apps[max(i, 0)])
}

func clearPasscode(id string, _ custody.Custody, in Inputs) ([]byte, error) {
	return encode.ClearPasscode(id, in.UnlockToken)
}

func sharedSettings(id string, _ custody.Custody, in Inputs) ([]byte, error) {
	return encode.Settings(id, encode.Backstop(in.Policy))
}

// erase sends what the device comes back by.
func erase(id string, c custody.Custody, in Inputs) ([]byte, error) {
	e, err := comeback(c, in)
	if err != nil {
		return nil, err
	}
	return encode.EraseDevice(id, e)
}

// comeback sends the enrolment profile along: its SCEP challenge is bound to
// this run, so the certificate it yields is itself evidence of this erase.
func comeback(c custody.Custody, in Inputs) (encode.Erase, error) {
	enrolment, err := encode.Enrolment(encode.EnrolmentParams{
		Organisation: in.Organisation, ServerURL: in.ServerURL, Topic: in.Topic, Serial: string(c.Device),
		Challenge: in.Challenge, Shared: in.Policy.Fleet.Shared(), MDMURL: in.MDMURL,
	})
	if err != nil {
		return encode.Erase{}, err
	}
	e := encode.Erase{WiFi: in.WiFi, Enrolment: enrolment}
	if preserves(in) {
		e.BootstrapToken = in.Bootstrap
	}
	return e, nil
}
