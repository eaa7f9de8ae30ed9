package encode

import (
	"errors"
	"fmt"
	"slices"
)

// HomeScreenID is the PayloadIdentifier of the Home Screen's layout.
const HomeScreenID = "com.padwarden.home-screen"

// perPage is how many icons fit on every iPad's page.
const perPage = 20

type homeScreen struct {
	header
	Pages [][]icon
}

type icon struct {
	BundleID string
	Type     string // typeApp
}

// typeApp is what Apple's list of values says ("HomeScreenLayout.IconItem": App,
// Folder, WebClip). The example on the same pages says Application; which of
// them an iPad takes is for a trial to say, and one that refuses shows it as a
// profile that is missing.
const typeApp = "App"

// HomeScreen puts apps on the Home Screen in the order given, so that the one a
// clinician looks for is in the same place on every iPad (Apple: "Home Screen
// Layout", iOS 9.3, supervised). Apps that are not named follow on later pages.
// Device channel, for one-user iPads.
func HomeScreen(bundleIDs ...string) ([]byte, error) {
	d := draft{identifier: HomeScreenID, name: "Ward Home Screen", inputs: bundleIDs}
	errs := make([]error, 0, len(bundleIDs)+1)
	if len(bundleIDs) == 0 {
		errs = append(errs, errors.New("it names no app"))
	}
	icons := make([]icon, 0, len(bundleIDs))
	for _, id := range bundleIDs {
		errs = append(errs, bundle(id))
		icons = append(icons, icon{BundleID: id, Type: typeApp})
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("rendering profile %s: %w", HomeScreenID, err)
	}
	return d.render(homeScreen{
		header: d.head("layout", "com.apple.homescreenlayout", "Home Screen layout"),
		Pages:  slices.Collect(slices.Chunk(icons, perPage)),
	})
}
