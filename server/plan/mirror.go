package plan

import "github.com/padwarden/padwarden/server/custody"

// LockWithoutLedger is the one command that may leave while SQL cannot be
// reached (hand-over rule 10): a DeviceLock for a device that somebody's data
// is on. It is never destructive, and a plan's report never matches its id.
// It is nil where there is nobody to lock out.
func LockWithoutLedger(c custody.Custody) (*Command, error) {
	if c.State != custody.InUse && c.State != custody.Locked {
		return nil, nil
	}
	id := CommandID(c, "lock_without_ledger", int(c.Version))
	body, err := deviceLock(id, c, Inputs{})
	if err != nil {
		return nil, err
	}
	return &Command{UUID: id, Request: "DeviceLock", Step: "lock_without_ledger", Body: body}, nil
}
