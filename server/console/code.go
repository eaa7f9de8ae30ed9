package console

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/problem"
)

// secrets keeps what only a named look may show, sealed.
type secrets interface {
	PutSecret(ctx context.Context, device custody.DeviceID, kind string, secret []byte) error
	Secret(ctx context.Context, device custody.DeviceID, kind string) ([]byte, error)
}

// downtimeCode is the kind of secret that a sealed iPad's passcode is.
const downtimeCode = "downtime_code"

// codes is how many there are, of eight digits. An iPad lets nobody try more
// than a handful before it disables itself.
var codes = big.NewInt(100_000_000)

// newCode makes the code of an iPad that was just sealed, and keeps it. If it
// cannot be kept the iPad is sealed without one: bring it back and seal it again.
func newCode(ctx context.Context, s *Console, id custody.DeviceID, _ string) (string, error) {
	n, err := rand.Int(s.Rand, codes)
	if err != nil {
		return "", fmt.Errorf("making a code for %s: %w", id, err)
	}
	code := fmt.Sprintf("%08d", n)
	if err := s.Ledger.PutSecret(ctx, id, downtimeCode, []byte(code)); err != nil {
		return "", err
	}
	return code, nil
}

func keptCode(ctx context.Context, s *Console, id custody.DeviceID, _ string) (string, error) {
	code, err := s.Ledger.Secret(ctx, id, downtimeCode)
	if errors.Is(err, custody.ErrNotFound) {
		return "", problem.New(fiber.StatusConflict, "code", "No code was kept for this iPad. Bring it back, and seal it again.")
	}
	return string(code), err
}
