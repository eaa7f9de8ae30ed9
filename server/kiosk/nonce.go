package kiosk

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/problem"
)

// A nonce is good once, for a day, on the page of one enrolment. It carries
// its own proof, so that a page may be given a new one with every state
// without anything being kept; only a used one is remembered.
const (
	nonceFor   = 24 * time.Hour
	nonceBytes = 16 + 8 + sha256.Size // random, issued at, proof
)

var errNonce = problem.New(fiber.StatusConflict, "stale_nonce", "This page was out of date. Tap your badge again.")

func (k *Kiosk) nonce(row custody.Custody) (string, error) {
	var b [nonceBytes]byte
	if _, err := io.ReadFull(k.Rand, b[:16]); err != nil {
		return "", fmt.Errorf("making a nonce: %w", err)
	}
	binary.BigEndian.PutUint64(b[16:], uint64(k.Now().Unix()))
	copy(b[24:], k.mac("nonce", string(row.Device), row.Enrolment, string(b[:24])))
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// spend uses a nonce up, or answers errNonce.
func (k *Kiosk) spend(ctx context.Context, row custody.Custody, nonce string) error {
	b, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(b) != nonceBytes || !hmac.Equal(b[24:], k.mac("nonce", string(row.Device), row.Enrolment, string(b[:24]))) {
		return errNonce
	}
	if age := k.Now().Sub(time.Unix(int64(binary.BigEndian.Uint64(b[16:])), 0)); age > nonceFor {
		return errNonce
	}
	sum := sha256.Sum256(b) // of the bytes: one nonce has one mark however it is written
	err = k.Live.PutIfAbsent(ctx, "kiosk:spent:"+hex.EncodeToString(sum[:]), []byte{1}, nonceFor)
	if errors.Is(err, custody.ErrConflict) {
		return errNonce
	}
	if err != nil {
		return fmt.Errorf("spending a nonce: %w", err)
	}
	return nil
}
