package mdm

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	nanohttp "github.com/micromdm/nanomdm/http/mdm"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/mdm/remote"
)

const (
	// fresh is how far the other server's clock may be from ours: an older
	// message was recorded by somebody and sent again.
	fresh = 15 * time.Minute
	// again is the wait between two tries of a message that cannot be taken yet.
	again = 250 * time.Millisecond
)

// webhook is everything between fiber and the service where devices connect to
// a NanoMDM server, which has verified their certificates against our authority.
func (e *Engine) webhook() http.Handler {
	log := nanoLogger{e.Logger}
	h := atStage("message", nanohttp.CheckinAndCommandHandler(e.gate, log))
	patience := e.Remote.Patience
	if patience <= 0 {
		patience = time.Minute
	}
	return e.outermost(patience, e.Limits.Bytes/3*4+maxEnvelope, e.unpacked(e.guarded(h)))
}

// maxEnvelope is what a webhook has around the device's message, in bytes.
const maxEnvelope = 16 << 10

// unpacked takes a webhook apart and lets the device's message through as if
// it had come by itself. What the device would have been answered is put into
// its queue.
func (e *Engine) unpacked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := visitOf(r.Context())
		v.stage = "webhook"
		body, err := io.ReadAll(r.Body) // detach has bounded it
		var ev remote.Event
		if err == nil {
			ev, err = remote.Read(e.Remote.Key, r.Header.Get(remote.Header), body)
		}
		switch {
		case errors.Is(err, remote.ErrSignature):
			v.reason = "webhook_signature"
			http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
			return
		case err != nil:
			http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
			return
		case ev.Created.Sub(e.Now()).Abs() > fresh:
			v.reason = "webhook_old"
			http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
			return
		}
		answer := e.taken(r.Context(), ev, next)
		if answer.status != 0 {
			http.Error(w, http.StatusText(answer.status), answer.status)
			return
		}
		e.answer(r.Context(), ev)
	})
}

// taken lets a message through, again while it cannot be taken yet.
func (e *Engine) taken(ctx context.Context, ev remote.Event, next http.Handler) (out outcome) {
	v := visitOf(ctx)
	for {
		out = outcome{}
		v.reason, v.told = "", nil
		next.ServeHTTP(&out, message(ctx, ev))
		if v.reason != "not_authenticated" && out.status != http.StatusServiceUnavailable {
			return out
		}
		select {
		case <-ctx.Done():
			return out
		case <-time.After(again):
		}
	}
}

// inOrder refuses for now what overtook its Authenticate. It is asked before
// anything is stored: an Authenticate that is tried again forgets the push
// record that came meanwhile, and nothing would ever wake the device.
func (e *Engine) inOrder(ctx context.Context) error {
	v := visitOf(ctx)
	row, err := e.Store.Custody(ctx, v.device)
	switch {
	case err != nil:
		return e.failed(ctx, "reading custody of "+string(v.device), err)
	case row.Enrolment != v.enrolment:
		return refuse(ctx, http.StatusServiceUnavailable, "order", "%s has not been heard to authenticate", v.device)
	}
	return nil
}

// message is a device's message as the device would have sent it.
func message(ctx context.Context, ev remote.Event) *http.Request {
	query := url.Values{}
	for k, p := range ev.Params {
		query.Set(k, p)
	}
	kind := "application/x-apple-aspen-mdm"
	if ev.Checkin {
		kind = "application/x-apple-aspen-mdm-checkin"
	}
	return (&http.Request{
		Method: http.MethodPut, URL: &url.URL{Path: "/mdm", RawQuery: query.Encode()}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(bytes.NewReader(ev.Payload)), ContentLength: int64(len(ev.Payload)),
	}).WithContext(ctx)
}

// answer enqueues what the device is told, and wakes it: it has hung up, or is
// about to. What it is just getting from the queue is left alone.
func (e *Engine) answer(ctx context.Context, ev remote.Event) {
	v := visitOf(ctx)
	e.queued.heard(ev.Enrolment, v.reported)
	if v.told == nil {
		return
	}
	if e.queued.has(ev.Enrolment, v.told.CommandUUID) {
		if v.idle && v.user == "" && e.queued.mislaid(ev.Enrolment) {
			e.askAgain(ctx, v.device, v.told.CommandUUID)
		}
		return
	}
	v.stage = "enqueue"
	err := e.enqueue(ctx, ev.Enrolment, v.told)
	if err == nil {
		p, lost := e.Store.Push(ctx, v.device, v.user)
		if err = lost; err == nil {
			err = e.push(ctx, p)
		}
	}
	if err != nil { // the next nudge sees to it
		e.Logger.Info("answering a device by its queue", "device", v.device, "err", err)
	}
}

// askAgain has the steward give a command up that the queue has lost, or whose
// answer the webhook has: NanoMDM takes no command twice under one id.
func (e *Engine) askAgain(ctx context.Context, id custody.DeviceID, command string) {
	_, err := e.Steward.Apply(ctx, id, custody.Mislaid{Command: command})
	switch {
	case errors.Is(err, custody.ErrStale): // it has moved on, or may have taken data
	case err != nil:
		e.Logger.Info("asking again what was mislaid", "device", id, "err", err)
	default:
		e.Count(CountQueue, "mislaid")
	}
}

// outcome is a failure's status, and 0 where there was none.
type outcome struct{ status int }

func (*outcome) Header() http.Header         { return http.Header{} }
func (*outcome) Write(b []byte) (int, error) { return len(b), nil }
func (o *outcome) WriteHeader(status int) {
	if status >= http.StatusBadRequest {
		o.status = status
	}
}
