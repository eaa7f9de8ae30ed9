package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity/oidc"
	"github.com/padwarden/padwarden/server/ledger"
)

// HospitalLedger is what identity reads and writes of whom the hospital's
// provider signs in.
type HospitalLedger interface {
	StaffBySubject(ctx context.Context, issuer, subject string) (ledger.Staff, error)
	ClinicianByAccount(ctx context.Context, account string) (ledger.Clinician, error)
	ClinicianBySubject(ctx context.Context, issuer, subject string) (ledger.Clinician, error)
	PinClinician(ctx context.Context, id, issuer, subject string) error
}

// Grant gives the members of one of the hospital's groups a role.
type Grant struct {
	Group string
	Role  Role
	Wards []string // a manager's
}

// ParseGrant reads "group=role" or "group=manager:ward,ward". A group's name may
// hold an equals sign, as a directory's distinguished names do.
func ParseGrant(text string) (Grant, error) {
	n := strings.LastIndex(text, "=")
	if n <= 0 {
		return Grant{}, fmt.Errorf("role %q: want group=role, or group=manager:ward,ward", text)
	}
	role, wards, of := strings.Cut(text[n+1:], ":")
	g := Grant{Group: text[:n], Role: Role(role)}
	if of {
		g.Wards = strings.Split(wards, ",")
	}
	switch {
	case g.Role != Administrator && g.Role != Manager && g.Role != Auditor:
		return Grant{}, fmt.Errorf("role %q: want administrator, manager or auditor; clinicians are known by their account", text)
	case g.Role == Manager && (len(g.Wards) == 0 || slices.Contains(g.Wards, "")):
		return Grant{}, fmt.Errorf("role %q: a manager has wards: group=manager:ward,ward", text)
	case g.Role != Manager && of:
		return Grant{}, fmt.Errorf("role %q: only a manager has wards", text)
	}
	return g, nil
}

// granted is the role of somebody in groups, and false if there is none: an
// administrator's before a manager's, of all the wards that they manage, before
// an auditor's.
func granted(grants []Grant, groups []string) (g Grant, ok bool) {
	for _, role := range []Role{Administrator, Manager, Auditor} {
		for _, one := range grants {
			if one.Role != role || !slices.Contains(groups, one.Group) {
				continue
			}
			g.Role, ok = role, true
			for _, ward := range one.Wards {
				if !slices.Contains(g.Wards, ward) {
					g.Wards = append(g.Wards, ward)
				}
			}
		}
		if ok {
			return g, true
		}
	}
	return Grant{}, false
}

// SignInHospital signs in at the console whom the hospital's provider says it
// is, and returns the id of a new session, for a cookie: as the staff that their
// groups make them, or else as the clinician that they are.
func (i *Identity) SignInHospital(ctx context.Context, c oidc.Claims, grants []Grant) (session string, who Staff, err error) {
	if err := i.staffed(); err != nil {
		return "", Staff{}, err
	}
	if g, ok := granted(grants, c.Groups); ok {
		row, err := i.hospitalStaff(ctx, c, g)
		if err != nil {
			return "", Staff{}, err
		}
		return i.OpenStaffSession(ctx, row)
	}
	person, err := i.HospitalClinician(ctx, c)
	if custody.Refused(err) == RefusedStranger {
		return "", Staff{}, refusal(RefusedGroup, "The hospital says who you are, but none of your groups may use this console. Ask IT to add you to one.")
	}
	if err != nil {
		return "", Staff{}, err
	}
	return i.OpenClinicianSession(ctx, person)
}

// hospitalStaff finds or makes the row of whom the provider signs in, by issuer
// and subject, with what their groups give them.
func (i *Identity) hospitalStaff(ctx context.Context, c oidc.Claims, g Grant) (row ledger.Staff, err error) {
	row, err = i.Staff.StaffBySubject(ctx, c.Issuer, c.Subject)
	if errors.Is(err, custody.ErrNotFound) {
		return i.newHospitalStaff(ctx, c, g)
	}
	switch {
	case err != nil:
		return row, fmt.Errorf("looking up who signs in: %w", err)
	case !row.Active:
		return row, refusal(RefusedClosed, "This account is closed. Ask an administrator to open it again.")
	case row.Role == string(g.Role) && slices.Equal(row.Wards, g.Wards):
		return row, nil
	}
	row.Role, row.Wards = string(g.Role), g.Wards
	if err := i.Staff.SetStaff(ctx, row.ID, row.Role, row.Wards); err != nil {
		return row, fmt.Errorf("setting the role that a group gives: %w", err)
	}
	return row, nil
}

