package apns

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// What can become of a push. Whoever pushes need only tell these apart.
var (
	// ErrGone: APNs knows no such device for our topic any more; only a new
	// TokenUpdate helps.
	ErrGone = errors.New("device cannot be pushed")
	// ErrBusy: too many pushes, ours or to this device; try again later.
	ErrBusy = errors.New("too many pushes")
	// ErrUnreachable: APNs did not answer, or is in trouble; try again later.
	ErrUnreachable = errors.New("push service cannot be reached")
	// ErrCertificate: the push certificate has ended, or APNs refuses it; a
	// person must renew it.
	ErrCertificate = errors.New("push certificate is not valid")
	// ErrRejected: APNs did not like the request: a mistake of ours.
	ErrRejected = errors.New("push was rejected")
)

// errTopic: the device enrolled under a topic that is not the certificate's.
var errTopic = fmt.Errorf("%w: it enrolled under another topic", ErrGone)

// held is a push that APNs says, by Retry-After, to try again later.
type held struct {
	error
	after time.Duration
}

func (h held) Unwrap() error { return h.error }

// errHeld: APNs asked for patience with this device, and was not asked again.
var errHeld = fmt.Errorf("%w: APNs asked to wait before this device is pushed again", ErrBusy)

// errResting: APNs called the record dead lately, and was not asked again.
var errResting = fmt.Errorf("%w: APNs refused its token lately, and it has sent no other", ErrGone)

// answered turns an answer other than 200 into an error (Apple: "Handling
// notification responses from APNs").
func answered(status int, body []byte, retry string, now time.Time) error {
	var said struct {
		Reason string `json:"reason"`
	}
	if json.Unmarshal(body, &said) != nil || len(said.Reason) > 64 {
		said.Reason = ""
	}
	err := fmt.Errorf("%w: APNs answered %d %s", meaning(status, said.Reason), status, said.Reason)
	if after := patience(retry, now); after > 0 && errors.Is(err, ErrBusy) {
		return held{err, after}
	}
	return err
}

// longest bounds what a Retry-After may ask for: a wrong one must not keep a
// device asleep for a day.
const longest = time.Hour

// patience reads a Retry-After: seconds or a date (RFC 9110, 10.2.3); 0 if it
// asks for nothing that can be read.
func patience(retry string, now time.Time) time.Duration {
	if s, err := strconv.ParseUint(retry, 10, 32); err == nil {
		return min(time.Duration(s)*time.Second, longest)
	}
	if at, err := http.ParseTime(retry); err == nil {
		return min(max(at.Sub(now), 0), longest)
	}
	return 0
}

func meaning(status int, reason string) error {
	switch reason {
	case "BadDeviceToken", "DeviceTokenNotForTopic", "Unregistered", "ExpiredToken":
		return ErrGone
	case "BadCertificate", "BadCertificateEnvironment", "TopicDisallowed":
		return ErrCertificate
	}
	switch {
	case status == http.StatusGone:
		return ErrGone
	case status == http.StatusTooManyRequests:
		return ErrBusy
	case status == http.StatusForbidden:
		return ErrCertificate
	case status >= http.StatusInternalServerError:
		return ErrUnreachable
	}
	return ErrRejected
}

// refusing are the alerts that a TLS server gives a client certificate that it
// refuses: bad_certificate to access_denied (RFC 8446, 6.2).
var refusing = []tls.AlertError{42, 43, 44, 45, 46, 48, 49}

// unsent turns a failed round trip into an error. Over TCP crypto/tls gives an
// alert no type that could be asked for: only the error's text tells which it is.
func unsent(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" && op.Err != nil {
		for _, alert := range refusing {
			if op.Err.Error() == alert.Error() {
				return fmt.Errorf("%w: %w", ErrCertificate, err)
			}
		}
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}
