package encode

import (
	"fmt"

	"github.com/padwarden/padwarden/server/custody"
)

// Restrictions are the CIS values of the policy's baseline (level 1, or both
// levels) and what a ward needs besides, for supervised iPads of the policy's
// fleet kind and lock target (Apple: "Restrictions", iOS 4.0; each key's own
// version and reason are beside the baseline). Keys that Apple forbids or
// ignores on Shared iPad are left out there, and those newer than os, which an
// iPad of that version would read over. Device channel; of the policy it needs
// the kinds and the baseline only.
func Restrictions(p custody.Policy, os Version) ([]byte, error) {
	rules, err := baseline()
	if err != nil {
		return nil, fmt.Errorf("rendering profile %s: %w", RestrictionsID, err)
	}
	d := draft{identifier: RestrictionsID, name: "Ward restrictions"}
	// The payload is a map because the baseline is data. Nothing rests on its
	// order (property lists are written with sorted keys) or on absence.
	payload := map[string]any{}
	for _, r := range rules {
		if r.sent(p, os) {
			payload[r.Key] = r.Value
			d.inputs = append(d.inputs, fmt.Sprintf("%s=%v", r.Key, r.Value))
		}
	}
	h := d.head("baseline", "com.apple.applicationaccess", "Restrictions")
	payload["PayloadDisplayName"] = h.PayloadDisplayName
	payload["PayloadIdentifier"] = h.PayloadIdentifier
	payload["PayloadType"] = h.PayloadType
	payload["PayloadUUID"] = h.PayloadUUID
	payload["PayloadVersion"] = h.PayloadVersion
	return d.render(payload)
}
