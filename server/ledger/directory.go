package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
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

// DirectoryGroup is a group as a directory keeps it here. Members are ids of
// clinicians, in order.
type DirectoryGroup struct {
	ID, Name, External string
	Created, Changed   time.Time
	Members            []string
}

type groupRow struct {
	bun.BaseModel `bun:"table:scim_groups"`
	ID            string `bun:"id,pk"`
	Name          string `bun:"name,notnull"`
	NameKey       string `bun:"name_key,notnull"`
	External      string `bun:"external,notnull"`
	Created       int64  `bun:"created,notnull"`
	Changed       int64  `bun:"changed,notnull"`
}

func (r groupRow) group() DirectoryGroup {
	return DirectoryGroup{ID: r.ID, Name: r.Name, External: r.External, Created: fromMillis(r.Created), Changed: fromMillis(r.Changed)}
}

type memberRow struct {
	bun.BaseModel `bun:"table:scim_members"`
	Group         string `bun:"in_group,pk"`
	Clinician     string `bun:"clinician,pk"`
}

// AddDirectoryGroup adds a group with its members: ErrConflict if the id or the
// name, in any case, is taken, ErrNotFound for a member whom nobody knows.
func (l *Ledger) AddDirectoryGroup(ctx context.Context, g DirectoryGroup) error {
	return l.change(ctx, fmt.Sprintf("adding group %q", g.Name), func(tx bun.Tx) error {
		row := groupRow{ID: g.ID, Name: g.Name, NameKey: strings.ToLower(g.Name), External: g.External, Created: millis(g.Created), Changed: millis(g.Changed)}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return addMembers(ctx, tx, g.ID, g.Members)
	})
}

func addMembers(ctx context.Context, tx bun.Tx, group string, members []string) error {
	if len(members) == 0 {
		return nil
	}
	rows := make([]memberRow, len(members))
	for i, m := range members {
		rows[i] = memberRow{Group: group, Clinician: m}
	}
	_, err := tx.NewInsert().Model(&rows).On("CONFLICT (in_group, clinician) DO NOTHING").Exec(ctx)
	return err
}

// ChangeDirectoryGroup reads a group, lets change alter it, and writes it, in
// one transaction. The errors are AddDirectoryGroup's, and ErrNotFound for an
// unknown group.
func (l *Ledger) ChangeDirectoryGroup(ctx context.Context, id string, change func(*DirectoryGroup)) (g DirectoryGroup, err error) {
	err = l.change(ctx, fmt.Sprintf("changing group %q", id), func(tx bun.Tx) error {
		row := groupRow{ID: id}
		if err := l.locked(tx.NewSelect().Model(&row).WherePK()).Scan(ctx); err != nil {
			return err
		}
		g = row.group()
		if g.Members, err = members(ctx, tx, id); err != nil {
			return err
		}
		change(&g)
		row = groupRow{ID: id, Name: g.Name, NameKey: strings.ToLower(g.Name), External: g.External, Created: row.Created, Changed: millis(g.Changed)}
		if _, err := tx.NewUpdate().Model(&row).WherePK().Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model((*memberRow)(nil)).Where("in_group = ?", id).Exec(ctx); err != nil {
			return err
		}
		return addMembers(ctx, tx, id, g.Members)
	})
	return g, err
}

func members(ctx context.Context, db bun.IDB, group string) (ids []string, err error) {
	err = db.NewSelect().Model((*memberRow)(nil)).Column("clinician").Where("in_group = ?", group).OrderExpr("clinician").Scan(ctx, &ids)
	return ids, err
}

// DirectoryGroup returns a group with its members, or ErrNotFound.
func (l *Ledger) DirectoryGroup(ctx context.Context, id string) (DirectoryGroup, error) {
	row := groupRow{ID: id}
	doing := fmt.Sprintf("reading group %q", id)
	if err := l.read.NewSelect().Model(&row).WherePK().Scan(ctx); err != nil {
		return DirectoryGroup{}, failed(ctx, doing, err)
	}
	g := row.group()
	var err error
	g.Members, err = members(ctx, l.read, id)
	return g, failed(ctx, doing, err)
}

// DirectoryGroups returns up to limit groups without their members, from offset
// on in the order of their ids, and how many there are; of one name, in any case,
// or one external id, where it is not empty.
func (l *Ledger) DirectoryGroups(ctx context.Context, name, external string, offset, limit int) (groups []DirectoryGroup, total int, err error) {
	var rows []groupRow
	q := l.read.NewSelect().Model(&rows)
	if name != "" {
		q.Where("name_key = ?", strings.ToLower(name))
	}
	if external != "" {
		q.Where("external = ?", external)
	}
	n, err := q.Count(ctx)
	if err != nil || limit <= 0 || offset >= int(n) {
		return nil, int(n), failed(ctx, "counting groups", err)
	}
	err = q.OrderExpr("id").Offset(int64(max(offset, 0))).Limit(int64(min(limit, maxPeople))).Scan(ctx)
	return each(rows, groupRow.group), int(n), failed(ctx, "reading groups", err)
}

// DeleteDirectoryGroup drops a group; ErrNotFound if there is none. Its members stay as they are.
func (l *Ledger) DeleteDirectoryGroup(ctx context.Context, id string) error {
	return l.change(ctx, fmt.Sprintf("deleting group %q", id), func(tx bun.Tx) error {
		if _, err := tx.NewDelete().Model((*memberRow)(nil)).Where("in_group = ?", id).Exec(ctx); err != nil {
			return err
		}
		return oneRow(custody.ErrNotFound)(tx.NewDelete().Model(&groupRow{ID: id}).WherePK().Exec(ctx))
	})
}
