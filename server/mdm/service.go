package mdm

import (
	"context"
	"errors"
	"net/http"

	"github.com/micromdm/nanomdm/mdm"
	"github.com/micromdm/nanomdm/service"
	"github.com/micromdm/nanomdm/service/nanomdm"

	nanolog "github.com/micromdm/nanolib/log"

	"github.com/padwarden/padwarden/server/custody"
)

// service builds gate(heard(nanomdm(store))).
func (e *Engine) service(log nanolog.Logger) *gate {
	store := checkins{e: e}
	core := nanomdm.New(store, nanomdm.WithLogger(log),
		nanomdm.WithUserAuthenticate(store),
		nanomdm.WithDeclarativeManagement(store), nanomdm.WithGetToken(store))
	return &gate{e: e, next: &heard{CheckinAndCommandService: core, e: e}}
}

// heard lets NanoMDM store what a device said, and then tells the steward. A
// telling that fails is answered 503; the device says it again, and everything
// here may be said twice.
type heard struct {
	service.CheckinAndCommandService
	e *Engine
}

// tries is how often the steward is asked again when another change came first.
const tries = 3

// tell applies an event. A refusal is the steward's last word on it and no
// failure of the device's.
func (e *Engine) tell(ctx context.Context, ev custody.Event) (custody.Custody, error) {
	v := visitOf(ctx)
	v.stage = "steward"
	var row custody.Custody
	err := custody.ErrStale
	for n := 0; n < tries && errors.Is(err, custody.ErrStale); n++ {
		row, err = e.Steward.Apply(ctx, v.device, ev)
	}
	if custody.Refused(err) != "" {
		e.Logger.Info("custody did not take what a device showed", "device", v.device, "why", custody.Refused(err))
		return row, nil
	}
	if err != nil {
		return row, refuse(ctx, http.StatusServiceUnavailable, "steward", "telling the steward of %s: %w", v.device, err)
	}
	return row, nil
}

func (h *heard) Authenticate(r *mdm.Request, m *mdm.Authenticate) error {
	if err := h.CheckinAndCommandService.Authenticate(r, m); err != nil {
		return err
	}
	_, err := h.e.tell(r.Context(), custody.Authenticated{Enrolment: visitOf(r.Context()).enrolment})
	return err
}

func (h *heard) TokenUpdate(r *mdm.Request, m *mdm.TokenUpdate) error {
	ctx := r.Context()
	v := visitOf(ctx)
	// NanoMDM's struct has no AwaitingConfiguration.
	var more struct{ AwaitingConfiguration bool }
	if err := decode(m.Raw, &more); err != nil {
		return refuse(ctx, http.StatusBadRequest, "message", "reading a TokenUpdate of %s: it does not decode", v.device)
	}
	if h.e.Remote != nil {
		if err := h.e.inOrder(ctx); err != nil {
			return err
		}
	}
	if err := h.CheckinAndCommandService.TokenUpdate(r, m); err != nil {
		return err
	}
	if v.user != "" {
		return h.e.signedIn(ctx)
	}
	_, err := h.e.tell(ctx, custody.TokenUpdated{Enrolment: v.enrolment, Awaiting: more.AwaitingConfiguration})
	return err
}

func (h *heard) CheckOut(r *mdm.Request, m *mdm.CheckOut) error {
	ctx := r.Context()
	v := visitOf(ctx)
	if v.user != "" { // a user's channel ended; the device is managed still
		return nil
	}
	v.checkOut = true
	if err := h.CheckinAndCommandService.CheckOut(r, m); err != nil {
		return err
	}
	_, err := h.e.tell(ctx, custody.CheckedOut{Enrolment: v.enrolment})
	return err
}
