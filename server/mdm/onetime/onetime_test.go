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

func TestRenewalChallenge(t *testing.T) {
	k, err := onetime.FromKey(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	r := onetime.Renewal{Claim: onetime.Claim{Device: "S1", Epoch: 4, Run: 20000}, Enrolment: strings.Repeat("ab", 32)}
	secret := k.RenewalChallenge(r)
	if got, err := k.VerifyRenewal(secret); err != nil || got != r {
		t.Fatalf("got %+v, %v", got, err)
	}
	if _, err := k.VerifyChallenge(secret); err == nil {
		t.Error("a renewal's challenge makes an enrolment")
	}
	for _, forged := range []string{
		k.Challenge("S1", 4, 20000), strings.Replace(secret, "ab", "cd", 1), strings.Replace(secret, "S1", "S2", 1),
		strings.Replace(secret, ".4.", ".04.", 1), secret + "A", "", "....", strings.Repeat(".", 300),
	} {
		if _, err := k.VerifyRenewal(forged); err == nil {
			t.Errorf("%.40q was taken", forged)
		}
	}
}
