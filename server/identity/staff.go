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
	"github.com/padwarden/padwarden/server/ledger"
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
	// ID is that of the row they are known by: of the clinicians where the role is
	// Clinician, of the tokens where it is Integration, else of the staff. No two people share an [Staff.Owner].
	ID    string   `json:"id,omitempty"`
	Name  string   `json:"name"`
	Role  Role     `json:"role"`
	Wards []string `json:"wards,omitempty"` // a manager's, or a token's; administrators and auditors have all
	// Scopes are what an integration may do.
	Scopes []Action `json:"scopes,omitempty"`
}

// Actor is how staff are named in the history.
func (s Staff) Actor() string {
	if s.Role == Integration {
		return "token:" + s.Name
	}
	return "staff:" + s.Name
}

// Owner names the person for good, whatever they are called: as the owner of
// passkeys, and where two must not be one.
func (s Staff) Owner() string {
	switch s.Role {
	case Clinician:
		return "clinician:" + s.ID
	case Integration:
		return "token:" + s.ID
	}
	return "staff:" + s.ID
}

// StaffLedger is what identity reads and writes of who is at the console. The
// errors are those of package custody.
type StaffLedger interface {
	AddStaff(ctx context.Context, s ledger.Staff) error
	Staff(ctx context.Context, id string) (ledger.Staff, error)
	StaffByName(ctx context.Context, name string) (ledger.Staff, error)
	Staffs(ctx context.Context) ([]ledger.Staff, error)
	SetStaff(ctx context.Context, id, role string, wards []string) error
	SetStaffActive(ctx context.Context, id string, active bool) error
	TokenLedger
	HospitalLedger

	Clinician(ctx context.Context, id string) (ledger.Clinician, error)
}

// MintStaffToken returns a token that signs name in at the console once,
// within StaffTokenTTL, with this role and, for a manager, these wards. Whoever
// can mint one decides who is an administrator.
func (i *Identity) MintStaffToken(ctx context.Context, name string, role Role, wards ...string) (string, error) {
	who := Staff{Name: name, Role: role, Wards: wards}
	if role == Clinician {
		return "", errors.New("staff: a one-time link is for staff; clinicians sign in by passkey or at the hospital's provider")
	}
	if err := who.validate(); err != nil {
		return "", err
	}
	return i.mint(ctx, "staff:token:", who, StaffTokenTTL)
}

// SignInStaff spends a one-time token and returns the id of a new session, for
// a cookie. Who was not among the staff is from now on.
func (i *Identity) SignInStaff(ctx context.Context, token string) (session string, who Staff, err error) {
	raw, err := i.Live.Take(ctx, "staff:token:"+digest(token))
	if err := i.read(raw, err, &who); err != nil {
		return "", Staff{}, err
	}
	row, err := i.admit(ctx, who)
	if err != nil {
		return "", Staff{}, err
	}
	return i.OpenStaffSession(ctx, row)
}

// admit finds or makes the row of whom a link is for, with the link's role.
func (i *Identity) admit(ctx context.Context, who Staff) (ledger.Staff, error) {
	if err := i.staffed(); err != nil {
		return ledger.Staff{}, err
	}
	row, err := i.Staff.StaffByName(ctx, who.Name)
	if errors.Is(err, custody.ErrNotFound) {
		if row.ID, err = i.newID(); err != nil {
			return row, err
		}
		row = ledger.Staff{ID: row.ID, Name: who.Name, Role: string(who.Role), Wards: who.Wards, Active: true}
		if err = i.Staff.AddStaff(ctx, row); errors.Is(err, custody.ErrConflict) { // another link of the same name, at the same moment
			row, err = i.Staff.StaffByName(ctx, who.Name)
		}
	}
	switch {
	case err != nil:
		return row, fmt.Errorf("looking up whom a link is for: %w", err)
	case row.Issuer != "": // a link must not be a way around the hospital's own sign-in, nor change what it says
		return row, refusal(RefusedClosed, "Somebody of this name signs in with their hospital account. Ask for a link with another name.")
	case !row.Active:
		return row, refusal(RefusedClosed, "This account is closed. Ask an administrator to open it again.")
	}
	row.Role, row.Wards = string(who.Role), who.Wards
	if err := i.Staff.SetStaff(ctx, row.ID, row.Role, row.Wards); err != nil {
		return row, fmt.Errorf("setting the role that a link gives: %w", err)
	}
	return row, nil
}

// opened is what a session is of. Who that is, and what they may do, is read
// anew with every request.
type opened struct {
	Staff     string `json:"staff,omitempty"`
	Clinician string `json:"clinician,omitempty"`
}

