package mdm_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/mdm"
	"github.com/padwarden/padwarden/server/mdm/remote"
)

// opener starts a server of one driver.
type opener func(t testing.TB, fleet custody.FleetKind, ids ...custody.DeviceID) *server

// drivers runs what holds of every driver: devices that connect to the engine,
// and devices that connect to a NanoMDM server.
func drivers(t *testing.T, test func(*testing.T, opener)) {
	t.Run("embedded", func(t *testing.T) { test(t, serve) })
	t.Run("remote", func(t *testing.T) {
		test(t, func(t testing.TB, fleet custody.FleetKind, ids ...custody.DeviceID) *server {
			return serveBy(t, &nano{key: []byte("a key of both servers"), queues: map[string][][]byte{}}, fleet, ids...)
		})
	})
}

// nano does what a NanoMDM server does: it has a first-in-first-out queue for
// each enrolment and tells of every message by its webhook, once.
type nano struct {
	key    []byte
	mu     sync.Mutex
	queues map[string][][]byte
	calls  int
	pushes []string
	fails  error
}

func (n *nano) remote() *mdm.Remote {
	if n == nil {
		return nil
	}
	return &mdm.Remote{Queue: n, MDMURL: "http://127.0.0.1:9000/mdm", Key: n.key, Patience: time.Second}
}

func (n *nano) Enqueue(_ context.Context, enrolment string, command []byte) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls++
	if n.fails != nil {
		return n.fails
	}
	for _, c := range n.queues[enrolment] {
		if bytes.Equal(c, command) {
			return nil
		}
	}
	n.queues[enrolment] = append(n.queues[enrolment], command)
	return nil
}

func (n *nano) Push(_ context.Context, enrolment string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.pushes = append(n.pushes, enrolment)
	return n.fails
}

// message is a device's, by the webhook; a connect is answered with what the
// queue holds once the webhook has been taken: the device has been woken again.
func (n *nano) message(p *ipad, contentType string, body []byte) (int, []byte) {
	id := p.udid
	if i := bytes.Index(body, []byte("<key>UserShortName</key><string>")); i >= 0 {
		name := body[i+len("<key>UserShortName</key><string>"):]
		id += ":" + string(name[:bytes.IndexByte(name, '<')])
	}
	checkin := contentType == checkinType
	n.mu.Lock()
	answered := bytes.Contains(body, []byte("<string>Acknowledged</string>")) || bytes.Contains(body, []byte("<string>Error</string>"))
	if q := n.queues[id]; answered && len(q) > 0 {
		n.queues[id] = q[1:]
	}
	if bytes.Contains(body, []byte("<string>Authenticate</string>")) {
		delete(n.queues, id)
	}
	n.mu.Unlock()
	status, _ := n.webhook(p.s, event(id, checkin, body, p.s.keys.Tag(p.claim.Device, p.claim.Epoch, p.claim.Run), time.Now()))
	n.mu.Lock()
	defer n.mu.Unlock()
	if q := n.queues[id]; status == http.StatusOK && !checkin && len(q) > 0 && !bytes.Contains(body, []byte("<string>NotNow</string>")) {
		return status, q[0]
	}
	return status, nil
}

// event is a webhook's body, as NanoMDM v0.9.0 writes it.
func event(id string, checkin bool, body []byte, tag string, at time.Time) []byte {
	kind := "acknowledge_event"
	if checkin {
		kind = "checkin_event"
	}
	b, err := json.Marshal(map[string]any{
		"topic": "mdm.Any", "event_id": "1", "created_at": at,
		kind: map[string]any{"ids": map[string]any{"id": id, "type": "Device"}, "raw_payload": body, "url_params": map[string]string{"enrolment": tag}},
	})
	if err != nil {
		panic(err)
	}
	return b
}

func (n *nano) webhook(s *server, body []byte) (int, []byte) {
	m := hmac.New(sha256.New, n.key)
	m.Write(body)
	return s.do(http.MethodPost, mdm.WebhookPath, http.Header{remote.Header: {base64.StdEncoding.EncodeToString(m.Sum(nil))}}, body)
}
