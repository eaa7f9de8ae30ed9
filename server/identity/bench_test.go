package identity

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"testing"

	"golang.org/x/crypto/argon2"

	"github.com/padwarden/padwarden/server/ledger"
)

// BenchmarkPIN is a right PIN at full cost, with its limits and its turn at the
// hashers, beside the bare hash that it is made of: as many at once as there are cores.
func BenchmarkPIN(b *testing.B) {
	b.Run("verify", func(b *testing.B) {
		m, p := newMemory(), &people{byBadge: map[string]ledger.Clinician{}, pins: map[string]string{}}
		i, err := New(Config{Ledger: p, Live: m, Key: bytes.Repeat([]byte{7}, 32), Now: m.Now, Rand: rand.Reader})
		if err != nil {
			b.Fatal(err)
		}
		hash, err := i.Badge(annaBadge)
		if err != nil {
			b.Fatal(err)
		}
		p.byBadge[hex.EncodeToString(hash)] = ledger.Clinician{ID: "anna", Name: "Anna", Active: true}
		if err := i.SetPIN(b.Context(), "anna", annaPIN); err != nil {
			b.Fatal(err)
		}
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := i.Verify(b.Context(), Attempt{Badge: hash, PIN: annaPIN, Device: "D1", Ward: "4B"}); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("bare argon2id", func(b *testing.B) {
		salt := make([]byte, saltBytes)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				argon2.IDKey([]byte(annaPIN), salt, DefaultCost.Passes, DefaultCost.MemoryKiB, DefaultCost.Parallel, hashBytes)
			}
		})
	})
}
