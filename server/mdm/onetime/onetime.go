// Package onetime makes secrets that verify themselves: a SCEP challenge, an
// enrolment link, the start address of the iPad's page. Each says which device,
// epoch and run it is for and carries an HMAC over that, so nothing is stored
// until it is used; whoever accepts one spends its [Claim] in the ledger.
//
// The text of a secret is serial.epoch.run.tag, where tag is the base64url
// HMAC-SHA256 (RFC 2104, FIPS 198-1) under a key of the secret's own purpose:
// one made for one purpose is worthless for another.
package onetime

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/padwarden/padwarden/server/custody"
)

// ErrForged: not a secret of ours, or one of another purpose.
var ErrForged = errors.New("one-time secret does not verify")

// Claim is what a secret stands for.
type Claim struct {
	Device custody.DeviceID
	Epoch  int64
	Run    int64 // negative in enrolment links and what follows from them: a nonce
}

func (c Claim) String() string {
	return string(c.Device) + "." + strconv.FormatInt(c.Epoch, 10) + "." + strconv.FormatInt(c.Run, 10)
}

// Secrets keeps a server's own keys: it returns the bytes kept under name, or
// keeps and returns what create makes. All servers on one store get the same.
type Secrets interface {
	ServerSecret(ctx context.Context, name string, create func() ([]byte, error)) ([]byte, error)
}

// Keys makes and verifies secrets. Make one with [Open] or [FromKey].
type Keys struct {
	challenge, link, kiosk, renewal, tag []byte
}

// Open gets the key from secrets, or creates it.
func Open(ctx context.Context, secrets Secrets) (*Keys, error) {
	key, err := secrets.ServerSecret(ctx, "onetime", func() ([]byte, error) {
		b := make([]byte, 32)
		_, err := rand.Read(b)
		return b, err
	})
	if err != nil {
		return nil, fmt.Errorf("opening the key of one-time secrets: %w", err)
	}
	return FromKey(key)
}

// FromKey derives the keys from 32 bytes or more.
func FromKey(key []byte) (*Keys, error) {
	if len(key) < 32 {
		return nil, fmt.Errorf("key of one-time secrets: %d bytes, want 32", len(key))
	}
	derive := func(purpose string) []byte {
		m := hmac.New(sha256.New, key)
		m.Write([]byte("padwarden one-time " + purpose))
		return m.Sum(nil)
	}
	return &Keys{challenge: derive("scep"), link: derive("enrol"), kiosk: derive("kiosk"), renewal: derive("renewal"), tag: derive("tag")}, nil
}

// Challenge is the SCEP challenge that a run's enrolment profile carries.
func (k *Keys) Challenge(device custody.DeviceID, epoch, run int64) string {
	return seal(k.challenge, Claim{device, epoch, run})
}

// VerifyChallenge returns what a challenge stands for, or ErrForged.
func (k *Keys) VerifyChallenge(secret string) (Claim, error) { return verify(k.challenge, secret) }

// LinkToken is the last part of an enrolment link.
func (k *Keys) LinkToken(device custody.DeviceID, epoch, run int64) string {
	return seal(k.link, Claim{device, epoch, run})
}

// VerifyLinkToken returns what a link stands for, or ErrForged.
func (k *Keys) VerifyLinkToken(secret string) (Claim, error) { return verify(k.link, secret) }

// Tag says whose enrolment a message is of, in the address that the enrolment's
// device connects to. It opens nothing by itself: whoever takes it has already
// been shown the device's certificate.
func (k *Keys) Tag(device custody.DeviceID, epoch, run int64) string {
	return seal(k.tag, Claim{device, epoch, run})
}

// VerifyTag returns what a tag stands for, or ErrForged.
func (k *Keys) VerifyTag(tag string) (Claim, error) { return verify(k.tag, tag) }

// KioskSecret is the last part of the start address of a device's page.
func (k *Keys) KioskSecret(device custody.DeviceID, epoch, run int64) string {
	return seal(k.kiosk, Claim{device, epoch, run})
}

// VerifyKioskSecret returns what a start address stands for, or ErrForged. It
// does not spend it: a second use must be refused by who calls.
func (k *Keys) VerifyKioskSecret(secret string) (device custody.DeviceID, epoch, run int64, err error) {
	c, err := verify(k.kiosk, secret)
	return c.Device, c.Epoch, c.Run, err
}

// ValidDevice reports whether a serial number may stand in a secret, a URL and
// a certificate's subject as it is: letters, digits and hyphens, at most 64.
func ValidDevice(id custody.DeviceID) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for _, r := range id {
		if (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-' {
			return false
		}
	}
	return true
}

func seal(key []byte, c Claim) string {
	return sealText(key, c.String())
}

// verify reads the claim and compares the whole text with the one that the
// claim would have been given, so a secret has exactly one spelling.
func verify(key []byte, secret string) (Claim, error) {
	if len(secret) > 256 {
		return Claim{}, ErrForged
	}
	part := strings.Split(secret, ".")
	if len(part) != 4 {
		return Claim{}, ErrForged
	}
	c, err := readClaim(part)
	if err != nil || !hmac.Equal([]byte(seal(key, c)), []byte(secret)) {
		return Claim{}, ErrForged
	}
	return c, nil
}

// readClaim reads the first three parts of a secret.
func readClaim(part []string) (Claim, error) {
	epoch, err := strconv.ParseInt(part[1], 10, 64)
	run, err2 := strconv.ParseInt(part[2], 10, 64)
	if err != nil || err2 != nil || !ValidDevice(custody.DeviceID(part[0])) {
		return Claim{}, ErrForged
	}
	return Claim{Device: custody.DeviceID(part[0]), Epoch: epoch, Run: run}, nil
}
