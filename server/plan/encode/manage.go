package encode

import "errors"

// InstallProfile installs a configuration profile or replaces the one with its
// PayloadIdentifier (Apple: "Install Profile Command", iOS 4.0; both
// channels). A locked iPad may answer NotNow.
func InstallProfile(uuid string, profile []byte) ([]byte, error) {
	if len(profile) == 0 {
		return nil, errors.New("encoding InstallProfile: no profile")
	}
	return Command(uuid, "InstallProfile", struct{ Payload []byte }{profile})
}

// RemoveProfile removes the profile with a PayloadIdentifier (Apple: "Remove
// Profile Command", iOS 4.0; both channels).
func RemoveProfile(uuid, identifier string) ([]byte, error) {
	if identifier == "" {
		return nil, errors.New("encoding RemoveProfile: no identifier")
	}
	return Command(uuid, "RemoveProfile", struct{ Identifier string }{identifier})
}

// ProfileList asks for the profiles that MDM installed (Apple: "Profile List
// Command", iOS 4.0; ManagedOnly iOS 13.0; both channels). Never NotNow.
func ProfileList(uuid string) ([]byte, error) {
	return Command(uuid, "ProfileList", struct{ ManagedOnly bool }{true})
}

// SecurityInfo asks whether a passcode is set, among others (Apple: "Security
// Info Command", iOS 4.0). A locked iPad may answer NotNow. Device channel only.
func SecurityInfo(uuid string) ([]byte, error) { return Command(uuid, "SecurityInfo", nil) }

// DeviceConfigured lets a newly enrolled iPad leave Setup Assistant (Apple:
// "Device Configured Command", iOS 9.0; supervised, automated enrolment that
// awaits configuration). Device channel only.
func DeviceConfigured(uuid string) ([]byte, error) { return Command(uuid, "DeviceConfigured", nil) }
