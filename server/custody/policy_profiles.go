package custody

import (
	"fmt"
	"unicode/utf8"
)

// Baseline is how far a ward's iPads are restricted.
type Baseline string

const (
	// BaselineCIS1 is level 1 of the CIS Apple iOS and iPadOS Benchmark; "" is it too,
	// in policies from before there was a choice.
	BaselineCIS1 Baseline = "cis-1"
	// BaselineCIS2 is level 2: what level 1 asks for, and more that gets in people's way.
	BaselineCIS2 Baseline = "cis-2"
)

// maxIfFound is about what a lock screen has room for.
const maxIfFound = 200

// checkProfiles says what is wrong with the policy's choice of profiles.
func (p Policy) checkProfiles() (errs []error) {
	switch p.Baseline {
	case "", BaselineCIS1, BaselineCIS2:
	default:
		errs = append(errs, fmt.Errorf("baseline: %q is neither %s nor %s", p.Baseline, BaselineCIS1, BaselineCIS2))
	}
	if n := utf8.RuneCountInString(p.IfFound); n > maxIfFound {
		errs = append(errs, fmt.Errorf("if_found: %d characters are more than the %d that a lock screen has room for", n, maxIfFound))
	}
	return errs
}
