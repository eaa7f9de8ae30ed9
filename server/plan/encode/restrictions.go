package encode

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/padwarden/padwarden/profiles"
	"github.com/padwarden/padwarden/server/custody"
)

// rule is one line of the baseline; profiles.FS says what its fields mean.
type rule struct {
	Key     string              `json:"key"`
	Value   any                 `json:"value"`
	Source  string              `json:"source"`
	Since   string              `json:"since"`
	Fleets  []custody.FleetKind `json:"fleets"`
	Target  custody.LockTarget  `json:"target"`
	LeftOut bool                `json:"left_out"`
	Why     string              `json:"why"`
}

// sent reports whether devices of a version under p are sent the rule.
func (r rule) sent(p custody.Policy, os Version) bool {
	since, err := ParseVersion(r.Since)
	return err == nil && !r.LeftOut && (r.Since == "" || !os.Before(since)) &&
		(len(r.Fleets) == 0 || slices.Contains(r.Fleets, p.Fleet)) && (r.Target == "" || r.Target == p.Target)
}

var baseline = sync.OnceValues(func() ([]rule, error) {
	raw, err := profiles.FS.ReadFile("restrictions.json")
	if err != nil {
		return nil, err
	}
	var rules []rule
	if err := json.Unmarshal(raw, &rules); err != nil {
		return nil, fmt.Errorf("reading restrictions.json: %w", err)
	}
	return rules, nil
})

// Restrictions are the CIS level 1 values and what a ward needs besides, for
// supervised iPads of the policy's fleet kind and lock target (Apple:
// "Restrictions", iOS 4.0; each key's own version and reason are beside the
// baseline). Keys that Apple forbids or ignores on Shared iPad are left out
// there, and those newer than os, which an iPad of that version would read
// over. Device channel; of the policy it needs the kinds only.
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
