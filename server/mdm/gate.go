package mdm

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/micromdm/nanomdm/mdm"
	"github.com/micromdm/nanomdm/service"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/mdm/ca"
)

// gate lets a message through if the certificate it came under was issued by
// us, was not revoked, and is that of the device that the message names
// (hand-over rule 6). It stands where NanoMDM has its certauth, which binds any
// unseen certificate to whichever UDID asks first and refuses renewals. It
// keeps no cache: a certificate that Authenticate revokes is refused by every
// server from the next message on.
type gate struct {
	e    *Engine
	next service.CheckinAndCommandService
}

var _ service.CheckinAndCommandService = (*gate)(nil)

// refuse ends a message: reason is what it is counted under.
func refuse(ctx context.Context, status int, reason, format string, a ...any) error {
	visitOf(ctx).reason = reason
	return service.NewHTTPStatusError(status, fmt.Errorf(format, a...))
}

// alert refuses a message that no device of ours sends by mistake.
func (e *Engine) alert(ctx context.Context, reason, format string, a ...any) error {
	err := refuse(ctx, http.StatusForbidden, reason, format, a...)
	v := visitOf(ctx)
	e.Logger.Warn("refused a device that is not who it says", "alert", true, "reason", reason,
		"certificate_of", v.device, "certificate", v.hash, "udid", v.udid, "err", err)
	return err
}

// failed turns a store's error into an answer: the device comes again after
// 503, and 403 is for what will not get better by itself.
func (e *Engine) failed(ctx context.Context, doing string, err error) error {
	switch {
	case errors.Is(err, custody.ErrNotFound):
		return refuse(ctx, http.StatusForbidden, "not_known", "%s: %w", doing, err)
	case errors.Is(err, custody.ErrConflict):
		return e.alert(ctx, "conflict", "%s: %w", doing, err)
	case errors.Is(err, custody.ErrUnavailable):
		return refuse(ctx, http.StatusServiceUnavailable, "store_unavailable", "%s: %w", doing, err)
	}
	return refuse(ctx, http.StatusServiceUnavailable, "store", "%s: %w", doing, err)
}

// identify reads who a message is from, and finds its certificate in the store.
func (g *gate) identify(r *mdm.Request, m *mdm.Enrollment) (ledger.Certificate, error) {
	ctx := r.Context()
	v := visitOf(ctx)
	v.stage = "gate"
	find := g.byCertificate
	if g.e.Remote != nil {
		find = g.byTag
	}
	who := m.Resolved()
	if who == nil || m.UDID == "" || len(m.UDID) > 64 {
		return ledger.Certificate{}, refuse(ctx, http.StatusBadRequest, "no_udid", "the message names no device")
	}
	v.udid = m.UDID
	if who.IsUserChannel {
		if who.Type != mdm.SharediPad || who.UserChannelID == "" || len(who.UserChannelID) > 256 {
			return ledger.Certificate{}, refuse(ctx, http.StatusBadRequest, "user_channel", "not a user of a Shared iPad")
		}
		v.user = who.UserChannelID
	}
	rec, err := find(r)
	switch {
	case v.reason != "":
		return rec, err
	case errors.Is(err, custody.ErrNotFound):
		return rec, g.e.alert(ctx, "unknown_certificate", "certificate of %s is not one we know: %w", v.device, err)
	case errors.Is(err, ca.ErrRevoked):
		return rec, g.e.alert(ctx, "revoked_certificate", "certificate of %s: %w", v.device, err)
	case err != nil:
		return rec, g.e.failed(ctx, "looking up a certificate of "+string(v.device), err)
	case rec.Device != v.device:
		return rec, g.e.alert(ctx, "certificate_mismatch", "certificate of %s was issued to %s", v.device, rec.Device)
	}
	return rec, nil
}

