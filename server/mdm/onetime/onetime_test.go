package onetime_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/padwarden/padwarden/server/mdm/onetime"
)

func keys(t *testing.T, fill byte) *onetime.Keys {
	t.Helper()
	k, err := onetime.FromKey(bytes.Repeat([]byte{fill}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSecretsVerifyForTheirPurposeOnly(t *testing.T) {
	k := keys(t, 1)
	challenge, link, kiosk := k.Challenge("DMQX1", 3, 41), k.LinkToken("DMQX1", 3, 41), k.KioskSecret("DMQX1", 3, 41)
	if c, err := k.VerifyChallenge(challenge); err != nil || c != (onetime.Claim{Device: "DMQX1", Epoch: 3, Run: 41}) {
		t.Fatalf("challenge: %v, %v", c, err)
	}
	if c, err := k.VerifyLinkToken(link); err != nil || c.Run != 41 {
		t.Fatalf("link: %v, %v", c, err)
	}
	if d, e, r, err := k.VerifyKioskSecret(kiosk); err != nil || d != "DMQX1" || e != 3 || r != 41 {
		t.Fatalf("kiosk: %v %v %v %v", d, e, r, err)
	}
	for _, other := range []string{link, kiosk} {
		if _, err := k.VerifyChallenge(other); !errors.Is(err, onetime.ErrForged) {
			t.Errorf("a secret of another purpose is taken for a challenge: %v", err)
		}
	}
	if _, err := keys(t, 2).VerifyChallenge(challenge); !errors.Is(err, onetime.ErrForged) {
		t.Errorf("another server's key verifies: %v", err)
	}
}

func TestASecretHasOneSpelling(t *testing.T) {
	k := keys(t, 1)
	good := k.Challenge("DMQX1", 3, 41)
	last := good[len(good)-1]
	for _, bad := range []string{
		"", ".", "...", good + ".", good + "=", " " + good, good[:len(good)-1],
		strings.Replace(good, ".3.", ".03.", 1), strings.Replace(good, ".3.", ".+3.", 1),
		strings.Replace(good, ".41.", ".42.", 1), strings.Replace(good, "DMQX1", "DMQX2", 1),
		good[:len(good)-1] + string(last+1), strings.Repeat("x", 10_000),
	} {
		if _, err := k.VerifyChallenge(bad); !errors.Is(err, onetime.ErrForged) {
			t.Errorf("%.80q verifies", bad)
		}
	}
}

type memory map[string][]byte

func (m memory) ServerSecret(_ context.Context, name string, create func() ([]byte, error)) ([]byte, error) {
	if b, ok := m[name]; ok {
		return b, nil
	}
	b, err := create()
	m[name] = b
	return b, err
}

func TestServersOnOneStoreAgree(t *testing.T) {
	m := memory{}
	a, err := onetime.Open(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	b, err := onetime.Open(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.VerifyChallenge(a.Challenge("S", 1, 2)); err != nil {
		t.Fatal(err)
	}
}