// OpenStaffSession signs a member of staff in, who has proven who they are, and
// returns the id of a new session, for a cookie.
func (i *Identity) OpenStaffSession(ctx context.Context, row ledger.Staff) (session string, who Staff, err error) {
	return i.openSession(ctx, opened{Staff: row.ID})
}

// OpenClinicianSession signs a clinician in at the console, where they have
// their own page and nothing else.
func (i *Identity) OpenClinicianSession(ctx context.Context, c ledger.Clinician) (session string, who Staff, err error) {
	return i.openSession(ctx, opened{Clinician: c.ID})
}

// openSession makes two keys for one session. What it is of lives under the
// first, untouched until its absolute end, so that a sign-out cannot be undone by
// a request that is under way and prolongs the second.
func (i *Identity) openSession(ctx context.Context, of opened) (session string, who Staff, err error) {
	if who, err = i.present(ctx, of); err != nil {
		return "", Staff{}, err
	}
	if session, err = i.mint(ctx, "staff:session:", of, StaffAbsolute); err != nil {
		return "", Staff{}, err
	}
	return session, who, i.prolong(ctx, session)
}

// StaffSession returns whose session it is, with the role and the wards they
// have at this moment: who is active no longer has no session. active prolongs
// its idle time; a page that only watches does not.
func (i *Identity) StaffSession(ctx context.Context, session string, active bool) (Staff, error) {
	raw, err := i.Live.Get(ctx, "staff:session:"+digest(session))
	var of opened
	if err := i.read(raw, err, &of); err != nil {
		return Staff{}, err
	}
	if _, err := i.Live.Get(ctx, "staff:idle:"+digest(session)); err != nil {
		return Staff{}, i.read(nil, err, nil)
	}
	who, err := i.present(ctx, of)
	if err == nil && active {
		err = i.prolong(ctx, session)
	}
	return who, err
}

// present returns who that is now; RefusedClosed for who is not there, or
// not active, any more.
func (i *Identity) present(ctx context.Context, of opened) (who Staff, err error) {
	if err := i.staffed(); err != nil {
		return Staff{}, err
	}
	active := false
	if of.Clinician != "" {
		var c ledger.Clinician
		c, err = i.Staff.Clinician(ctx, of.Clinician)
		who, active = Staff{ID: c.ID, Name: c.Name, Role: Clinician}, c.Active
	} else {
		var row ledger.Staff
		row, err = i.Staff.Staff(ctx, of.Staff)
		who, active = Staff{ID: row.ID, Name: row.Name, Role: Role(row.Role), Wards: row.Wards}, row.Active
	}
	switch {
	case errors.Is(err, custody.ErrNotFound), err == nil && !active:
		return Staff{}, refusal(RefusedClosed, "This account is closed. Ask an administrator to open it again.")
	case err != nil:
		return Staff{}, fmt.Errorf("looking up who is at the console: %w", err)
	}
	return who, who.validate()
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

func (i *Identity) staffed() error {
	if i.Staff == nil {
		return errors.New("identity: nobody is known at the console")
	}
	return nil
}

// secret makes a random text of 256 bits.
func (i *Identity) secret() (string, error) {
	var random [32]byte
	if _, err := io.ReadFull(i.Rand, random[:]); err != nil {
		return "", fmt.Errorf("making a secret: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(random[:]), nil
}

// newID makes the id of a row: random, and no secret.
func (i *Identity) newID() (string, error) {
	var random [16]byte
	if _, err := io.ReadFull(i.Rand, random[:]); err != nil {
		return "", fmt.Errorf("making an id: %w", err)
	}
	return hex.EncodeToString(random[:]), nil
}

// mint makes a secret and keeps what it stands for under its digest.
func (i *Identity) mint(ctx context.Context, prefix string, what any, ttl time.Duration) (string, error) {
	secret, err := i.secret()
	if err != nil {
		return "", err
	}
	raw, err := json.Marshal(what)
	if err != nil {
		return "", fmt.Errorf("making a token: %w", err)
	}
	if err := i.Live.Put(ctx, prefix+digest(secret), raw, ttl); err != nil {
		return "", fmt.Errorf("keeping a token: %w", err)
	}
	return secret, nil
}

// read decodes what live has of a session; nothing means not signed in.
func (i *Identity) read(raw []byte, err error, into any) error {
	if errors.Is(err, custody.ErrNotFound) {
		return refusal(RefusedStaff, "You are not signed in, or were away too long. Sign in again.")
	}
	if err != nil {
		return fmt.Errorf("looking a staff session up: %w", err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("reading a staff session: %w", err)
	}
	return nil
}

func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
