package identity

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// How long staff tokens and sessions last. SP 800-63B-4 allows AAL2 24 h and
// 1 h idle; these are AAL3's 12 h and half of AAL2's idle time.
const (
	StaffTokenTTL = 15 * time.Minute
	StaffIdle     = 30 * time.Minute
	StaffAbsolute = 12 * time.Hour
)

// Staff is somebody at the console, or a program that acts for them.
type Staff struct {
	Name  string   `json:"name"`
	Role  Role     `json:"role"`
	Wards []string `json:"wards,omitempty"` // a manager's; the other roles have all
}

// Actor is how staff are named in the history.
func (s Staff) Actor() string { return "staff:" + s.Name }

// MintStaffToken returns a token that signs name in at the console once,
// within StaffTokenTTL. Wards are a manager's.
func (i *Identity) MintStaffToken(ctx context.Context, name string, role Role, wards ...string) (string, error) {
	return i.mint(ctx, "staff:token:", Staff{Name: name, Role: role, Wards: wards}, StaffTokenTTL)
}

// MintAPIToken returns a bearer token for the API that lasts for ttl. It is
// kept in live: losing Redis ends it.
func (i *Identity) MintAPIToken(ctx context.Context, name string, role Role, ttl time.Duration, wards ...string) (string, error) {
	return i.mint(ctx, "staff:api:", Staff{Name: name, Role: role, Wards: wards}, ttl)
}

// StaffByToken returns whose API token it is.
func (i *Identity) StaffByToken(ctx context.Context, token string) (Staff, error) {
	raw, err := i.Live.Get(ctx, "staff:api:"+digest(token))
	return i.staff(raw, err)
}

// SignInStaff spends a one-time token and returns the id of a new session, for
// a cookie.
func (i *Identity) SignInStaff(ctx context.Context, token string) (session string, who Staff, err error) {
	raw, err := i.Live.Take(ctx, "staff:token:"+digest(token))
	if who, err = i.staff(raw, err); err != nil {
		return "", Staff{}, err
	}
	// Two keys make one session. What it is lives under the first, untouched
	// until its absolute end, so that a sign-out cannot be undone by a request
	// that is under way and prolongs the second.
	if session, err = i.mint(ctx, "staff:session:", who, StaffAbsolute); err != nil {
		return "", Staff{}, err
	}
	return session, who, i.prolong(ctx, session)
}

// StaffSession returns whose session it is. active prolongs its idle time;
// a page that only watches does not.
func (i *Identity) StaffSession(ctx context.Context, session string, active bool) (Staff, error) {
	raw, err := i.Live.Get(ctx, "staff:session:"+digest(session))
	who, err := i.staff(raw, err)
	if err != nil {
		return Staff{}, err
	}
	if _, err := i.Live.Get(ctx, "staff:idle:"+digest(session)); err != nil {
		return i.staff(nil, err)
	}
	if active {
		err = i.prolong(ctx, session)
	}
	return who, err
}

// SignOutStaff ends a session.
func (i *Identity) SignOutStaff(ctx context.Context, session string) error {
	if err := i.Live.Delete(ctx, "staff:session:"+digest(session)); err != nil {
		return fmt.Errorf("ending a staff session: %w", err)
	}
	return nil
}

// CSRF is the token that a session's pages must send back with every change.
func (i *Identity) CSRF(session string) string {
	return base64.RawURLEncoding.EncodeToString(i.mac("csrf", session))
}

func (i *Identity) prolong(ctx context.Context, session string) error {
	if err := i.Live.Put(ctx, "staff:idle:"+digest(session), []byte{1}, StaffIdle); err != nil {
		return fmt.Errorf("prolonging a staff session: %w", err)
	}
	return nil
}

// mint makes a random secret of 256 bits and keeps who it stands for under its digest.
func (i *Identity) mint(ctx context.Context, prefix string, who Staff, ttl time.Duration) (string, error) {
	if err := who.validate(); err != nil {
		return "", err
	}
	var random [32]byte
	if _, err := io.ReadFull(i.Rand, random[:]); err != nil {
		return "", fmt.Errorf("making a token: %w", err)
	}
	secret := base64.RawURLEncoding.EncodeToString(random[:])
	raw, err := json.Marshal(who)
	if err != nil {
		return "", fmt.Errorf("making a token: %w", err)
	}
	if err := i.Live.Put(ctx, prefix+digest(secret), raw, ttl); err != nil {
		return "", fmt.Errorf("keeping a token: %w", err)
	}
	return secret, nil
}

// staff decodes what live has of somebody; nothing means not signed in.
func (i *Identity) staff(raw []byte, err error) (Staff, error) {
	if errors.Is(err, custody.ErrNotFound) {
		return Staff{}, refusal(RefusedStaff, "You are not signed in, or were away too long. Sign in with a new link.")
	}
	if err != nil {
		return Staff{}, fmt.Errorf("looking a staff session up: %w", err)
	}
	var who Staff
	if err := json.Unmarshal(raw, &who); err != nil {
		return Staff{}, fmt.Errorf("reading a staff session: %w", err)
	}
	return who, who.validate()
}

func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
