package ledger

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

type certificateRow struct {
	bun.BaseModel `bun:"table:certificates,alias:certificates"`
	Hash          string           `bun:"hash,pk"`
	Device        custody.DeviceID `bun:"device,notnull"`
	Ordinal       int64            `bun:"ordinal,notnull"` // among the device's, in the order of issue
	UDID          string           `bun:"udid,notnull"`
	Epoch         int64            `bun:"epoch,notnull"`
	Run           int64            `bun:"run,notnull"`
	Issued        int64            `bun:"issued,notnull"`
	Expires       int64            `bun:"expires,notnull"`
	Revoked       int64            `bun:"revoked,notnull"`
	Enrolment     string           `bun:"enrolment,notnull"`
	Used          int64            `bun:"used,notnull"`
	Superseded    int64            `bun:"superseded,notnull"`
}

func (r certificateRow) certificate() Certificate {
	return Certificate{
		Hash: r.Hash, Device: r.Device, UDID: r.UDID, Epoch: r.Epoch, Run: r.Run,
		Issued: fromMillis(r.Issued), Expires: fromMillis(r.Expires), Revoked: fromMillis(r.Revoked),
		Enrolment: r.Enrolment, Used: fromMillis(r.Used), Superseded: fromMillis(r.Superseded),
	}
}

// IssueCertificate records whose a certificate is and uses up the challenge
// that it was issued for, in one transaction. ErrConflict if the challenge was
// spent before or the certificate is known, ErrNotFound for an unknown device.
func (l *Ledger) IssueCertificate(ctx context.Context, c Certificate, spend string) error {
	return l.change(ctx, fmt.Sprintf("recording a certificate of %q", c.Device), func(ctx context.Context, tx bun.Tx) error {
		if _, err := l.hold(ctx, tx, c.Device); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(spent(spend)).Exec(ctx); err != nil {
			return err
		}
		row := certificateRow{
			Hash: c.Hash, Device: c.Device, UDID: c.UDID, Epoch: c.Epoch, Run: c.Run,
			Issued: millis(c.Issued), Expires: millis(c.Expires), Revoked: millis(c.Revoked),
			Enrolment: c.Enrolment, Used: millis(c.Used), Superseded: millis(c.Superseded),
		}
		err := tx.NewSelect().Model((*certificateRow)(nil)).ColumnExpr("COALESCE(MAX(ordinal), 0) + 1").
			Where("device = ?", c.Device).Scan(ctx, &row.Ordinal)
		if err != nil {
			return err
		}
		if _, err = tx.NewInsert().Model(&row).Exec(ctx); err != nil || len(c.DER) == 0 {
			return err
		}
		_, err = tx.NewInsert().Model(&issuanceRow{Challenge: spent(spend).Hash, Hash: c.Hash, Key: c.Key, DER: c.DER}).Exec(ctx)
		return err
	})
}

// Certificate returns what is known of a certificate by the hex SHA-256 of its
// DER, revoked or not; ErrNotFound if it was not issued here.
func (l *Ledger) Certificate(ctx context.Context, hash string) (Certificate, error) {
	row, err := l.certificate.one(ctx, hash)
	if err != nil {
		return Certificate{}, failed(ctx, "reading a certificate", err)
	}
	return row.certificate(), nil
}

// Authenticate begins an enrolment in one transaction: the certificate and the
// device are bound to the UDID, every certificate issued to the device before
// this one is revoked (one issued later is a renewal and stays), and what the
// enrolment before it told us is dropped: push records, unlock and bootstrap
// tokens, errands, asks.
//
// ErrNotFound if the certificate is unknown or revoked; ErrConflict if it was
// issued to another serial, if it or the device is bound to another UDID, or
// if the UDID is another device's. Then nothing has changed.
func (l *Ledger) Authenticate(ctx context.Context, a AuthenticateRecord) error {
	return l.change(ctx, fmt.Sprintf("authenticating %q", a.Device), func(ctx context.Context, tx bun.Tx) error {
		device, err := l.hold(ctx, tx, a.Device)
		if err != nil {
			return err
		}
		certificate, err := first(l.holdCertificate.held(ctx, tx, a.Hash))
		if err != nil {
			return err
		}
		if err := mayAuthenticate(a, device, certificate); err != nil {
			return err
		}
		if err := l.bind(ctx, tx, a, certificate.Ordinal); err != nil {
			return err
		}
		return l.forget(ctx, tx, a.Device)
	})
}

// mayAuthenticate is hand-over rule 6: a certificate belongs to a serial from
// its issue, and to a UDID from its first Authenticate. A device keeps its
// UDID when it is erased.
func mayAuthenticate(a AuthenticateRecord, device deviceRow, certificate certificateRow) error {
	switch {
	case a.UDID == "":
		return fmt.Errorf("no UDID: %w", custody.ErrConflict)
	case certificate.Device != a.Device:
		return fmt.Errorf("the certificate was issued to %q: %w", certificate.Device, custody.ErrConflict)
	case certificate.Revoked != 0:
		return fmt.Errorf("the certificate is revoked: %w", custody.ErrNotFound)
	case certificate.UDID != "" && certificate.UDID != a.UDID:
		return fmt.Errorf("the certificate is bound to UDID %q, not %q: %w", certificate.UDID, a.UDID, custody.ErrConflict)
	case device.UDID != "" && device.UDID != a.UDID:
		return fmt.Errorf("the device's UDID is %q, not %q: %w", device.UDID, a.UDID, custody.ErrConflict)
	}
	return nil
}

func (l *Ledger) bind(ctx context.Context, tx bun.Tx, a AuthenticateRecord, ordinal int64) error {
	if _, err := l.enrolDevice.run(ctx, tx, a.UDID, a.Model, a.OSVersion, a.Build, a.Topic, string(a.Device)); err != nil {
		return err
	}
	if _, err := l.bindCertificate.run(ctx, tx, a.UDID, a.Hash); err != nil {
		return err
	}
	_, err := l.revokeOlder.run(ctx, tx, string(a.Device), ordinal)
	return err
}

// forget drops what the enrolment before has told us, or waits for it.
func (l *Ledger) forget(ctx context.Context, tx bun.Tx, device custody.DeviceID) error {
	for _, s := range []*step{&l.dropPushes, &l.dropSecrets, &l.dropErrands, &l.dropAsks} {
		if _, err := s.run(ctx, tx, string(device)); err != nil {
			return err
		}
	}
	return nil
}
