package ledgertest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

var secretCases = map[string]func(*testing.T, Fresh){
	"device secrets, by kind": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 2)
		secret := []byte{0, 1, 2, 0xff, '\''}
		must(t, l.PutSecret(t.Context(), "D000", ledger.SecretUnlock, []byte("old")))
		must(t, l.PutSecret(t.Context(), "D000", ledger.SecretUnlock, secret))
		wantEqual(t, value[[]byte](t)(l.Secret(t.Context(), "D000", ledger.SecretUnlock)), secret)
		_, err := l.Secret(t.Context(), "D000", ledger.SecretBootstrap)
		wantErr(t, err, custody.ErrNotFound)
		_, err = l.Secret(t.Context(), "D001", ledger.SecretUnlock)
		wantErr(t, err, custody.ErrNotFound)
		wantErr(t, l.PutSecret(t.Context(), "X", ledger.SecretUnlock, secret), custody.ErrNotFound)
	},
	"a one-time secret is spent once": func(t *testing.T, fresh Fresh) {
		o := fresh(t)
		l := Open(t, o)
		servers := []*ledger.Ledger{l, second(t, l, o)}
		wantEqual(t, value[bool](t)(l.Spent(t.Context(), "k")), false)
		var won atomic.Int32
		together(16, func(i int) {
			if err := servers[i%2].Spend(t.Context(), "k"); err == nil {
				won.Add(1)
			} else if !errors.Is(err, custody.ErrConflict) {
				t.Error(err)
			}
		})
		wantEqual(t, won.Load(), 1)
		wantEqual(t, value[bool](t)(l.Spent(t.Context(), "k")), true)
		wantEqual(t, value[bool](t)(l.Spent(t.Context(), "K")), false)
	},
	"a server secret is made once, however many ask": func(t *testing.T, fresh Fresh) {
		o := fresh(t)
		l := Open(t, o)
		servers := []*ledger.Ledger{l, second(t, l, o)}
		var got [16]string
		together(len(got), func(i int) {
			secret, err := servers[i%2].ServerSecret(t.Context(), "ca", func() ([]byte, error) { return fmt.Appendf(nil, "made by %d", i), nil })
			if err != nil {
				t.Error(err)
			}
			got[i] = string(secret)
		})
		for _, g := range got {
			wantEqual(t, g, got[0])
		}
		never := func() ([]byte, error) { t.Error("made again"); return nil, nil }
		wantEqual(t, string(value[[]byte](t)(l.ServerSecret(t.Context(), "ca", never))), got[0])

		broken := errors.New("no randomness")
		_, err := l.ServerSecret(t.Context(), "hmac", func() ([]byte, error) { return nil, broken })
		wantErr(t, err, broken)
		value[[]byte](t)(l.ServerSecret(t.Context(), "hmac", func() ([]byte, error) { return []byte("x"), nil }))
	},
}
