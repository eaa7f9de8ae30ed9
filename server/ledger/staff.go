package ledger

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// Staff is somebody who works at the console. Issuer and Subject are the
// hospital's provider's words for one whom it signs in, and are empty for one
// who is known here alone.
type Staff struct {
	ID      string
	Name    string // as the history names them; nobody else's
	Role    string
	Wards   []string // a manager's
	Issuer  string
	Subject string
	Active  bool
}

type staffRow struct {
	bun.BaseModel `bun:"table:staff,alias:staff"`
	ID            string `bun:"id,pk"`
	Name          string `bun:"name,notnull"`
	Role          string `bun:"role,notnull"`
	Wards         string `bun:"wards,notnull"`
	Issuer        string `bun:"issuer,nullzero"` // NULL where there is none, so that the pair can be unique
	Subject       string `bun:"subject,nullzero"`
	Active        bool   `bun:"active,notnull"`
}

// AddStaff adds a member of staff; ErrConflict if the id, the name, or the
// issuer's subject is taken.
func (l *Ledger) AddStaff(ctx context.Context, s Staff) error {
	row := staffRow{ID: s.ID, Name: s.Name, Role: s.Role, Wards: listed(s.Wards), Issuer: s.Issuer, Subject: s.Subject, Active: s.Active}
	_, err := l.write.NewInsert().Model(&row).Exec(ctx)
	return failed(ctx, fmt.Sprintf("adding %q to the staff", s.Name), err)
}

// Staff returns a member of staff, active or not, or ErrNotFound.
func (l *Ledger) Staff(ctx context.Context, id string) (Staff, error) {
	return l.oneStaff(ctx, "id = ?", id)
}

// StaffByName returns the member of staff, active or not, of that very name, or ErrNotFound.
func (l *Ledger) StaffByName(ctx context.Context, name string) (Staff, error) {
	return l.oneStaff(ctx, "name = ?", name)
}

// StaffBySubject returns the member of staff, active or not, whom an issuer
// calls so, or ErrNotFound.
func (l *Ledger) StaffBySubject(ctx context.Context, issuer, subject string) (Staff, error) {
	return l.oneStaff(ctx, "issuer = ? AND subject = ?", issuer, subject)
}

func (l *Ledger) oneStaff(ctx context.Context, where string, args ...any) (s Staff, err error) {
	var row staffRow
	err = l.read.NewSelect().Model(&row).Where(where, args...).Scan(ctx)
	if err == nil {
		s, err = row.staff()
	}
	return s, failed(ctx, "reading a member of staff", err)
}

// Staffs returns everybody, active or not, in the order of their names.
func (l *Ledger) Staffs(ctx context.Context) ([]Staff, error) {
	var rows []staffRow
	if err := l.read.NewSelect().Model(&rows).OrderExpr("name, id").Scan(ctx); err != nil {
		return nil, failed(ctx, "reading the staff", err)
	}
	all := make([]Staff, len(rows))
	for i, row := range rows {
		var err error
		if all[i], err = row.staff(); err != nil {
			return nil, failed(ctx, "reading the staff", err)
		}
	}
	return all, nil
}

// SetStaff gives a member of staff another role and other wards; ErrNotFound
// if there is none of that id.
func (l *Ledger) SetStaff(ctx context.Context, id, role string, wards []string) error {
	err := oneRow(custody.ErrNotFound)(l.write.NewUpdate().Model(&staffRow{ID: id, Role: role, Wards: listed(wards)}).
		Column("role", "wards").WherePK().Exec(ctx))
	return failed(ctx, fmt.Sprintf("setting the role of staff %q", id), err)
}

// SetStaffActive lets a member of staff sign in, or no longer; ErrNotFound if
// there is none of that id.
func (l *Ledger) SetStaffActive(ctx context.Context, id string, active bool) error {
	err := oneRow(custody.ErrNotFound)(l.write.NewUpdate().Model(&staffRow{ID: id, Active: active}).Column("active").WherePK().Exec(ctx))
	return failed(ctx, fmt.Sprintf("setting whether staff %q is active", id), err)
}

func (r staffRow) staff() (Staff, error) {
	wards, err := unlisted(r.Wards)
	return Staff{ID: r.ID, Name: r.Name, Role: r.Role, Wards: wards, Issuer: r.Issuer, Subject: r.Subject, Active: r.Active}, err
}

// listed is how a few words share a column: as JSON.
func listed(words []string) string {
	if len(words) == 0 {
		return "[]"
	}
	text, err := json.Marshal(words)
	if err != nil { // strings always marshal
		panic(err)
	}
	return string(text)
}

// unlisted reads what listed wrote. No words are nil.
func unlisted(text string) (words []string, err error) {
	if text == "[]" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text), &words); err != nil {
		return nil, fmt.Errorf("decoding a list: %w", err)
	}
	return words, nil
}
