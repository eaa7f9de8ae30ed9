package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// Passkey is a WebAuthn credential: a security key's, or one that a computer
// keeps. Nothing of it is secret (Web Authentication Level 3, section 4,
// "Credential Record").
type Passkey struct {
	ID          string // [PasskeyID] of Credential
	Credential  []byte // the credential id, up to 1023 bytes
	Owner       string // [ClinicianOwner] or [StaffOwner]
	PublicKey   []byte // a COSE key
	SignCount   uint32
	AAGUID      []byte // the authenticator's model; zeros where it is not told
	Transports  []string
	Flags       byte   // of the authenticator data at its last use (section 6.1)
	Attestation string // the format of its attestation statement
	Name        string // what its owner calls it
	Created     time.Time
	Used        time.Time // zero: never since
	Suspended   time.Time // it may have been copied; zero: not
	Why         string    // it was suspended
	Removed     time.Time // zero: not
}

// Opens is how a custody row names a passkey that opened its session.
func (p Passkey) Opens() string { return "passkey:" + p.ID }

// flagBackupEligible says that the credential may be synced to other devices.
// It never changes (section 6.1.3).
const flagBackupEligible = 1 << 3

// BackupEligible reports whether the passkey may be copied by whoever keeps it.
func (p Passkey) BackupEligible() bool { return p.Flags&flagBackupEligible != 0 }

// PasskeyID is how a credential is known here: short, whatever its
// authenticator chose, and fit for an address.
func PasskeyID(credential []byte) string {
	sum := sha256.Sum256(credential)
	return hex.EncodeToString(sum[:16])
}

// ClinicianOwner and StaffOwner name a passkey's owner.
func ClinicianOwner(id string) string { return "clinician:" + id }

// StaffOwner is [ClinicianOwner] for a member of staff.
func StaffOwner(id string) string { return "staff:" + id }

type passkeyRow struct {
	bun.BaseModel `bun:"table:passkeys"`
	ID            string `bun:"id,pk"`
	Credential    []byte `bun:"credential,notnull"`
	Owner         string `bun:"owner,notnull"`
	PublicKey     []byte `bun:"public_key,notnull"`
	SignCount     int64  `bun:"sign_count,notnull"`
	AAGUID        []byte `bun:"aaguid,notnull"`
	Transports    string `bun:"transports,notnull"`
	Flags         int64  `bun:"flags,notnull"`
	Attestation   string `bun:"attestation,notnull"`
	Name          string `bun:"name,notnull"`
	Created       int64  `bun:"created,notnull"`
	Used          int64  `bun:"used,notnull"`
	Suspended     int64  `bun:"suspended,notnull"`
	Why           string `bun:"suspended_why,notnull"`
	Removed       int64  `bun:"removed,notnull"`
}

func (r passkeyRow) passkey() Passkey {
	p := Passkey{
		ID: r.ID, Credential: r.Credential, Owner: r.Owner, PublicKey: r.PublicKey, SignCount: uint32(r.SignCount), AAGUID: r.AAGUID,
		Flags: byte(r.Flags), Attestation: r.Attestation, Name: r.Name, Created: fromMillis(r.Created), Used: fromMillis(r.Used),
		Suspended: fromMillis(r.Suspended), Why: r.Why, Removed: fromMillis(r.Removed),
	}
	if r.Transports != "" {
		p.Transports = strings.Split(r.Transports, ",")
	}
	return p
}

// AddPasskey adds a passkey to its owner, who asked for it; ErrConflict if the
// credential is known, whoever's it is and removed or not, ErrNotFound for an
// unknown clinician. Its ID is worked out of its Credential.
func (l *Ledger) AddPasskey(ctx context.Context, p Passkey) error {
	row := passkeyRow{
		ID: PasskeyID(p.Credential), Credential: p.Credential, Owner: p.Owner, PublicKey: p.PublicKey, SignCount: int64(p.SignCount), AAGUID: p.AAGUID,
		Transports: strings.Join(p.Transports, ","), Flags: int64(p.Flags), Attestation: p.Attestation, Name: p.Name, Created: millis(p.Created),
		Used: millis(p.Used), Suspended: millis(p.Suspended), Why: p.Why, Removed: millis(p.Removed),
	}
	return l.change(ctx, fmt.Sprintf("adding a passkey of %q", p.Owner), func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return l.tellOwner(ctx, tx, p.Owner, p.Created, PersonDeed{By: p.Owner, What: fmt.Sprintf("Added the passkey %q", p.Name)})
	})
}

