package trial

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/plan"
)

// updated is a device's record with the iPadOS that it has named since it
// enrolled: one that is never erased is updated all the same. What it named
// before is older, for iPadOS only goes up, but at the hands of who erases it.
func updated(d ledger.Device, facts []ledger.Fact) ledger.Device {
	said := map[string]string{}
	for _, f := range facts {
		var text string
		if json.Unmarshal(f.Body, &text) == nil {
			said[f.Kind] = text
		}
	}
	now, ok := numbers(said[plan.FactOS])
	was, known := numbers(d.OSVersion)
	if ok && known && slices.Compare(was, now) < 0 {
		d.OSVersion, d.Build = said[plan.FactOS], said[plan.FactBuild]
	}
	return d
}

// numbers are those of "18.2.1" or "18.2.1 (a)".
func numbers(version string) (parts []int, ok bool) {
	version, _, _ = strings.Cut(version, " ")
	for part := range strings.SplitSeq(version, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil, false
		}
		parts = append(parts, n)
	}
	return parts, true
}
