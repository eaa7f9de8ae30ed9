package custody

import (
	"fmt"
	"regexp"
)

var osVersion = regexp.MustCompile(`^[1-9][0-9]?(\.[0-9]{1,2}){1,2}$`)

// validateEnrolment says what is wrong with what a policy asks of an enrolment.
func (p Policy) validateEnrolment() (errs []error) {
	if p.LeastOS != "" && !osVersion.MatchString(p.LeastOS) {
		errs = append(errs, fmt.Errorf("least_os: %.20q is not an iPadOS version such as 26.1", p.LeastOS))
	}
	return errs
}
