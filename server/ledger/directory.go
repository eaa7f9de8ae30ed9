package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// DirectoryName is what a directory (SCIM, RFC 7643) calls a person.
type DirectoryName struct {
	UserName string // unique in any case
	External string // the directory's own id; may be empty
	Gone     bool   // the directory deleted them
}

// DirectoryUser is a person as a directory sees them. Who was never named by one
// is found by their account or, without one, their id.
type DirectoryUser struct {
	Clinician
	DirectoryName
	Created, Changed time.Time // zero for who was never named by a directory
}

type directoryRow struct {
	bun.BaseModel `bun:"table:scim_users"`
	Clinician     string `bun:"clinician,pk"`
	UserName      string `bun:"user_name,notnull"`
	UserKey       string `bun:"user_key,notnull"`
	External      string `bun:"external,notnull"`
	Created       int64  `bun:"created,notnull"`
	Changed       int64  `bun:"changed,notnull"`
	Gone          int64  `bun:"gone,notnull"`
}

// putDirectoryName writes a change's name, if it has one.
func putDirectoryName(ctx context.Context, tx bun.Tx, c PersonChange) error {
	if c.Directory == nil {
		return nil
	}
	at := millis(c.At)
	row := directoryRow{Clinician: c.ID, UserName: c.Directory.UserName, UserKey: strings.ToLower(c.Directory.UserName), External: c.Directory.External, Created: at, Changed: at}
	if c.Directory.Gone {
		row.Gone = at
	}
	q := tx.NewInsert().Model(&row).On("CONFLICT (clinician) DO UPDATE")
	for _, column := range []string{"user_name", "user_key", "external", "changed", "gone"} {
		q.Set(column + " = EXCLUDED." + column)
	}
	_, err := q.Exec(ctx)
	return err
}

// directoryPerson is a person beside what a directory calls them.
type directoryPerson struct {
	clinicianRow `bun:",extend"`
	UserName     *string `bun:"user_name"`
	External     *string `bun:"external"`
	Created      *int64  `bun:"created"`
	Changed      *int64  `bun:"changed"`
	Gone         *int64  `bun:"gone"`
}

func (r directoryPerson) user() DirectoryUser {
	u := DirectoryUser{Clinician: r.clinician()}
	if u.UserName = u.Account; u.UserName == "" {
		u.UserName = u.ID
	}
	if r.UserName != nil {
		u.DirectoryName = DirectoryName{UserName: *r.UserName, External: *r.External, Gone: *r.Gone != 0}
		u.Created, u.Changed = fromMillis(*r.Created), fromMillis(*r.Changed)
	}
	return u
}

func (l *Ledger) directory(rows any) *bun.SelectQuery {
	return l.read.NewSelect().Model(rows).Column("clinicians.id", "clinicians.name", "clinicians.account", "clinicians.pin", "clinicians.active", "clinicians.folded").
		ColumnExpr("scim_users.user_name, scim_users.external, scim_users.created, scim_users.changed, scim_users.gone").
		Join("LEFT JOIN scim_users ON scim_users.clinician = clinicians.id")
}

// DirectoryUser returns a person by the clinician's id, also one who is gone, or ErrNotFound.
func (l *Ledger) DirectoryUser(ctx context.Context, id string) (DirectoryUser, error) {
	var row directoryPerson
	err := l.directory(&row).Where("clinicians.id = ?", id).Scan(ctx)
	return row.user(), failed(ctx, fmt.Sprintf("reading what a directory calls %q", id), err)
}

// DirectoryQuery chooses people; empty fields choose all.
type DirectoryQuery struct {
	UserName string // in any case
	External string
	Gone     bool // those that the directory deleted too
}

// DirectoryUsers returns up to limit of the people that q chooses, from offset
// on in the order of their ids, and how many there are.
func (l *Ledger) DirectoryUsers(ctx context.Context, q DirectoryQuery, offset, limit int) (users []DirectoryUser, total int, err error) {
	var rows []directoryPerson
	query := l.directory(&rows)
	if !q.Gone {
		query.Where("scim_users.gone IS NULL OR scim_users.gone = 0")
	}
	if q.UserName != "" {
		key := strings.ToLower(q.UserName)
		query.Where("scim_users.user_key = ? OR (scim_users.clinician IS NULL AND (clinicians.account = ? OR lower(clinicians.account) = ? OR (clinicians.account IS NULL AND (clinicians.id = ? OR lower(clinicians.id) = ?))))",
			key, q.UserName, key, q.UserName, key)
	}
	if q.External != "" {
		query.Where("scim_users.external = ?", q.External)
	}
	n, err := query.Count(ctx)
	if err != nil || limit <= 0 || offset >= int(n) {
		return nil, int(n), failed(ctx, "counting a directory's people", err)
	}
	err = query.OrderExpr("clinicians.id").Offset(int64(max(offset, 0))).Limit(int64(min(limit, maxPeople))).Scan(ctx)
	return each(rows, directoryPerson.user), int(n), failed(ctx, "reading a directory's people", err)
}
