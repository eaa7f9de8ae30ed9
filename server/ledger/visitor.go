package ledger

import (
	"context"

	"github.com/padwarden/padwarden/server/custody"
)

// Visitor is a device that comes under a certificate: what is known of it, as it
// is at one moment.
type Visitor struct {
	Certificate
	Custody custody.Custody
	// Asked: what it was asked beside its plan is not all answered. It may be over.
	Asked bool
}

type visitorRow struct {
	certificateRow `bun:",extend"`
	Body           string `bun:"body,type:text"` // of its custody
	Asked          bool   `bun:"asked"`
}

// visitors reads a certificate with what else nearly every message of its device
// needs: an idle iPad is answered from this alone.
func visitors() lookup[visitorRow] {
	return lookup[visitorRow]{
		columns: []string{"hash", "device", "udid", "epoch", "run", "issued", "expires", "revoked", "enrolment", "used", "superseded", "custody.body"},
		also:    "EXISTS (SELECT 1 FROM asks WHERE asks.device = certificates.device AND asks.answered = 0) AS asked",
		join:    "JOIN custody ON custody.device = certificates.device",
		where:   "hash = ?",
	}
}

// Visitor returns the device that a certificate was issued to. See [Ledger.Certificate].
func (l *Ledger) Visitor(ctx context.Context, hash string) (v Visitor, err error) {
	row, err := l.visitor.one(ctx, hash)
	if err == nil {
		v.Certificate, v.Asked = row.certificate(), row.Asked
		v.Custody, err = custodyRow{Device: row.Device, Body: row.Body}.custody()
	}
	if err != nil {
		return Visitor{}, failed(ctx, "reading a certificate and whose it is", err)
	}
	return v, nil
}
