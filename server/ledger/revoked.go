package ledger

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

// RevokedSession is a session that somebody holds who may no longer, and the
// event that ends it.
type RevokedSession struct {
	Device custody.DeviceID
	Event  custody.Revoke
}

// held are the states in which somebody has a session.
var held = []custody.State{custody.InUse, custody.Locked}

// RevokedSessions returns the sessions, open or locked, of people who are not
// active, and those that were opened by a badge which is revoked or has ended
// at now, or by a passkey which was removed or stopped; of one person, or of everybody if clinician is empty.
func (l *Ledger) RevokedSessions(ctx context.Context, clinician string, now time.Time) ([]RevokedSession, error) {
	var rows []custodyRow
	q := l.read.NewSelect().Model(&rows).Join("JOIN clinicians ON clinicians.id = custody.holder").
		Where("custody.state IN (?)", bun.List(held)).Where("NOT clinicians.active").OrderExpr("custody.device")
	if clinician != "" {
		q.Where("custody.holder = ?", clinician)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, failed(ctx, "reading the sessions of who is not active", err)
	}
	var sessions []RevokedSession
	for _, row := range rows {
		c, err := row.custody()
		if err != nil {
			continue // told of wherever all rows are read
		}
		sessions = append(sessions, RevokedSession{Device: c.Device, Event: custody.Revoke{Clinician: c.Holder}})
	}
	byBadge, err := l.sessionsByRevokedBadges(ctx, clinician, now)
	if err != nil {
		return nil, err
	}
	byPasskey, err := l.sessionsByRevokedPasskeys(ctx, clinician)
	return slices.Concat(sessions, byBadge, byPasskey), err
}

// sessionsByRevokedPasskeys does the same for the passkeys of a session's holder.
func (l *Ledger) sessionsByRevokedPasskeys(ctx context.Context, clinician string) (sessions []RevokedSession, err error) {
	var rows []struct {
		custodyRow `bun:",extend"`
		Passkey    string `bun:"passkey"`
	}
	q := l.read.NewSelect().Model(&rows).ColumnExpr("custody.device, custody.body, passkeys.id AS passkey").
		Join("JOIN passkeys ON passkeys.owner = 'clinician:' || custody.holder").Join("JOIN clinicians ON clinicians.id = custody.holder").
		Where("custody.state IN (?)", bun.List(held)).Where("clinicians.active").
		Where("passkeys.removed <> 0 OR passkeys.suspended <> 0").OrderExpr("custody.device")
	if clinician != "" {
		q.Where("custody.holder = ?", clinician)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, failed(ctx, "reading the sessions that removed passkeys opened", err)
	}
	for _, row := range rows {
		c, err := row.custody()
		if credential := (Passkey{ID: row.Passkey}).Opens(); err == nil && c.Credential == credential {
			sessions = append(sessions, RevokedSession{Device: c.Device, Event: custody.Revoke{Clinician: c.Holder, Credential: credential}})
		}
	}
	return sessions, nil
}

// sessionsByRevokedBadges compares what opened a session with the badges of its
// holder that are over. The row names a badge by a part of its hash.
func (l *Ledger) sessionsByRevokedBadges(ctx context.Context, clinician string, now time.Time) (sessions []RevokedSession, err error) {
	var rows []struct {
		custodyRow `bun:",extend"`
		Hash       []byte `bun:"hash"`
	}
	q := l.read.NewSelect().Model(&rows).ColumnExpr("custody.device, custody.body, badges.hash").
		Join("JOIN badges ON badges.clinician = custody.holder").Join("JOIN clinicians ON clinicians.id = custody.holder").
		Where("custody.state IN (?)", bun.List(held)).Where("clinicians.active").
		Where("badges.revoked <> 0 OR (badges.expires <> 0 AND badges.expires <= ?)", now.UnixMilli()).OrderExpr("custody.device")
	if clinician != "" {
		q.Where("custody.holder = ?", clinician)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, failed(ctx, "reading the sessions that revoked badges opened", err)
	}
	for _, row := range rows {
		c, err := row.custody()
		if credential := custody.BadgeCredential(row.Hash); err == nil && c.Credential == credential {
			sessions = append(sessions, RevokedSession{Device: c.Device, Event: custody.Revoke{Clinician: c.Holder, Credential: credential}})
		}
	}
	return sessions, nil
}

// UnreachedRevocations returns the rows of devices whose session a revocation
// ended and which have not come since for their wipe, of one person or of
// everybody if clinician is empty. They stay here when the wipe is overdue, is
// asked for again, or the device is called lost.
func (l *Ledger) UnreachedRevocations(ctx context.Context, clinician string) ([]custody.Custody, error) {
	var rows []struct {
		custodyRow `bun:",extend"`
		Ended      int64 `bun:"was_revoked"` // wipes of this epoch that a revocation asked for
	}
	q := l.read.NewSelect().Model(&rows).ColumnExpr("custody.device, custody.body").
		ColumnExpr("(SELECT COUNT(*) FROM wipes WHERE wipes.device = custody.device AND wipes.epoch = custody.epoch AND wipes.cause = ?) AS was_revoked", custody.CauseRevoked).
		Where("custody.state IN (?)", bun.List([]custody.State{custody.Wiping, custody.Unproven, custody.Lost})).
		OrderExpr("custody.device")
	if clinician != "" {
		q.Where("custody.holder = ?", clinician)
	} else {
		q.Where("custody.holder <> ''")
	}
	if err := q.Scan(ctx); err != nil {
		return nil, failed(ctx, "reading the devices that a revocation did not reach", err)
	}
	var unreached []custody.Custody
	for _, row := range rows {
		c, err := row.custody()
		revoked := c.Cause == custody.CauseRevoked || row.Ended > 0
		if err == nil && revoked && c.Proof.Rung == custody.ProofRequested {
			unreached = append(unreached, c)
		}
	}
	return unreached, nil
}
