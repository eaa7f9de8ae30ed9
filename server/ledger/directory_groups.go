package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

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
	return l.change(ctx, fmt.Sprintf("adding group %q", g.Name), func(ctx context.Context, tx bun.Tx) error {
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
	err = l.change(ctx, fmt.Sprintf("changing group %q", id), func(ctx context.Context, tx bun.Tx) error {
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
	return l.change(ctx, fmt.Sprintf("deleting group %q", id), func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewDelete().Model((*memberRow)(nil)).Where("in_group = ?", id).Exec(ctx); err != nil {
			return err
		}
		return oneRow(custody.ErrNotFound)(tx.NewDelete().Model(&groupRow{ID: id}).WherePK().Exec(ctx))
	})
}