// tellOwner writes what was done with a clinician's passkey where all that is
// done about people is told. Of staff there is no such list.
func (l *Ledger) tellOwner(ctx context.Context, tx bun.Tx, owner string, at time.Time, d PersonDeed) error {
	id, ok := strings.CutPrefix(owner, ClinicianOwner(""))
	if !ok {
		return nil
	}
	c := PersonChange{ID: id, At: at, Deeds: []PersonDeed{d}}
	if err := l.changeClinician(ctx, tx, c); err != nil { // which numbers lines one by one
		return err
	}
	return l.tell(ctx, tx, c)
}

// holdPasskey returns a passkey and keeps other changes of it out until the
// transaction ends.
func (l *Ledger) holdPasskey(ctx context.Context, tx bun.Tx, id string) (passkeyRow, error) {
	row := passkeyRow{ID: id}
	return row, l.locked(tx.NewSelect().Model(&row).WherePK()).Scan(ctx)
}

// Passkeys returns an owner's passkeys, suspended ones too but none that was
// removed, the oldest first.
func (l *Ledger) Passkeys(ctx context.Context, owner string) ([]Passkey, error) {
	var rows []passkeyRow
	err := l.read.NewSelect().Model(&rows).Where("owner = ? AND removed = 0", owner).OrderExpr("created, id").Scan(ctx)
	return each(rows, passkeyRow.passkey), failed(ctx, fmt.Sprintf("reading the passkeys of %q", owner), err)
}

// PasskeyByID returns a passkey, suspended and removed ones too, or ErrNotFound.
func (l *Ledger) PasskeyByID(ctx context.Context, id string) (Passkey, error) {
	row, err := l.lookups.passkey.one(ctx, id)
	if err != nil {
		return Passkey{}, failed(ctx, "reading a passkey", err)
	}
	return row.passkey(), nil
}

// UsePasskey records a sign-in with a passkey that was read with the sign count
// was: its count and flags become next's. Of two that read the same count and
// raise it, one gets through, the other is answered ErrStale; so is a sign-in
// with a passkey that was suspended or removed meanwhile.
func (l *Ledger) UsePasskey(ctx context.Context, id string, was, count uint32, flags byte, at time.Time) error {
	err := oneRow(custody.ErrStale)(l.write.NewUpdate().Model((*passkeyRow)(nil)).
		Set("sign_count = ?", int64(count)).Set("flags = ?", int64(flags)).Set("used = ?", millis(at)).
		Where("id = ? AND sign_count = ? AND suspended = 0 AND removed = 0", id, int64(was)).Exec(ctx))
	return failed(ctx, "recording a sign-in with a passkey", err)
}

// SuspendPasskey stops a passkey that may have been copied. The first time and
// reason stay. ErrNotFound if it is unknown.
func (l *Ledger) SuspendPasskey(ctx context.Context, id, why string, at time.Time) error {
	return l.change(ctx, "suspending a passkey", func(ctx context.Context, tx bun.Tx) error {
		row, err := l.holdPasskey(ctx, tx, id)
		if err != nil || row.Suspended != 0 {
			return err
		}
		row.Suspended, row.Why = millis(at), why
		if _, err := tx.NewUpdate().Model(&row).Column("suspended", "suspended_why").WherePK().Exec(ctx); err != nil {
			return err
		}
		return l.tellOwner(ctx, tx, row.Owner, at, PersonDeed{By: "padwarden", What: fmt.Sprintf("Suspended the passkey %q", row.Name), Why: why})
	})
}

// NamePasskey renames an owner's passkey; ErrNotFound if they have none of that id.
func (l *Ledger) NamePasskey(ctx context.Context, owner, id, name string) error {
	err := oneRow(custody.ErrNotFound)(l.write.NewUpdate().Model((*passkeyRow)(nil)).Set("name = ?", name).
		Where("id = ? AND owner = ? AND removed = 0", id, owner).Exec(ctx))
	return failed(ctx, "naming a passkey", err)
}

// RemovePasskey ends an owner's passkey for good, as by asked; ErrNotFound if
// they have none of that id.
func (l *Ledger) RemovePasskey(ctx context.Context, owner, id, by string, at time.Time) error {
	return l.change(ctx, "removing a passkey", func(ctx context.Context, tx bun.Tx) error {
		row, err := l.holdPasskey(ctx, tx, id)
		if err != nil {
			return err
		}
		if row.Owner != owner || row.Removed != 0 {
			return custody.ErrNotFound
		}
		row.Removed = millis(at)
		if _, err := tx.NewUpdate().Model(&row).Column("removed").WherePK().Exec(ctx); err != nil {
			return err
		}
		return l.tellOwner(ctx, tx, owner, at, PersonDeed{By: by, What: fmt.Sprintf("Removed the passkey %q", row.Name)})
	})
}