// byCertificate finds the certificate that the message came under.
func (g *gate) byCertificate(r *mdm.Request) (ledger.Certificate, error) {
	ctx := r.Context()
	if r.Certificate == nil {
		return ledger.Certificate{}, refuse(ctx, http.StatusForbidden, "no_certificate", "no certificate")
	}
	v := visitOf(ctx)
	v.hash, v.enrolment = ca.Hashes(r.Certificate)
	v.device = ca.Device(r.Certificate)
	return lookup(ctx, g.e.Lookup, func(ctx context.Context) (ledger.Certificate, error) {
		return ca.Lookup(ctx, registry{g.e.Store, v}, r.Certificate)
	})
}

// registry is the store, and notes on the visit of an idle device what was read of
// it together with its certificate. Of one that reports something, that is kept
// first, and the device is read after it.
type registry struct {
	Store
	visit *visit
}

func (r registry) Certificate(ctx context.Context, hash string) (ledger.Certificate, error) {
	if !r.visit.idle || hash != r.visit.hash {
		return r.Store.Certificate(ctx, hash)
	}
	known, err := r.Visitor(ctx, hash)
	if err == nil {
		r.visit.look = &custody.Look{Row: known.Custody, Asked: known.Asked}
	}
	return known.Certificate, err
}

// admit lets a message of an enrolled device through.
func (g *gate) admit(r *mdm.Request, m *mdm.Enrollment) error {
	rec, err := g.identify(r, m)
	switch {
	case err != nil:
		return err
	case rec.UDID == "":
		return refuse(r.Context(), http.StatusForbidden, "not_authenticated", "%s has not authenticated under this certificate", rec.Device)
	case rec.UDID != m.UDID:
		return g.e.alert(r.Context(), "other_device", "certificate of %s came from another device", rec.Device)
	}
	visitOf(r.Context()).certificate = rec
	g.e.tookUp(r.Context(), rec)
	return nil
}

// admitNew lets an Authenticate through: serial and UDID must be the
// allow-listed pair, or the first UDID that the serial shows.
func (g *gate) admitNew(r *mdm.Request, m *mdm.Authenticate) error {
	ctx := r.Context()
	rec, err := g.identify(r, &m.Enrollment)
	if err != nil {
		return err
	}
	if visitOf(ctx).user != "" || m.Topic != g.e.Topic {
		return refuse(ctx, http.StatusBadRequest, "topic", "not an enrolment with our topic")
	}
	if m.SerialNumber != string(rec.Device) {
		return g.e.alert(ctx, "serial_mismatch", "certificate of %s came from serial %.64q", rec.Device, m.SerialNumber)
	}
	d, err := g.e.Store.Device(ctx, rec.Device)
	if err != nil {
		return g.e.failed(ctx, "looking up "+string(rec.Device), err)
	}
	if (d.UDID != "" && d.UDID != m.UDID) || (rec.UDID != "" && rec.UDID != m.UDID) {
		return g.e.alert(ctx, "udid_mismatch", "%s is known by another UDID", rec.Device)
	}
	if v := visitOf(ctx); v.enrolment != v.hash {
		return g.admitRenewed(ctx, rec, m)
	}
	return nil // that no other device has this UDID, the store's transaction says
}

// admitRenewed: a device that was told to install its enrolment profile again
// says Authenticate under the new certificate, as if it enrolled (seen with other
// servers; Apple's documentation does not say). It was not erased: its enrolment
// goes on with all that it has told us, and custody hears the enrolment it
// knows. The certificate is bound to its UDID since its issue.
func (g *gate) admitRenewed(ctx context.Context, rec ledger.Certificate, m *mdm.Authenticate) error {
	if rec.UDID != m.UDID || rec.Enrolment == "" {
		return g.e.alert(ctx, "renewal_authenticates", "%s authenticates under a renewal of an enrolment that is not its own", rec.Device)
	}
	v := visitOf(ctx)
	v.renewal, v.certificate = true, rec
	g.e.tookUp(ctx, rec)
	return nil
}

// statusOf is the status that a refusal is answered with.
func statusOf(err error) int {
	var status *service.HTTPStatusError
	if errors.As(err, &status) {
		return status.Status
	}
	return http.StatusServiceUnavailable
}
