package ledgertest

import (
	"sync"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

func siem() ledger.Token {
	return ledger.Token{ID: "t1", Hash: []byte{0, 1, 255}, Name: `the "SIEM"`, Scopes: []string{"view", "scim"}, Wards: []string{"*"}, MadeBy: "staff:Ada", Created: Start, Expires: Start.AddDate(1, 0, 0)}
}

var tokenCases = map[string]func(*testing.T, Fresh){
	"tokens are found by their hash, and say when they were used": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		siem := siem()
		other := ledger.Token{ID: "t2", Hash: []byte{2}, Name: "other", Created: Start.Add(time.Hour), Expires: Start.Add(2 * time.Hour)}
		must(t, l.AddToken(t.Context(), siem))
		must(t, l.AddToken(t.Context(), other))
		wantErr(t, l.AddToken(t.Context(), ledger.Token{ID: "t1", Hash: []byte{3}}), custody.ErrConflict)
		wantErr(t, l.AddToken(t.Context(), ledger.Token{ID: "t3", Hash: siem.Hash}), custody.ErrConflict)
		wantEqual(t, value[ledger.Token](t)(l.TokenByHash(t.Context(), siem.Hash)), siem)
		wantEqual(t, value[ledger.Token](t)(l.Token(t.Context(), "t2")), other)
		_, err := l.TokenByHash(t.Context(), []byte{9})
		wantErr(t, err, custody.ErrNotFound)
		_, err = l.Token(t.Context(), "x")
		wantErr(t, err, custody.ErrNotFound)
		wantEqual(t, value[[]ledger.Token](t)(l.Tokens(t.Context())), []ledger.Token{other, siem})

		must(t, l.TokenUsed(t.Context(), "t1", Start.Add(time.Hour)))
		must(t, l.TokenUsed(t.Context(), "t1", Start)) // came late
		wantEqual(t, value[ledger.Token](t)(l.Token(t.Context(), "t1")).LastUsed, Start.Add(time.Hour))
	},
	"a revoked token stays revoked": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		must(t, l.AddToken(t.Context(), siem()))
		must(t, l.RevokeToken(t.Context(), "t1", Start.Add(time.Minute)))
		must(t, l.RevokeToken(t.Context(), "t1", Start.Add(time.Hour)))
		wantEqual(t, value[ledger.Token](t)(l.Token(t.Context(), "t1")).Revoked, Start.Add(time.Minute))
		wantErr(t, l.RevokeToken(t.Context(), "x", Start), custody.ErrNotFound)
		wantErr(t, l.ReplaceToken(t.Context(), "t1", Start.Add(time.Hour), ledger.Token{ID: "t2", Hash: []byte{2}, Created: Start.Add(time.Minute)}), custody.ErrConflict)
	},
	"a token is replaced once, and the old one ends soon": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		old := siem()
		must(t, l.AddToken(t.Context(), old))
		at := Start.Add(time.Hour)
		next := func(id string) ledger.Token {
			n := siem()
			n.ID, n.Hash, n.Created = id, []byte(id), at
			return n
		}
		won := make([]error, 8)
		var wg sync.WaitGroup
		for i := range won {
			wg.Go(func() { won[i] = l.ReplaceToken(t.Context(), "t1", at.Add(24*time.Hour), next(string(rune('a'+i)))) })
		}
		wg.Wait()
		n := 0
		for _, err := range won {
			if err == nil {
				n++
			} else {
				wantErr(t, err, custody.ErrConflict)
			}
		}
		wantEqual(t, n, 1)
		wantEqual(t, len(value[[]ledger.Token](t)(l.Tokens(t.Context()))), 2)
		old.Replaced, old.Expires = at, at.Add(24*time.Hour)
		wantEqual(t, value[ledger.Token](t)(l.Token(t.Context(), "t1")), old)

		short := ledger.Token{ID: "s", Hash: []byte("s"), Name: "short", Created: Start, Expires: Start.Add(2 * time.Hour)}
		must(t, l.AddToken(t.Context(), short))
		must(t, l.ReplaceToken(t.Context(), "s", at.Add(24*time.Hour), next("n")))
		wantEqual(t, value[ledger.Token](t)(l.Token(t.Context(), "s")).Expires, short.Expires) // replacing prolongs nothing
		wantErr(t, l.ReplaceToken(t.Context(), "nobody", at, next("m")), custody.ErrConflict)
	},
}
