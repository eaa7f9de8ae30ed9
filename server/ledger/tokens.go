package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// Token is a secret that a program comes to the API with. The secret itself is
// not kept.
type Token struct {
	ID       string
	Hash     []byte // SHA-256 of the secret
	Name     string // what it is for; a token and those that replaced it share it
	Scopes   []string
	Wards    []string
	MadeBy   string
	Created  time.Time
	Expires  time.Time
	LastUsed time.Time // to the hour; zero: never
	Revoked  time.Time // zero: not
	Replaced time.Time // when another secret took over; zero: none did
}

type tokenRow struct {
	bun.BaseModel `bun:"table:tokens,alias:tokens"`
	ID            string `bun:"id,pk"`
	Hash          []byte `bun:"hash,notnull"`
	Name          string `bun:"name,notnull"`
	Scopes        string `bun:"scopes,notnull"`
	Wards         string `bun:"wards,notnull"`
	MadeBy        string `bun:"made_by,notnull"`
	Created       int64  `bun:"created,notnull"`
	Expires       int64  `bun:"expires,notnull"`
	LastUsed      int64  `bun:"last_used,notnull"`
	Revoked       int64  `bun:"revoked,notnull"`
	Replaced      int64  `bun:"replaced,notnull"`
}

func newTokenRow(t Token) *tokenRow {
	return &tokenRow{ID: t.ID, Hash: t.Hash, Name: t.Name, Scopes: listed(t.Scopes), Wards: listed(t.Wards), MadeBy: t.MadeBy,
		Created: millis(t.Created), Expires: millis(t.Expires), LastUsed: millis(t.LastUsed), Revoked: millis(t.Revoked), Replaced: millis(t.Replaced)}
}

func (r tokenRow) token() (Token, error) {
	scopes, err := unlisted(r.Scopes)
	wards, err2 := unlisted(r.Wards)
	return Token{ID: r.ID, Hash: r.Hash, Name: r.Name, Scopes: scopes, Wards: wards, MadeBy: r.MadeBy,
		Created: fromMillis(r.Created), Expires: fromMillis(r.Expires), LastUsed: fromMillis(r.LastUsed),
		Revoked: fromMillis(r.Revoked), Replaced: fromMillis(r.Replaced)}, errors.Join(err, err2)
}

// AddToken keeps a token; ErrConflict if its id or its hash is taken.
func (l *Ledger) AddToken(ctx context.Context, t Token) error {
	_, err := l.write.NewInsert().Model(newTokenRow(t)).Exec(ctx)
	return failed(ctx, fmt.Sprintf("keeping token %q", t.Name), err)
}

// TokenByHash returns a token, or ErrNotFound. Whether it has expired or is
// revoked is for the caller to see.
func (l *Ledger) TokenByHash(ctx context.Context, hash []byte) (t Token, err error) {
	row, err := l.token.one(ctx, hash)
	if err == nil {
		t, err = row.token()
	}
	return t, failed(ctx, "reading a token", err)
}

// Token returns a token by its id, or ErrNotFound.
func (l *Ledger) Token(ctx context.Context, id string) (t Token, err error) {
	row := tokenRow{ID: id}
	if err = l.read.NewSelect().Model(&row).WherePK().Scan(ctx); err == nil {
		t, err = row.token()
	}
	return t, failed(ctx, "reading a token", err)
}

// maxTokens bounds how many are shown.
const maxTokens = 1000

// Tokens returns the tokens, the last made first, and at most 1,000.
func (l *Ledger) Tokens(ctx context.Context) ([]Token, error) {
	var rows []tokenRow
	if err := l.read.NewSelect().Model(&rows).OrderExpr("created DESC, id").Limit(maxTokens).Scan(ctx); err != nil {
		return nil, failed(ctx, "reading the tokens", err)
	}
	all := make([]Token, len(rows))
	for i, row := range rows {
		var err error
		if all[i], err = row.token(); err != nil {
			return nil, failed(ctx, "reading the tokens", err)
		}
	}
	return all, nil
}

// TokenUsed notes that a token was used at at, unless a later use is noted.
func (l *Ledger) TokenUsed(ctx context.Context, id string, at time.Time) error {
	_, err := l.write.NewUpdate().Model((*tokenRow)(nil)).Set("last_used = ?", millis(at)).
		Where("id = ? AND last_used < ?", id, millis(at)).Exec(ctx)
	return failed(ctx, "noting the use of a token", err)
}

// RevokeToken ends a token at at; ErrNotFound if it is unknown. The first time
// given stays.
func (l *Ledger) RevokeToken(ctx context.Context, id string, at time.Time) error {
	err := oneRow(custody.ErrNotFound)(l.write.NewUpdate().Model((*tokenRow)(nil)).
		Set("revoked = CASE WHEN revoked = 0 THEN ? ELSE revoked END", millis(at)).Where("id = ?", id).Exec(ctx))
	return failed(ctx, "revoking a token", err)
}

// ReplaceToken keeps next, made at next.Created, in the place of the token with
// id old, which ends at until if it does not end sooner. One that has ended, is
// revoked or was replaced before answers ErrConflict and stays as it is.
func (l *Ledger) ReplaceToken(ctx context.Context, old string, until time.Time, next Token) error {
	return l.change(ctx, fmt.Sprintf("replacing token %q", next.Name), func(ctx context.Context, tx bun.Tx) error {
		at := millis(next.Created)
		err := oneRow(custody.ErrConflict)(tx.NewUpdate().Model((*tokenRow)(nil)).Set("replaced = ?", at).
			Set("expires = CASE WHEN expires < ? THEN expires ELSE ? END", millis(until), millis(until)).
			Where("id = ? AND revoked = 0 AND replaced = 0 AND expires > ?", old, at).Exec(ctx))
		if err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(newTokenRow(next)).Exec(ctx)
		return err
	})
}
