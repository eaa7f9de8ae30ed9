package sim

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// maxPush is the largest payload that APNs takes.
const maxPush = 4096

// push is one accepted notification.
type push struct {
	magic   string
	expires time.Time
}

// ServeHTTP is POST /3/device/{token}.
func (a *APNs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get("apns-id")
	if id == "" {
		id = uuid.NewString()
	}
	w.Header().Set("apns-id", id)
	if a.goesAway(w, r) {
		return
	}
	status, reason, since := a.receive(w, r)
	answerPush(w, status, reason, since)
}

func (a *APNs) receive(w http.ResponseWriter, r *http.Request) (status int, reason string, since time.Time) {
	token, ok := strings.CutPrefix(r.URL.Path, "/3/device/")
	switch {
	case r.ProtoMajor != 2:
		a.violation("", "a push came over "+r.Proto)
		return http.StatusHTTPVersionNotSupported, "BadRequest", since
	case !ok || token == "":
		return http.StatusNotFound, "BadPath", since
	case r.Method != http.MethodPost:
		return http.StatusMethodNotAllowed, "MethodNotAllowed", since
	}
	if f := a.failing(); f.status != 0 {
		return f.status, f.reason, since
	}
	if status, reason := a.vet(r, token); status != http.StatusOK {
		return status, reason, since
	}
	p, reason := a.parse(r, token)
	if reason != "" {
		return http.StatusBadRequest, reason, since
	}
	a.mu.Lock()
	if b := a.boxes[token]; b != nil {
		status, reason = a.refused(b.line.device, w)
	}
	a.mu.Unlock()
	if status != 0 && status != http.StatusOK {
		return status, reason, since
	}
	return a.route(token, r.Header.Get("apns-topic"), p)
}

func (a *APNs) failing() pushFault {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.clock.Now().Before(a.fault.until) {
		return a.fault
	}
	return pushFault{}
}

// vet checks who pushes and what kind of push it is.
func (a *APNs) vet(r *http.Request, token string) (status int, reason string) {
	own := topicOf(r.TLS.PeerCertificates[0])
	topic := r.Header.Get("apns-topic")
	kind := r.Header.Get("apns-push-type")
	switch {
	case own == "":
		return http.StatusForbidden, "BadCertificate"
	case topic == "":
		a.violation(token, "a push without apns-topic")
		return http.StatusBadRequest, "MissingTopic"
	case topic != own:
		a.violation(token, fmt.Sprintf("a push for topic %s with the certificate of %s", topic, own))
		return http.StatusForbidden, "TopicDisallowed"
	case kind != "mdm":
		a.violation(token, fmt.Sprintf("a push of type %q, not mdm", kind))
		return http.StatusBadRequest, "InvalidPushType"
	}
	return http.StatusOK, ""
}

// parse reads a push's expiration and its magic. A push that APNs would not
// keep (0, none, or in the past) is taken, and held against the provider: it
// vanishes whenever the device is not reachable at that moment.
func (a *APNs) parse(r *http.Request, token string) (p push, reason string) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPush+1))
	if err != nil || len(body) > maxPush {
		return p, "PayloadTooLarge"
	}
	var payload struct {
		MDM string `json:"mdm"`
	}
	if json.Unmarshal(body, &payload) != nil || payload.MDM == "" {
		a.violation(token, "a push without an mdm payload")
		return p, "PayloadEmpty"
	}
	p.magic = payload.MDM
	raw := r.Header.Get("apns-expiration")
	seconds, err := strconv.ParseInt(raw, 10, 64)
	if raw != "" && err != nil {
		a.violation(token, fmt.Sprintf("apns-expiration %q is not a number", raw))
		return p, "BadExpirationDate"
	}
	p.expires = time.Unix(seconds, 0)
	if seconds == 0 || !p.expires.After(a.clock.Now()) {
		p.expires = time.Time{}
		a.violation(token, fmt.Sprintf("a push with apns-expiration %q would not be kept", raw))
	}
	return p, ""
}
