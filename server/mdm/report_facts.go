package mdm

import (
	"math"
	"time"

	"github.com/padwarden/padwarden/server/plan"
)

// Bounds of what is kept of a list for people to read: a device may have any
// number, and one that is broken or hostile as many as fit into a message.
const (
	maxProfiles = 200
	maxApps     = 1000
)

// facts reads what a report says of the device (Apple: "Device Information
// Command", "Security Info Command", "Profile List Command"). What is not of
// Apple's type counts as not said.
func facts(rep plan.Report, doc map[string]any) (list []plan.Fact) {
	add := func(kind string, v any) { list = append(list, plan.Fact{Kind: kind, Value: v}) }
	if said, ok := doc["QueryResponses"].(map[string]any); ok {
		informed(said, add)
	}
	if rep.Battery != nil && *rep.Battery >= 0 && *rep.Battery <= 1 { // -1: it does not know
		add(plan.FactBattery, *rep.Battery)
	}
	if rep.HasPasscode != nil {
		add(plan.FactPasscode, *rep.HasPasscode)
	}
	if _, ok := doc["ProfileList"]; ok {
		add(plan.FactProfiles, profileFacts(doc["ProfileList"]))
	}
	if rep.AppsListed {
		apps := []string{}
		for _, id := range rep.Apps[:min(len(rep.Apps), maxApps)] {
			if id != "" {
				apps = append(apps, id)
			}
		}
		add(plan.FactApps, apps)
	}
	return list
}

// informed reads the answers to DeviceInformation.
func informed(said map[string]any, add func(string, any)) {
	for _, t := range []struct{ key, kind string }{{"ModelName", plan.FactModel}, {"BuildVersion", plan.FactBuild}} {
		if s := short(text(said[t.key]), maxID); s != "" {
			add(t.kind, s)
		}
	}
	if os := short(text(said["OSVersion"]), maxID); os != "" {
		if extra := short(text(said["SupplementalOSVersionExtra"]), maxID); extra != "" {
			os += " " + extra
		}
		add(plan.FactOS, os)
	}
	for _, t := range []struct{ key, kind string }{{"IsSupervised", plan.FactSupervised}, {"IsMDMLostModeEnabled", plan.FactLostMode}} {
		if is, ok := said[t.key].(bool); ok {
			add(t.kind, is)
		}
	}
	user, users := wholeSeconds(said["UserSessionTimeout"])
	guest, guests := wholeSeconds(said["TemporarySessionTimeout"])
	if users && guests {
		only, _ := said["TemporarySessionOnly"].(bool)
		add(plan.FactTimers, plan.SharedTimers{User: user, Guest: guest, GuestsOnly: only})
	}
	switch free := said["AvailableDeviceCapacity"].(type) {
	case float64:
		if free >= 0 && !math.IsInf(free, 0) { // JSON has no other numbers
			add(plan.FactFree, free)
		}
	case uint64:
		add(plan.FactFree, float64(free))
	}
}

// wholeSeconds reads an <integer> of seconds, up to a year.
func wholeSeconds(v any) (time.Duration, bool) {
	n, ok := v.(uint64)
	if !ok || n > 366*24*3600 {
		return 0, false
	}
	return time.Duration(n) * time.Second, true
}

func profileFacts(v any) []plan.ProfileFact {
	list := []plan.ProfileFact{}
	entries, _ := dicts(v)
	for _, e := range entries[:min(len(entries), maxProfiles)] {
		if id := short(text(e["PayloadIdentifier"]), maxID); id != "" {
			list = append(list, plan.ProfileFact{Identifier: id, UUID: short(text(e["PayloadUUID"]), maxID)})
		}
	}
	return list
}
