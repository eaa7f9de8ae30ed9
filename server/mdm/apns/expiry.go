package apns

import (
	"fmt"
	"time"
)

// WarnBefore is how long before its last day a push certificate is to be
// renewed: it is valid for a year, and whoever holds its Apple Account may be away.
const WarnBefore = 30 * 24 * time.Hour

// Expiry says what is to be told at now of a push certificate that ends at
// notAfter; false while it has more than [WarnBefore] to go. Since is when that
// began. A certificate counts up to and with the moment of its end (RFC 5280,
// 4.1.2.5).
func Expiry(notAfter, now time.Time) (Trouble, bool) {
	day := notAfter.UTC().Format("2006-01-02")
	switch left := notAfter.Sub(now); {
	case left < 0:
		return Trouble{CertificateEnded, fmt.Sprintf("The push certificate ended on %s: no iPad is woken, and none is erased, for it could not be called back. "+
			"Renew it at Apple's Push Certificates Portal, under the Apple Account that made it, and start the server with the new one.", day), notAfter, true}, true
	case left <= WarnBefore:
		return Trouble{CertificateEnding, fmt.Sprintf("The push certificate ends on %s, %s. "+
			"Renew it at Apple's Push Certificates Portal, under the Apple Account that made it: with another account's every iPad would have to enrol again.",
			day, inDays(left)), notAfter.Add(-WarnBefore), false}, true
	}
	return Trouble{}, false
}

func inDays(left time.Duration) string {
	switch n := int(left / (24 * time.Hour)); n {
	case 0:
		return "in less than a day"
	case 1:
		return "in 1 day"
	default:
		return fmt.Sprintf("in %d days", n)
	}
}
