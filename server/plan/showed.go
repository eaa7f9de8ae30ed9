package plan

import (
	"fmt"

	"github.com/padwarden/padwarden/server/custody"
)

// showed is the evidence of a rung in words for people: which report raised
// the ladder to it. Empty where none did.
func showed(s step, rung custody.ProofRung, command string) string {
	switch {
	case rung == "":
		return ""
	case rung == custody.ProofAcknowledged:
		return fmt.Sprintf("%s acknowledged: %s", s.request, command)
	case s.idle:
		return "set up as its profiles show, then idle"
	}
	switch s.request {
	case "UserList":
		return fmt.Sprintf("nobody in UserList %s", command)
	case "InstalledApplicationList":
		return fmt.Sprintf("no managed app in InstalledApplicationList %s", command)
	case "ProfileList":
		return fmt.Sprintf("the ward's profiles in ProfileList %s", command)
	}
	return s.request + " " + command
}
