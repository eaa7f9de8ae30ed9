package identity

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/padwarden/padwarden/server/ledger"
)

// Cost of one PIN hash and how many are made at once.
type Cost struct {
	MemoryKiB  uint32
	Passes     uint32
	Parallel   uint8
	AtOnce     int           // hashes under way together
	Waiting    int           // callers that may wait for their turn
	WaitAtMost time.Duration // and for how long
}

// DefaultCost is OWASP's second recommendation for argon2id (19 MiB, 2 passes,
// 1 lane): about 50 a second on two cores, hence the limits in front.
var DefaultCost = Cost{MemoryKiB: 19 * 1024, Passes: 2, Parallel: 1, AtOnce: 2, Waiting: 64, WaitAtMost: 3 * time.Second}

const (
	saltBytes = 16
	hashBytes = 32
)

// hasher makes and checks argon2id hashes, a few at a time. Whoever has a turn
// still has to be counted before the hash and to be taken off the limits after
// it, so there are twice as many turns as hashes: no core waits for Redis.
type hasher struct {
	cost   Cost
	rand   io.Reader
	hashes chan struct{}
	turns  chan struct{}
	queue  chan struct{}
}

func newHasher(c Cost, rand io.Reader) *hasher {
	return &hasher{cost: c, rand: rand, hashes: make(chan struct{}, c.AtOnce), turns: make(chan struct{}, 2*c.AtOnce),
		queue: make(chan struct{}, c.AtOnce+c.Waiting)}
}

// sum is the hash itself.
func (h *hasher) sum(secret, salt []byte, passes, memory uint32, lanes uint8) []byte {
	h.hashes <- struct{}{}
	defer func() { <-h.hashes }()
	return argon2.IDKey(secret, salt, passes, memory, lanes, hashBytes)
}

// turn waits for a place, a bounded time in a bounded queue, and returns how
// to give it back.
func (h *hasher) turn(ctx context.Context) (func(), error) {
	busy := refusal(RefusedBusy, "Many people are signing in at this moment. Try again in a few seconds.")
	select {
	case h.queue <- struct{}{}:
	default:
		return nil, busy
	}
	wait := time.NewTimer(h.cost.WaitAtMost)
	defer wait.Stop()
	select {
	case h.turns <- struct{}{}:
		return func() { <-h.turns; <-h.queue }, nil
	case <-wait.C:
		<-h.queue
		return nil, busy
	case <-ctx.Done():
		<-h.queue
		return nil, fmt.Errorf("waiting for a turn to check a PIN: %w", ctx.Err())
	}
}

// hash encodes secret as a PHC string.
func (h *hasher) hash(secret []byte) (string, error) {
	salt := make([]byte, saltBytes)
	if _, err := io.ReadFull(h.rand, salt); err != nil {
		return "", fmt.Errorf("making a salt: %w", err)
	}
	c := h.cost
	return h.encode(salt, h.sum(secret, salt, c.Passes, c.MemoryKiB, c.Parallel)), nil
}

// nobodys is a hash that no secret has, since nothing was hashed for it. A check
// against it costs what any other does.
func (h *hasher) nobodys() (string, error) {
	random := make([]byte, saltBytes+hashBytes)
	if _, err := io.ReadFull(h.rand, random); err != nil {
		return "", fmt.Errorf("making a hash of nobody's: %w", err)
	}
	return h.encode(random[:saltBytes], random[saltBytes:]), nil
}

func (h *hasher) encode(salt, sum []byte) string {
	c, b64 := h.cost, base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.MemoryKiB, c.Passes, c.Parallel,
		b64.EncodeToString(salt), b64.EncodeToString(sum))
}

// check reports whether secret is what encoded was made of. Its costs are
// bounded, so that a spoiled row cannot take the server's memory.
func (h *hasher) check(encoded string, secret []byte) (bool, error) {
	fields := strings.Split(encoded, "$")
	if len(fields) != 6 || fields[1] != "argon2id" {
		return false, errors.New("checking a PIN: its hash is not an argon2id one")
	}
	var version int
	var memory, passes uint32
	var lanes uint8
	if _, err := fmt.Sscanf(fields[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, fmt.Errorf("checking a PIN: argon2 version %q is not known", fields[2])
	}
	if _, err := fmt.Sscanf(fields[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); err != nil ||
		memory > 256*1024 || passes < 1 || passes > 10 || lanes < 1 || lanes > 8 {
		return false, fmt.Errorf("checking a PIN: argon2 costs %q are out of bounds", fields[3])
	}
	salt, errS := base64.RawStdEncoding.DecodeString(fields[4])
	want, errW := base64.RawStdEncoding.DecodeString(fields[5])
	if errS != nil || errW != nil || len(want) != hashBytes {
		return false, errors.New("checking a PIN: its hash is damaged")
	}
	got := h.sum(secret, salt, passes, memory, lanes)
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// A PIN has six digits by default and never fewer (SP 800-63B-4, 3.1.1.1: at
// least six for a PIN that is one of two factors here; no composition rules,
// a block-list instead).
const (
	minPIN = 6
	maxPIN = 12
)

// wellFormed reports whether pin could be one at all.
func wellFormed(pin string) bool {
	return len(pin) >= minPIN && len(pin) <= maxPIN && strings.Trim(pin, "0123456789") == ""
}

// CheckPIN says why a PIN cannot be chosen.
func CheckPIN(pin string) error {
	switch {
	case !wellFormed(pin):
		return refusal(RefusedPIN, fmt.Sprintf("A PIN has %d to %d digits. Choose another.", minPIN, maxPIN))
	case trivial(pin):
		return refusal(RefusedPIN, "That PIN is one of the first that anybody would guess. Choose another.")
	}
	return nil
}

// ChoosePIN gives a clinician the PIN they chose, of at least least digits, and
// not the one they have.
func (i *Identity) ChoosePIN(ctx context.Context, who ledger.Clinician, pin string, least int) error {
	if len(pin) < least {
		return refusal(RefusedPIN, fmt.Sprintf("A PIN here has at least %d digits. Choose another.", least))
	}
	if err := CheckPIN(pin); err != nil {
		return err
	}
	if have := i.encoded(who); have != "" {
		leave, err := i.hasher.turn(ctx)
		if err != nil {
			return err
		}
		same, err := i.hasher.check(have, i.mac("pin", pin))
		leave()
		if err == nil && same {
			return refusal(RefusedPIN, "That is the PIN you have. Choose another.")
		}
	}
	return i.SetPIN(ctx, who.ID, pin)
}

// SetPIN gives a clinician a new PIN.
func (i *Identity) SetPIN(ctx context.Context, clinician, pin string) error {
	if err := CheckPIN(pin); err != nil {
		return err
	}
	leave, err := i.hasher.turn(ctx)
	if err != nil {
		return err
	}
	defer leave()
	encoded, err := i.hasher.hash(i.mac("pin", pin))
	if err != nil {
		return err
	}
	if err := i.Ledger.SetPIN(ctx, clinician, encoded); err != nil {
		return fmt.Errorf("setting a PIN: %w", err)
	}
	return nil
}
