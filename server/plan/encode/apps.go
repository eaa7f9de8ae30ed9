package encode

import (
	"fmt"

	"github.com/padwarden/padwarden/server/custody"
)

type installApplication struct {
	Identifier      string `plist:",omitempty"`
	ManagementFlags int
	ManifestURL     string      `plist:",omitempty"`
	Options         *appOptions `plist:",omitempty"`
}

type appOptions struct{ PurchaseMethod int }

const (
	// goesWithManagement and no backup: ManagementFlags 1 and 4.
	goesWithManagement, noBackup = 1, 4
	// licensed: the app is assigned to the device, so nobody has to sign in.
	licensed = 1
)

// InstallApplication installs a managed app, or takes over the one that is
// there (Apple: "Install Application Command", iOS 5.0; Identifier, Options
// and ManifestURL iOS 7.0). Its acknowledgement means that it was queued. The
// app's data is never backed up, and it goes when the management goes. An app
// without a manifest comes from the App Store by the hospital's licence for
// the device. Device channel only.
func InstallApplication(uuid string, a custody.App) ([]byte, error) {
	if err := bundle(a.BundleID); err != nil {
		return nil, fmt.Errorf("encoding InstallApplication: %w", err)
	}
	body := installApplication{ManagementFlags: goesWithManagement | noBackup}
	if a.Manifest == "" {
		body.Identifier, body.Options = a.BundleID, &appOptions{PurchaseMethod: licensed}
		return Command(uuid, "InstallApplication", body)
	}
	if err := address("ManifestURL", a.Manifest); err != nil {
		return nil, fmt.Errorf("encoding InstallApplication: %w", err)
	}
	body.ManifestURL = a.Manifest
	return Command(uuid, "InstallApplication", body)
}

// RemoveApplication removes a managed app and its data (Apple: "Remove
// Application Command", iOS 5.0). bundleID is as InstalledApplicationList
// names it. Device channel only.
func RemoveApplication(uuid, bundleID string) ([]byte, error) {
	if bundleID == "" {
		return nil, fmt.Errorf("encoding RemoveApplication: no bundle id")
	}
	return Command(uuid, "RemoveApplication", struct{ Identifier string }{bundleID})
}

// InstalledApplicationList asks which managed apps are there (Apple:
// "Installed Application List Command", iOS 5.0; ManagedAppsOnly iOS 7.0, Items
// iOS 14.0, for other keys take the iPad long to work out). Never NotNow.
// Device channel only.
func InstalledApplicationList(uuid string) ([]byte, error) {
	return Command(uuid, "InstalledApplicationList", struct {
		Items           []string
		ManagedAppsOnly bool
	}{[]string{"Identifier"}, true})
}

// ManagedApplicationList asks how far the managed apps are (Apple: "Managed
// Application List Command", iOS 5.0). Device channel only.
func ManagedApplicationList(uuid string) ([]byte, error) {
	return Command(uuid, "ManagedApplicationList", nil)
}
