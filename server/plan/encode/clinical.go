package encode

import (
	"errors"
	"fmt"
	"slices"
)

// webClips stands for all web clips in an allow-list; without it the badge-in
// page would be hidden.
const webClips = "com.apple.webapp"

type allowList struct {
	header
	Apps []string `plist:"allowListedAppBundleIDs"`
}

// Clinical allows the ward's clinical apps, web clips and what Apple never
// hides, and nothing else (Apple: "Restrictions", allowListedAppBundleIDs, iOS
// 15.0, supervised). Order and repetition of bundleIDs do not matter. Device
// channel.
func Clinical(bundleIDs ...string) ([]byte, error) {
	var errs []error
	for _, id := range bundleIDs {
		errs = append(errs, bundle(id))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("rendering profile %s: %w", ClinicalID, err)
	}
	apps := append(slices.Clone(bundleIDs), webClips)
	slices.Sort(apps)
	apps = slices.Compact(apps)
	d := draft{identifier: ClinicalID, name: "Clinical apps", inputs: apps}
	return d.render(allowList{header: d.head("apps", "com.apple.applicationaccess", "Clinical apps"), Apps: apps})
}
