package identity

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/padwarden/padwarden/server/ledger"
)

// A new PIN begins as a code of one use, which the ward lead tells its owner:
// it opens nothing but the question for a PIN of one's own.
const (
	onceFor    = 24 * time.Hour
	onceDigits = 8
	oncePrefix = "once:" // then when it ends, in Unix ms, and the hash
)

// ResetPIN takes a clinician's PIN away and returns a code of 8 digits that
// stands in for it for 24 hours. With their badge and the code they choose a
// new one at an iPad; until then nothing else is opened by it.
func (i *Identity) ResetPIN(ctx context.Context, clinician string) (code string, err error) {
	n, err := rand.Int(i.Rand, big.NewInt(100_000_000))
	if err != nil {
		return "", fmt.Errorf("making a PIN code: %w", err)
	}
	code = fmt.Sprintf("%0*d", onceDigits, n)
	leave, err := i.hasher.turn(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	encoded, err := i.hasher.hash(i.mac("pin", code))
	if err != nil {
		return "", err
	}
	ends := i.Now().Add(onceFor).UnixMilli()
	if err := i.Ledger.SetPIN(ctx, clinician, oncePrefix+strconv.FormatInt(ends, 10)+":"+encoded); err != nil {
		return "", fmt.Errorf("resetting a PIN: %w", err)
	}
	return code, nil
}

// MustChoose reports whether who has a code of one use in place of a PIN.
func MustChoose(who ledger.Clinician) bool { return strings.HasPrefix(who.PIN, oncePrefix) }

// encoded returns the hash that a PIN is checked against, "" for a person who
// has none: never had one, or a code that has ended.
func (i *Identity) encoded(who ledger.Clinician) string {
	rest, once := strings.CutPrefix(who.PIN, oncePrefix)
	if !once {
		return who.PIN
	}
	until, hash, _ := strings.Cut(rest, ":")
	ends, err := strconv.ParseInt(until, 10, 64)
	if err != nil || i.Now().UnixMilli() >= ends {
		return ""
	}
	return hash
}