// newHospitalStaff adds one. The history names people by name, so a name that is
// another's gets something to it.
func (i *Identity) newHospitalStaff(ctx context.Context, c oidc.Claims, g Grant) (row ledger.Staff, err error) {
	id, err := i.newID()
	if err != nil {
		return row, err
	}
	row = ledger.Staff{ID: id, Role: string(g.Role), Wards: g.Wards, Issuer: c.Issuer, Subject: c.Subject, Active: true}
	for _, name := range []string{c.Name, c.Name + " (" + c.Account + ")", c.Name + " (" + id[:8] + ")"} {
		if row.Name = shown(name); row.Name == "" {
			continue
		}
		if err = i.Staff.AddStaff(ctx, row); !errors.Is(err, custody.ErrConflict) {
			break
		}
		if first, e := i.Staff.StaffBySubject(ctx, c.Issuer, c.Subject); e == nil { // the same person, in two browsers at once
			return first, nil
		}
	}
	if err != nil {
		return row, fmt.Errorf("adding who signs in to the staff: %w", err)
	}
	return row, nil
}

// shown is a name of at most 100 bytes without what cannot be seen in it.
func shown(name string) string {
	name = strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }), " ")
	for len(name) > 100 {
		runes := []rune(name)
		name = string(runes[:len(runes)-1])
	}
	return strings.TrimSpace(name)
}

// HospitalClinician returns which clinician the provider signs in: the one who
// is pinned to that issuer and subject, or else the one whose account or id the
// claims name, who is pinned to them by this first sign-in. The name in the
// claims can be given to another person one day; a subject cannot (OpenID
// Connect Core 1.0, 5.7). [RefusedStranger] if it is nobody.
func (i *Identity) HospitalClinician(ctx context.Context, c oidc.Claims) (ledger.Clinician, error) {
	if err := i.staffed(); err != nil {
		return ledger.Clinician{}, err
	}
	person, err := i.Staff.ClinicianBySubject(ctx, c.Issuer, c.Subject)
	if errors.Is(err, custody.ErrNotFound) {
		person, err = i.pinned(ctx, c)
	}
	switch {
	case errors.Is(err, custody.ErrNotFound), err == nil && !person.Active:
		return ledger.Clinician{}, refusal(RefusedStranger, "The hospital says who you are, but no clinician here has your account. Ask your ward lead to have you added.")
	case errors.Is(err, custody.ErrConflict):
		return ledger.Clinician{}, refusal(RefusedPinned, "Another hospital account has signed in as you before. Ask IT: if yours was made anew, an administrator can let the old one go.")
	case custody.Refused(err) != "":
		return ledger.Clinician{}, err
	case err != nil:
		return ledger.Clinician{}, fmt.Errorf("looking up which clinician signs in: %w", err)
	}
	return person, nil
}

// pinned finds an active clinician by the name in the claims and pins them.
func (i *Identity) pinned(ctx context.Context, c oidc.Claims) (ledger.Clinician, error) {
	if c.Account == "" {
		return ledger.Clinician{}, custody.ErrNotFound
	}
	byAccount, err := i.Staff.ClinicianByAccount(ctx, c.Account)
	if err != nil && !errors.Is(err, custody.ErrNotFound) {
		return ledger.Clinician{}, err
	}
	person, err := i.Staff.Clinician(ctx, c.Account)
	if errors.Is(err, custody.ErrNotFound) {
		person, err = ledger.Clinician{}, nil
	}
	switch {
	case err != nil:
		return ledger.Clinician{}, err
	case byAccount.ID != "" && person.ID != "" && byAccount.ID != person.ID:
		return ledger.Clinician{}, refusal(RefusedPinned, "Two clinicians here go by your account. Ask IT to put that right.")
	case byAccount.ID != "":
		person = byAccount
	}
	if person.ID == "" || !person.Active {
		return ledger.Clinician{}, custody.ErrNotFound
	}
	return person, i.Staff.PinClinician(ctx, person.ID, c.Issuer, c.Subject)
}
