package custody

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// Kinds of history entries. Every lock and every wipe is asked once and ended once (P4).
const (
	KindSessionOpened  = "session.opened"
	KindSessionResumed = "session.resumed"
	KindSessionEnded   = "session.ended"
	KindEmergency      = "session.emergency" // opened or resumed by a badge alone
	KindExplained      = "emergency.explained"
	KindReviewed       = "emergency.reviewed"
	KindOpenConfirmed  = "open.confirmed"
	KindLockAsked      = "lock.asked"
	KindLockEnded      = "lock.ended"
	KindWipeAsked      = "wipe.asked"
	KindWipeEnded      = "wipe.ended"
	KindHandedOver     = "command.handed_over"
	KindReport         = "command.report"
	KindEnrolment      = "enrolment"
	KindAppleSignIn    = "apple.sign_in"
	KindHands          = "hands"      // who sees to it: taken, given to somebody, handed back
	KindWaits          = "plan.waits" // for something that a person can mend
	KindReason         = "reason"     // why somebody of the staff asked for what stands before it
	KindUnproven       = "unproven"
	KindClean          = "clean"
	KindAttested       = "attested"
	KindLostMode       = "lost_mode"
	KindIsolated       = "isolated"
	KindReleased       = "released"
	KindSetAside       = "set_aside"
	KindBroughtBack    = "brought_back"
	KindLooked         = "looked" // at a location or a code
	KindRetired        = "retired"
	KindMoved          = "moved"  // to another ward
	KindPolicy         = "policy" // the ward's changed while somebody had it
	KindOwed           = "owed"   // handed over while SQL could not be reached, written afterwards
)

// Seal returns e's hash, chained to prev, the hash of the device's entry
// before it. Altering any byte of a sealed entry, or leaving one out, breaks
// the chain up to the row's Head.
func Seal(prev string, e Entry) string {
	e.Hash = prev
	b, err := json.Marshal(e)
	if err != nil { // a struct of strings, numbers and a time cannot fail to encode
		panic(err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// VerifyChain returns the index of the first entry that breaks the chain
// ending in head, or -1 if all hold. Entries are in the order of writing.
func VerifyChain(entries []Entry, head string) int {
	prev := ""
	for i, e := range entries {
		if Seal(prev, e) != e.Hash {
			return i
		}
		prev = e.Hash
	}
	if prev != head {
		return len(entries)
	}
	return -1
}
