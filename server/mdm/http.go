package mdm

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	nanohttp "github.com/micromdm/nanomdm/http/mdm"

	"github.com/padwarden/padwarden/server/mdm/plistguard"
)

// chain is everything between fiber and the service. The service itself is
// built in service.go.
func (e *Engine) chain() http.Handler {
	log := nanoLogger{e.Logger}
	h := e.gate.asked(nanohttp.CheckinAndCommandHandler(e.gate, log))
	h = atStage("message", h)
	h = nanohttp.CertVerifyMiddleware(h, e.CA, log)
	h = atStage("certificate", h)
	h = nanohttp.CertExtractMdmSignatureMiddleware(h,
		e.signatures, nanohttp.SigLogWithLogger(log))
	h = nanohttp.CertExtractTLSMiddleware(h, log) // the signature, if there is one, counts
	h = atStage("signature", h)
	return e.outermost(e.Timeout, e.Limits.Bytes, e.guarded(h))
}

// outermost detaches the request from fiber, gives it a place and an end, and
// sees to it that a panic costs this answer only: fasthttp has no recover of
// its own. Every failure is counted here, once.
func (e *Engine) outermost(timeout time.Duration, limit int, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{stage: "request"}
		ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), visitKey{}, v), timeout)
		defer cancel()
		out := &statusWriter{ResponseWriter: w}
		defer func() {
			if p := recover(); p != nil {
				e.panicked(v, p)
				out.refuse(http.StatusServiceUnavailable)
			}
			if out.status >= http.StatusBadRequest {
				e.Count(CountRefused, v.why())
			}
		}()
		if r.ContentLength > int64(limit) {
			v.reason = "too_large"
			out.refuse(http.StatusRequestEntityTooLarge)
			return
		}
		free := take(ctx, e.slots, e.Wait)
		if free == nil {
			v.reason = "busy"
			out.refuse(http.StatusServiceUnavailable)
			return
		}
		defer free()
		d, err := detach(ctx, r, limit)
		if err != nil {
			out.refuse(http.StatusBadRequest)
			return
		}
		next.ServeHTTP(out, d)
	})
}

// guarded refuses bodies that must not be shown to a plist decoder.
func (e *Engine) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := visitOf(r.Context())
		v.stage = "guard"
		body, err := io.ReadAll(r.Body) // detach has bounded it
		if err == nil {
			err = plistguard.Check(body, e.Limits)
		}
		if err != nil {
			v.reason = "guard_" + plistguard.Reason(err)
			e.Logger.Info("refused a body", "reason", v.reason, "err", err)
			status := http.StatusBadRequest
			if v.reason == "guard_too_large" {
				status = http.StatusRequestEntityTooLarge
			}
			http.Error(w, http.StatusText(status), status)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

// checkinType is the media type of check-ins (Apple: "Check-in").
const checkinType = "application/x-apple-aspen-mdm-checkin"

func isCheckin(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), checkinType)
}

// detach returns r with nothing in it that fiber will reuse. The adaptor's
// strings are views of pooled buffers: after the handler has returned, or in
// another goroutine, they read as some other device's request.
func detach(ctx context.Context, r *http.Request, limit int) (*http.Request, error) {
	uri := strings.Clone(r.RequestURI)
	u, err := url.ParseRequestURI(uri)
	if err != nil {
		return nil, fmt.Errorf("reading the request's address: %w", err)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("reading the request's body: %w", err)
	}
	d := (&http.Request{
		Method: strings.Clone(r.Method), URL: u, RequestURI: uri, Host: strings.Clone(r.Host),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RemoteAddr: strings.Clone(r.RemoteAddr),
		Header: make(http.Header, len(r.Header)), TLS: r.TLS,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}).WithContext(ctx)
	for k, vs := range r.Header {
		own := make([]string, len(vs))
		for i, v := range vs {
			own[i] = strings.Clone(v)
		}
		d.Header[strings.Clone(k)] = own
	}
	return d, nil
}

// statusWriter remembers the status that was answered.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) refuse(status int) { http.Error(w, http.StatusText(status), status) }
