package ledger

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
)

// sealer encrypts what must not be readable in the database or its backups.
// Random 96-bit nonces stay safe for 2^32 messages under one key (NIST SP
// 800-38D, 8.3), which no ward comes near.
type sealer struct{ aead cipher.AEAD }

// newSealer derives its own key, so that the key given may serve other
// purposes too without one weakening the other.
func newSealer(key [32]byte) (sealer, error) {
	own, err := hkdf.Key(sha256.New, key[:], nil, "padwarden ledger secrets v1", 32)
	if err != nil {
		return sealer{}, fmt.Errorf("deriving the key of the ledger's secrets: %w", err)
	}
	block, err := aes.NewCipher(own)
	if err != nil {
		return sealer{}, fmt.Errorf("preparing the key of the ledger's secrets: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return sealer{}, fmt.Errorf("preparing the key of the ledger's secrets: %w", err)
	}
	return sealer{aead}, nil
}

// seal encrypts a record. Its name is authenticated with it, so that a sealed
// value moved to another record's place does not open.
func (s sealer) seal(name string, clear []byte) []byte {
	return s.aead.Seal(nil, nil, clear, []byte(name))
}

// open answers ErrKey where the key or the name is not the one it was sealed with.
func (s sealer) open(name string, sealed []byte) ([]byte, error) {
	clear, err := s.aead.Open(nil, nil, sealed, []byte(name))
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", name, ErrKey)
	}
	return clear, nil
}
