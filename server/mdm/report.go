package mdm

import (
	"errors"
	"fmt"
	"strings"

	"github.com/micromdm/nanomdm/mdm"

	"github.com/padwarden/padwarden/server/plan"
)

// Bounds of what is kept of a report beside its lists. Apple's own values are
// far below.
const (
	maxID     = 128
	maxErrors = 16
	maxText   = 512
	// maxBundleID is what App Store Connect allows.
	maxBundleID = 155
)

// errReport: what a proof could be read from is there, but not in a form that
// says it. Guessing here could make a device look clean.
var errReport = errors.New("a list in it is not what Apple describes")

// report reads what the plans need of a command's result. Unknown keys are read
// over; where a list is malformed there is no report.
func report(v *visit, m *mdm.CommandResults) (plan.Report, error) {
	rep := plan.Report{
		Device: v.device, Channel: v.channel(), User: v.user, Enrolment: v.enrolment,
		Status: m.Status, Command: m.CommandUUID,
	}
	if len(rep.Status) > maxID || len(rep.Command) > maxID {
		return rep, errors.New("status or command id is too long")
	}
	if rep.Status == plan.StatusIdle {
		rep.Command = ""
		return rep, nil
	}
	rep.Errors, rep.ErrorText = errorChain(m.ErrorChain)
	doc, err := dictionary(v, m.Raw)
	if err != nil {
		return rep, errors.New("it does not decode")
	}
	rep.MessageResult = short(text(doc["MessageResult"]), maxID)
	if info, ok := doc["SecurityInfo"].(map[string]any); ok {
		if there, ok := info["PasscodePresent"].(bool); ok {
			rep.HasPasscode = &there
		}
	}
	information(&rep, doc)
	rep.Place = where(doc)
	if rep.Users, rep.Listed, err = users(doc); err != nil {
		return rep, err
	}
	if rep.Profiles, err = profiles(doc); err != nil {
		return rep, err
	}
	if rep.Apps, rep.AppsListed, err = installedApps(doc); err != nil {
		return rep, err
	}
	if rep.Managed, err = managedApps(doc); err == nil && v.user == "" {
		rep.Facts = facts(rep, doc)
	}
	return rep, err
}

// information reads what the plans ask with DeviceInformation. What is not of
// Apple's type counts as not said.
func information(rep *plan.Report, doc map[string]any) {
	said, _ := doc["QueryResponses"].(map[string]any)
	switch level := said["BatteryLevel"].(type) {
	case float64:
		rep.Battery = &level
	case uint64: // <integer>1</integer>: full
		full := float64(level)
		rep.Battery = &full
	}
	if on, ok := said["IsActivationLockEnabled"].(bool); ok {
		rep.ActivationOn = &on
	}
	if on, ok := said["IsMDMLostModeEnabled"].(bool); ok {
		rep.LostOn = &on
	}
}

// users reads a UserList. A user without a name stays in it: a list is proof
// only if it is empty or names others.
func users(doc map[string]any) (list []plan.User, listed bool, err error) {
	v, listed := doc["Users"]
	if !listed {
		return nil, false, nil
	}
	entries, err := dicts(v)
	if err != nil {
		return nil, false, err
	}
	for _, e := range entries {
		in, _ := e["IsLoggedIn"].(bool)
		sync, _ := e["HasDataToSync"].(bool)
		list = append(list, plan.User{Name: text(e["UserName"]), LoggedIn: in, HasDataToSync: sync})
	}
	return list, true, nil
}

// profiles reads the identifiers of a ProfileList.
func profiles(doc map[string]any) ([]string, error) {
	v, ok := doc["ProfileList"]
	if !ok {
		return nil, nil
	}
	entries, err := dicts(v)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, e := range entries {
		if id := text(e["PayloadIdentifier"]); id != "" {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// installedApps reads an InstalledApplicationList. An app without an identifier
// stays in it, as "": a list is proof only if it is empty.
func installedApps(doc map[string]any) (ids []string, listed bool, err error) {
	v, listed := doc["InstalledApplicationList"]
	if !listed {
		return nil, false, nil
	}
	entries, err := dicts(v)
	if err != nil {
		return nil, false, err
	}
	for _, e := range entries {
		id := text(e["Identifier"])
		if len(id) > maxBundleID {
			id = ""
		}
		ids = append(ids, id)
	}
	return ids, true, nil
}

// managedApps reads the statuses of a ManagedApplicationList.
func managedApps(doc map[string]any) (map[string]string, error) {
	v, ok := doc["ManagedApplicationList"]
	if !ok {
		return nil, nil
	}
	entries, ok := v.(map[string]any)
	if !ok {
		return nil, errReport
	}
	out := make(map[string]string, len(entries))
	for id, e := range entries {
		app, ok := e.(map[string]any)
		if !ok {
			return nil, errReport
		}
		out[id] = short(text(app["Status"]), maxID)
	}
	return out, nil
}

func dicts(v any) ([]map[string]any, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, errReport
	}
	out := make([]map[string]any, len(list))
	for i, e := range list {
		if out[i], ok = e.(map[string]any); !ok {
			return nil, errReport
		}
	}
	return out, nil
}

// errorChain returns a chain's codes, and in words its domains, codes and Apple's English.
func errorChain(chain []mdm.ErrorChain) (codes []int, words string) {
	if len(chain) > maxErrors {
		chain = chain[:maxErrors]
	}
	var parts []string
	for _, e := range chain {
		codes = append(codes, e.ErrorCode)
		said := e.USEnglishDescription
		if said == "" {
			said = e.LocalizedDescription
		}
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%s %d %s", e.ErrorDomain, e.ErrorCode, said)))
	}
	return codes, short(strings.Join(parts, "; "), maxText)
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// short cuts s to at most n bytes, at a whole character.
func short(s string, n int) string {
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "")
	}
	return s
}
