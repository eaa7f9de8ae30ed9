package onetime

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// Renewal is what a renewal's challenge stands for: one device, one enrolment.
// Epoch is the device's when the challenge was made, and Run the day, so a new
// one is made each day and each hand-over. It is good for as long as the
// enrolment stands: a hand-over that erases nothing does not make a device
// unable to renew, and an erase ends the enrolment.
type Renewal struct {
	Claim
	Enrolment string // hash of the certificate that made it, hex
}

func (r Renewal) String() string { return r.Claim.String() + "." + r.Enrolment }

// RenewalChallenge is the SCEP challenge of an enrolment profile that renews a
// device's certificate and keeps its enrolment. Its text is that of the other
// secrets with the enrolment's hash before the tag.
func (k *Keys) RenewalChallenge(r Renewal) string { return sealText(k.renewal, r.String()) }

// VerifyRenewal returns what a renewal's challenge stands for, or ErrForged.
func (k *Keys) VerifyRenewal(secret string) (Renewal, error) {
	part := strings.Split(secret, ".")
	if len(secret) > 256 || len(part) != 5 || len(part[3]) != hex.EncodedLen(sha256.Size) {
		return Renewal{}, ErrForged
	}
	c, err := readClaim(part)
	r := Renewal{Claim: c, Enrolment: part[3]}
	if err != nil || !hmac.Equal([]byte(k.RenewalChallenge(r)), []byte(secret)) {
		return Renewal{}, ErrForged
	}
	return r, nil
}

func sealText(key []byte, text string) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}
