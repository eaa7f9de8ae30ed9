package mdm

import (
	"bytes"
	"io"
	"net/http"

	nanohttp "github.com/micromdm/nanomdm/http/mdm"
	"github.com/micromdm/nanomdm/mdm"

	"github.com/padwarden/padwarden/server/custody"
)

// asked answers the one check-in that NanoMDM's dispatch does not know (Apple:
// "Return To Service", iOS 26.0): an iPad in return-to-service mode says that
// somebody at it, or its idle timer, wants it erased, and what it is to come
// back by. Its answer erases it, so it is the steward's, and there is one only
// for the device whose present run erases it; every other is told 403 and stays
// as it is. It passes the same gate as all other messages.
func (g *gate) asked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body) // the guard has seen it
		if err != nil {
			http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
			return
		}
		if !isCheckin(r) || !bytes.Contains(body, []byte("ReturnToService")) || messageType(body) != "ReturnToService" {
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
			return
		}
		answer, err := g.returnToService(nanohttp.RequestFromHTTP(r), body)
		if err != nil {
			status := statusOf(err)
			g.e.Logger.Info("a device asked for Return to Service settings and gets none", "device", visitOf(r.Context()).device, "http_status", status, "err", err)
			http.Error(w, http.StatusText(status), status)
			return
		}
		w.Header().Set("Content-Type", "application/xml")
		_, _ = w.Write(answer)
	})
}

func (g *gate) returnToService(r *mdm.Request, body []byte) ([]byte, error) {
	ctx := r.Context()
	v := visitOf(ctx)
	var m struct{ mdm.Enrollment }
	if err := decode(body, &m); err != nil {
		return nil, refuse(ctx, http.StatusBadRequest, "message", "reading a ReturnToService: it does not decode")
	}
	if err := g.admit(r, &m.Enrollment); err != nil {
		return nil, err
	}
	if v.user != "" {
		return nil, refuse(ctx, http.StatusBadRequest, "user_channel", "a device is erased on its own channel")
	}
	v.stage = "return_to_service"
	answer, err := g.e.Steward.ReturnToService(ctx, v.device, v.enrolment)
	switch {
	case custody.Refused(err) != "":
		return nil, refuse(ctx, http.StatusForbidden, "return_to_service", "%s asks for Return to Service settings: %w", v.device, err)
	case err != nil: // its text may come from what a command is made of
		return nil, refuse(ctx, http.StatusServiceUnavailable, "return_to_service", "no answer to ReturnToService of %s", v.device)
	}
	return answer, nil
}
