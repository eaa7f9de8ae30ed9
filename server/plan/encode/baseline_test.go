package encode_test

import (
	"strings"
	"testing"

	"github.com/padwarden/padwarden/profiles"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// TestTheBaselineIsSound: whoever reads it sees where each rule is from, and
// why one is narrowed, left out or ours.
func TestTheBaselineIsSound(t *testing.T) {
	raw, err := profiles.FS.ReadFile("restrictions.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := encode.CheckBaseline(raw); err != nil {
		t.Error(err)
	}
}

// TestABadBaselineSaysWhere: the file and the key, in words that its author used.
func TestABadBaselineSaysWhere(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no JSON":      {"[\n{\"key\": \"allowCamera\",,}]", "about line 2"},
		"a field":      {`[{"key": "allowCamera", "vlaue": true, "source": "cis-1"}]`, "vlaue"},
		"no rule":      {`[]`, "no rules"},
		"a common key": {`[{"key": "PayloadUUID", "value": true, "source": "cis-1"}]`, "PayloadUUID: key"},
		"no key":       {`[{"value": true, "source": "cis-1"}]`, "rule 1: key"},
		"a value":      {`[{"key": "allowCamera", "value": "no", "source": "cis-1"}]`, "allowCamera: value"},
		"a source":     {`[{"key": "allowCamera", "value": false, "source": "cis-3"}]`, "allowCamera: source"},
		"a version":    {`[{"key": "allowCamera", "value": false, "source": "cis-1", "since": "new"}]`, "allowCamera: since"},
		"a fleet":      {`[{"key": "allowCamera", "value": false, "source": "cis-1", "fleets": ["vans"], "why": "x"}]`, "allowCamera: fleets"},
		"a target":     {`[{"key": "allowCamera", "value": false, "source": "cis-1", "target": "door", "why": "x"}]`, "allowCamera: target"},
		"no reason":    {`[{"key": "allowCamera", "value": false, "source": "ward"}]`, "allowCamera: why"},
		"twice":        {`[{"key": "allowCamera", "value": false, "source": "cis-1"}, {"key": "allowCamera", "value": true, "source": "cis-1"}]`, "allowCamera: it is there twice"},
	} {
		err := encode.CheckBaseline([]byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "restrictions.json") {
			t.Errorf("%s: %v, want it to say %q", name, err, c.want)
		}
	}
}

// cis2 are the keys that level 2 of the benchmark adds.
var cis2 = []string{
	"allowScreenShot", "allowFilesUSBDriveAccess", "allowFilesNetworkDriveAccess", "allowUntrustedTLSPrompt",
	"allowAppCellularDataModification", "allowHostPairing", "allowActivityContinuation",
}

// TestLevelTwoAddsToLevelOne: it has all of level 1 with the same values, and
// its own keys, in wards that chose it and in no other.
func TestLevelTwoAddsToLevelOne(t *testing.T) {
	of := func(p custody.Policy) map[string]string {
		return stripped(payload(must(t)(encode.Restrictions(p, encode.Version{})), "com.apple.applicationaccess"))
	}
	for _, p := range []custody.Policy{kioskWard, passcodeWard, appsWard, sharedWard, guestWard} {
		one, two := of(p), of(level2(p))
		for k, v := range one {
			if two[k] != v {
				t.Errorf("%s %s: %s is %q on level 2, %q on level 1", p.Fleet, p.Target, k, two[k], v)
			}
		}
		for _, k := range cis2 {
			if _, there := one[k]; there || two[k] != "false" {
				t.Errorf("%s %s: %s is %q on level 2, there on level 1: %t", p.Fleet, p.Target, k, two[k], there)
			}
		}
		old := p
		old.Baseline = ""
		if len(of(old)) != len(one) || len(two) != len(one)+len(cis2) {
			t.Errorf("%s %s: %d rules, %d on level 2, %d in a policy from before", p.Fleet, p.Target, len(one), len(two), len(of(old)))
		}
	}
}

// TestEveryFleetRenders: each kind and target, level and version, has its restrictions.
func TestEveryFleetRenders(t *testing.T) {
	for _, p := range []custody.Policy{
		kioskWard, passcodeWard, appsWard, sharedWard, guestWard,
		custody.DefaultPolicy(custody.ManagedApps, custody.TargetPasscode),
		custody.DefaultPolicy(custody.ReturnToService, custody.TargetSafari),
	} {
		for _, p := range []custody.Policy{p, level2(p)} {
			for _, os := range []encode.Version{{}, encode.Oldest} {
				d := payload(must(t)(encode.Restrictions(p, os)), "com.apple.applicationaccess")
				has(t, d, dict{"allowCloudBackup": false, "allowEraseContentAndSettings": false})
			}
		}
	}
}
