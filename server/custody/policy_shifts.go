package custody

import (
	"fmt"
	"time"
)

// maxShiftChanges bounds a day's: more would be no shifts.
const maxShiftChanges = 8

// validateShifts says what is wrong with a ward's shift changes.
func (p Policy) validateShifts() (errs []error) {
	if len(p.ShiftChanges) > maxShiftChanges {
		errs = append(errs, fmt.Errorf("shift_changes: %d are more than the %d that a day may have", len(p.ShiftChanges), maxShiftChanges))
	}
	last := ""
	for _, at := range p.ShiftChanges {
		if _, err := time.Parse("15:04", at); err != nil || len(at) != len("15:04") {
			errs = append(errs, fmt.Errorf("shift_changes: %q is no time of day, write it like 07:00", at))
			continue
		}
		if at <= last {
			errs = append(errs, fmt.Errorf("shift_changes: %s does not come after %s, write them in the order of the day", at, last))
		}
		last = at
	}
	return errs
}
