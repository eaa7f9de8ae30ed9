package encode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"

	"github.com/padwarden/padwarden/profiles"
	"github.com/padwarden/padwarden/server/custody"
)

// rule is one line of a baseline; profiles.FS says what its fields mean.
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

// Sources of a rule.
const (
	sourceCIS1 = "cis-1"
	sourceCIS2 = "cis-2"
	sourceWard = "ward"
)

// sent reports whether devices of a version under p are sent the rule.
func (r rule) sent(p custody.Policy, os Version) bool {
	since, err := ParseVersion(r.Since)
	switch {
	case err != nil, r.LeftOut, r.Source == sourceCIS2 && p.Baseline != custody.BaselineCIS2:
		return false
	case r.Since != "" && os.Before(since):
		return false
	}
	return (len(r.Fleets) == 0 || slices.Contains(r.Fleets, p.Fleet)) && (r.Target == "" || r.Target == p.Target)
}

// baselineFile is where the rules are, in profiles.FS.
const baselineFile = "restrictions.json"

var baseline = sync.OnceValues(func() ([]rule, error) {
	raw, err := profiles.FS.ReadFile(baselineFile)
	if err != nil {
		return nil, err
	}
	return readBaseline(raw)
})

// CheckBaseline says all that is wrong with the text of a baseline, each fault
// with the file and key that it is in; nil if profiles can be rendered from it.
func CheckBaseline(raw []byte) error {
	_, err := readBaseline(raw)
	return err
}

// readBaseline takes nothing that a device might read otherwise than its author
// meant it: a key that is there twice, or a field that nobody knows.
func readBaseline(raw []byte) ([]rule, error) {
	var rules []rule
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&rules); err != nil {
		at := dec.InputOffset()
		if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
			at = syntax.Offset
		}
		line := 1 + bytes.Count(raw[:min(int(at), len(raw))], []byte("\n"))
		return nil, fmt.Errorf("%s, about line %d: %w", baselineFile, line, err)
	}
	var errs []error
	seen := map[string]bool{}
	for i, r := range rules {
		name := r.Key
		if name == "" {
			name = fmt.Sprintf("rule %d", i+1)
		}
		for _, why := range r.faults() {
			errs = append(errs, fmt.Errorf("%s, %s: %s", baselineFile, name, why))
		}
		if seen[r.Key] {
			errs = append(errs, fmt.Errorf("%s, %s: it is there twice", baselineFile, name))
		}
		seen[r.Key] = true
	}
	if len(rules) == 0 {
		errs = append(errs, fmt.Errorf("%s: it has no rules", baselineFile))
	}
	return rules, errors.Join(errs...)
}

// restrictionKey is how Apple's keys look ("Restrictions"). The common payload
// keys do not: a baseline cannot rename its payload.
var restrictionKey = regexp.MustCompile(`^[a-z][A-Za-z0-9]{2,80}$`)

func (r rule) faults() (why []string) {
	if !restrictionKey.MatchString(r.Key) {
		why = append(why, "key: want one of Apple's Restrictions, such as allowCamera")
	}
	switch r.Value.(type) {
	case bool, float64:
	default:
		why = append(why, "value: want true, false or a number")
	}
	if r.Source != sourceCIS1 && r.Source != sourceCIS2 && r.Source != sourceWard {
		why = append(why, fmt.Sprintf("source: %q is not cis-1, cis-2 or ward", r.Source))
	}
	if _, err := ParseVersion(r.Since); err != nil {
		why = append(why, "since: "+err.Error())
	}
	for _, f := range r.Fleets {
		if !slices.Contains(fleetKinds, f) {
			why = append(why, fmt.Sprintf("fleets: %q is no fleet kind", f))
		}
	}
	if !slices.Contains(lockTargets, r.Target) {
		why = append(why, fmt.Sprintf("target: %q is no lock target", r.Target))
	}
	if r.Why == "" && (len(r.Fleets) > 0 || r.Target != "" || r.LeftOut || r.Source == sourceWard) {
		why = append(why, "why: a rule that is ours, narrowed or left out gives its reason")
	}
	return why
}

var (
	fleetKinds  = []custody.FleetKind{custody.ReturnToService, custody.ManagedApps, custody.SharedIPad, custody.SharedGuest}
	lockTargets = []custody.LockTarget{custody.TargetNone, custody.TargetKioskApp, custody.TargetPasscode, custody.TargetSafari}
)
