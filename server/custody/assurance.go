package custody

import (
	"encoding/hex"
	"time"
)

// Assurance is how a session's holder showed who they are when it was opened
// or last resumed.
type Assurance string

const (
	// AssuranceBadge: a badge alone, in a guests' ward only. It says who the card belongs to.
	AssuranceBadge Assurance = "badge"
	// AssuranceBadgePIN: a badge and its owner's PIN.
	AssuranceBadgePIN Assurance = "badge_pin"
	// AssurancePasskey: a passkey or security key that verified its owner.
	AssurancePasskey Assurance = "passkey"
	// AssuranceBreakGlass: a badge alone, in an emergency. Apps may refuse to
	// sign anybody in silently on it.
	AssuranceBreakGlass Assurance = "break_glass"
)

// Level is the assurance level in the terms of SP 800-63B-4, section 2; empty
// where there is none. A badge's number is an identifier and no authenticator,
// so badge and PIN are one factor that the server checks: AAL1. A passkey that
// verified its owner is two, and resists phishing: AAL2.
func (a Assurance) Level() string {
	switch a {
	case AssuranceBadgePIN:
		return "AAL1"
	case AssurancePasskey:
		return "AAL2"
	}
	return ""
}

// Words says it for people.
func (a Assurance) Words() string {
	switch a {
	case AssuranceBadge:
		return "badge"
	case AssuranceBadgePIN:
		return "badge and PIN"
	case AssurancePasskey:
		return "passkey"
	case AssuranceBreakGlass:
		return "emergency, badge alone"
	}
	return string(a)
}

// BadgeCredential names, in a session's row, the badge with that HMAC: enough
// of it to tell badges apart, and to end what a revoked one opened.
func BadgeCredential(hash []byte) string {
	return "badge:" + hex.EncodeToString(hash[:min(8, len(hash))])
}

// admitted records how the holder showed who they are. A tap that resumes
// within the PIN grace shows nothing new, so what held before goes on holding:
// an emergency stays one.
func (d *decision) admitted(by string, how Assurance, with string) error {
	if how == "" {
		how, with = d.prev.Assurance, d.prev.Credential
	}
	d.next.Assurance, d.next.Credential, d.next.Until = how, with, time.Time{}
	if how != AssuranceBreakGlass {
		return nil
	}
	if d.p.BreakGlass <= 0 {
		return refuse(RefusedEmergency, "This ward does not open iPads by a badge alone. Use your PIN or passkey, or a downtime iPad.")
	}
	d.next.Until = d.now.Add(d.p.BreakGlass)
	d.note(KindEmergency, by, "by %s, for %s", with, d.p.BreakGlass)
	d.alert = true
	return nil
}

// upgraded: who opened the device in an emergency shows who they are in full
// while they use it. That ends the emergency, and nothing else.
func (d *decision) upgraded(e Resume) error {
	if d.prev.Assurance != AssuranceBreakGlass || e.How == "" || e.How == AssuranceBreakGlass {
		return nil
	}
	d.note(KindSessionResumed, e.By, "%s, in place of an emergency", e.How.Words())
	return d.admitted(e.By, e.How, e.With)
}

// IdleTimes are how long the row's session may be idle until it is warned and
// until it is locked. Whoever opened an iPad in an emergency is not asked
// "Still here?" in the middle of it: a longer lock, and never none.
func IdleTimes(c Custody, p Policy) (warn, lock time.Duration) {
	if c.Assurance == AssuranceBreakGlass && p.BreakGlass > p.Lock {
		return p.BreakGlass - min(p.Warn, p.BreakGlass/4), p.BreakGlass
	}
	return p.Warn, p.Lock
}
