package identity

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

const (
	// LongestToken bounds how long a token may last: one that nobody renews is
	// one that nobody looks after.
	LongestToken = 366 * 24 * time.Hour
	// TokenOverlap is how long a replaced token still works, at most, so that a
	// program can be given the new secret without a gap.
	TokenOverlap = 24 * time.Hour
	// AllWards among a token's wards stands for every ward, and for what belongs to none.
	AllWards = "*"
)

// TokenLedger keeps API tokens.
type TokenLedger interface {
	AddToken(ctx context.Context, t ledger.Token) error
	Token(ctx context.Context, id string) (ledger.Token, error)
	TokenByHash(ctx context.Context, hash []byte) (ledger.Token, error)
	Tokens(ctx context.Context) ([]ledger.Token, error)
	TokenUsed(ctx context.Context, id string, at time.Time) error
	RevokeToken(ctx context.Context, id string, at time.Time) error
	ReplaceToken(ctx context.Context, old string, until time.Time, next ledger.Token) error
}

// MintAPIToken returns a bearer token for the API that lasts for ttl, and may
// do what the role may: a manager in the wards, the others everywhere. It is
// kept in the ledger, by its SHA-256.
func (i *Identity) MintAPIToken(ctx context.Context, name string, role Role, ttl time.Duration, wards ...string) (string, error) {
	scopes := map[Role][]Action{Administrator: actions, Manager: managers, Auditor: {View}}[role]
	if role != Manager {
		wards = []string{AllWards}
	}
	secret, _, err := i.MakeToken(ctx, name, scopes, wards, ttl, "padwarden")
	return secret, err
}

// MakeToken returns a new bearer token for a program, that may do what scopes
// name in wards, and its record. The secret is not kept, and told here only.
// What cannot be made is a refusal that says why.
func (i *Identity) MakeToken(ctx context.Context, name string, scopes []Action, wards []string, ttl time.Duration, by string) (secret string, t ledger.Token, err error) {
	if err := i.staffed(); err != nil {
		return "", t, err
	}
	unknown := slices.IndexFunc(scopes, func(a Action) bool { return !slices.Contains(actions, a) })
	switch {
	case name == "" || len(name) > 100:
		return "", t, refusal(RefusedToken, "Give the token a name of up to 100 letters: what it is for.")
	case len(scopes) == 0:
		return "", t, refusal(RefusedToken, "Say what the token may do.")
	case unknown >= 0:
		return "", t, refusal(RefusedToken, fmt.Sprintf("A token cannot be allowed %q.", scopes[unknown]))
	case len(wards) == 0 || slices.Contains(wards, ""):
		return "", t, refusal(RefusedToken, "Say on which wards the token works.")
	case ttl <= 0 || ttl > LongestToken:
		return "", t, refusal(RefusedToken, "A token lasts for a year at most.")
	}
	t = ledger.Token{Name: name, Wards: wards, MadeBy: by, Expires: i.Now().Add(ttl)}
	for _, a := range scopes {
		t.Scopes = append(t.Scopes, string(a))
	}
	if secret, t, err = i.issued(t); err != nil {
		return "", t, err
	}
	if err := i.Staff.AddToken(ctx, t); err != nil {
		return "", t, fmt.Errorf("keeping a token: %w", err)
	}
	return secret, t, nil
}

// issued gives a token an id and a secret, whose hash it keeps.
func (i *Identity) issued(t ledger.Token) (secret string, _ ledger.Token, err error) {
	id, err := i.newID()
	if err != nil {
		return "", t, err
	}
	if secret, err = i.secret(); err != nil {
		return "", t, err
	}
	hash := sha256.Sum256([]byte(secret))
	t.ID, t.Hash, t.Created = id, hash[:], i.Now()
	return secret, t, nil
}

// RotateToken returns another secret for a token, with what it may do and until
// when. The one before works on for TokenOverlap, and no longer than it would have.
func (i *Identity) RotateToken(ctx context.Context, id, by string) (secret string, t ledger.Token, err error) {
	if err := i.staffed(); err != nil {
		return "", t, err
	}
	old, err := i.Staff.Token(ctx, id)
	if err != nil {
		return "", t, fmt.Errorf("rotating a token: %w", err)
	}
	next := ledger.Token{Name: old.Name, Scopes: old.Scopes, Wards: old.Wards, MadeBy: by, Expires: old.Expires}
	if secret, next, err = i.issued(next); err != nil {
		return "", t, err
	}
	err = i.Staff.ReplaceToken(ctx, id, next.Created.Add(TokenOverlap), next)
	if errors.Is(err, custody.ErrConflict) {
		return "", t, refusal(RefusedToken, "This token has ended, or was replaced before. Rotate the one that took its place, or make a new one.")
	}
	if err != nil {
		return "", t, fmt.Errorf("rotating a token: %w", err)
	}
	return secret, next, nil
}

// RevokeToken ends a token: the next request with it is refused.
func (i *Identity) RevokeToken(ctx context.Context, id string) error {
	if err := i.staffed(); err != nil {
		return err
	}
	return i.Staff.RevokeToken(ctx, id, i.Now())
}

// Tokens returns the tokens, ended ones among them, the last made first.
func (i *Identity) Tokens(ctx context.Context) ([]ledger.Token, error) {
	if err := i.staffed(); err != nil {
		return nil, err
	}
	return i.Staff.Tokens(ctx)
}

// StaffByToken returns what an API token stands for: an integration, with the
// token's scopes and wards.
func (i *Identity) StaffByToken(ctx context.Context, token string) (Staff, error) {
	if err := i.staffed(); err != nil {
		return Staff{}, err
	}
	hash := sha256.Sum256([]byte(token))
	t, err := i.Staff.TokenByHash(ctx, hash[:])
	now := i.Now()
	switch {
	case errors.Is(err, custody.ErrNotFound), err == nil && (!t.Revoked.IsZero() || !now.Before(t.Expires)):
		return Staff{}, refusal(RefusedStaff, "This token is not known, or has ended. Make a new one.")
	case err != nil:
		return Staff{}, fmt.Errorf("looking a token up: %w", err)
	}
	if hour := now.Truncate(time.Hour); t.LastUsed.Before(hour) { // one write an hour, however busy the program is
		if err := i.Staff.TokenUsed(ctx, t.ID, hour); err != nil {
			i.Log.Warn("the use of a token could not be noted", "token", cmp.Or(t.Name, t.ID), "err", err)
		}
	}
	who := Staff{ID: t.ID, Name: t.Name, Role: Integration, Wards: t.Wards}
	for _, scope := range t.Scopes {
		who.Scopes = append(who.Scopes, Action(scope))
	}
	return who, nil
}
