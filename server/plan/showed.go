package plan

import "github.com/padwarden/padwarden/server/custody"

// showed is the evidence of a rung in words for people: which report raised
// the ladder to it. Empty where none did.
func showed(s step, rung custody.ProofRung, command string) string {
	switch {
	case rung == "":
		return ""
	case rung == custody.ProofAcknowledged:
		return s.request + " acknowledged: " + command
	case s.idle:
		return "set up as its profiles show, then idle"
	}
	switch s.request {
	case "UserList":
		return "nobody in UserList " + command
	case "InstalledApplicationList":
		return "no managed app in InstalledApplicationList " + command
	case "ProfileList":
		return "the ward's profiles in ProfileList " + command
	}
	return s.request + " " + command
}
