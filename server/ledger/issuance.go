package ledger

import (
	"context"

	"github.com/uptrace/bun"
)

type issuanceRow struct {
	bun.BaseModel `bun:"table:issuances"`
	Challenge     []byte `bun:"challenge,pk"`
	Hash          string `bun:"hash,notnull"`
	Key           []byte `bun:"key,notnull"`
	DER           []byte `bun:"der,notnull"`
}

// Issued returns the certificate that a challenge was spent for; ErrNotFound if
// it was not, or for something else. A device whose answer was lost asks again
// with the same key, and an erased one has no other way back.
func (l *Ledger) Issued(ctx context.Context, spend string) (Issuance, error) {
	row := issuanceRow{Challenge: spent(spend).Hash}
	if err := l.read.NewSelect().Model(&row).WherePK().Scan(ctx); err != nil {
		return Issuance{}, failed(ctx, "looking up what a challenge was spent for", err)
	}
	return Issuance{Hash: row.Hash, Key: row.Key, DER: row.DER}, nil
}
