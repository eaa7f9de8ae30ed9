package sim

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"time"
)

// refusal is how the pushes for one device are answered.
type refusal struct {
	status int
	reason string
	after  time.Duration // Retry-After; 0: none
}

// Refuse makes every push for a device answer status and reason, whatever its
// token: 400 BadDeviceToken, 410 Unregistered, 429 TooManyRequests. With after
// above 0 the answer says by Retry-After (RFC 9110) when to come again. Status
// 200 ends it.
func (a *APNs) Refuse(serial string, status int, reason string, after time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.refusals == nil {
		a.refusals = map[string]refusal{}
	}
	a.refusals[serial] = refusal{status, reason, after}
	if status == http.StatusOK {
		delete(a.refusals, serial)
	}
}

// Disown makes the push server forget the tokens that a device has now: a push
// is answered 410 Unregistered, as after a restore, and only a token that the
// device takes anew is pushed. The device does not know.
func (a *APNs) Disown(serial string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, b := range a.boxes {
		if b.line.device == serial && b.retired.IsZero() {
			b.retired, b.kept = a.clock.Now(), nil
		}
	}
}

// GoAway makes the push server end the connection of each of the next n
// pushes: with cut in the middle of the push, which nobody answers; otherwise
// after its answer, by a GOAWAY frame (RFC 9113, 6.8), as Apple's does when it
// takes a server out of service.
func (a *APNs) GoAway(n int, cut bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.leaving, a.cut = n, cut
}

type connKey struct{}

// keepConn lets a push find the connection that it came by.
func keepConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// goesAway ends the connection if it is to end, and reports whether it was cut.
func (a *APNs) goesAway(w http.ResponseWriter, r *http.Request) bool {
	a.mu.Lock()
	leaving, cut := a.leaving > 0, a.cut
	if leaving {
		a.leaving--
		a.wentAway++
	}
	a.mu.Unlock()
	if !leaving {
		return false
	}
	if !cut {
		w.Header().Set("Connection", "close") // net/http answers it by a GOAWAY
		return false
	}
	if c, ok := r.Context().Value(connKey{}).(net.Conn); ok {
		_ = c.Close()
	}
	return true
}

// WentAway counts the connections that [APNs.GoAway] has ended.
func (a *APNs) WentAway() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.wentAway
}

// refused answers a push for a device whose pushes are refused. Under mu.
func (a *APNs) refused(device string, w http.ResponseWriter) (status int, reason string) {
	f, ok := a.refusals[device]
	if !ok {
		return http.StatusOK, ""
	}
	if f.after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(f.after/time.Second)))
	}
	return f.status, f.reason
}
