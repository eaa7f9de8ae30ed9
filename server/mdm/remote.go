package mdm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/micromdm/nanomdm/mdm"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/mdm/ca"
	"github.com/padwarden/padwarden/server/mdm/onetime"
)

// Remote makes an engine the driver of devices that connect to a NanoMDM server.
//
// Their identities are still issued here: that server is told to trust our
// authority (-ca). It shows us no certificate, so each enrolment profile has an
// address of its own, with a tag in its query that only we can make, and the
// server passes the query on with each message. The tag leads to the
// certificate that was issued for the same claim, and from there on a message
// is judged as ever (hand-over rule 6), but for renewals: such a server refuses
// a renewed certificate, so an identity lasts as long as its first.
//
// What is handed over goes into that server's queue, first in, first out, and
// cannot be taken back. Nothing of one hand-over comes after the proof that
// ends it, whose question stands behind it in the queue, except what the iPad
// has answered NotNow: the server tells it again at any later connect, and a
// DeviceLock may so darken the next person's screen (P5, weaker). A connect
// settles no destructive command here, only its answer or a new enrolment does.
// And while our ledger cannot be reached no lock is handed over (rule 10).
type Remote struct {
	Queue  Queue
	MDMURL string // where its devices connect, https://host/mdm
	Key    []byte // its webhooks are signed with it
	// Patience is how long a message waits that cannot be taken yet; zero: a
	// minute. NanoMDM tells each once and by itself: a TokenUpdate may overtake its
	// Authenticate, and what a store that is away for a moment does not take would
	// be lost.
	Patience time.Duration
	Pushes   bool // it wakes the devices too; otherwise Pusher does, under the same topic
}

// Queue is another server's, which names an enrolment by its UDID, and a user's
// channel by UDID:user. To enqueue what it has or has had is no error.
type Queue interface {
	Enqueue(ctx context.Context, enrolment string, command []byte) error
	Push(ctx context.Context, enrolment string) error
}

// WebhookPath is where the server's webhook is taken.
const WebhookPath = "/nanomdm/webhook"

// tagParam is the query parameter with an enrolment's tag.
const tagParam = "enrolment"

func (r *Remote) check() error {
	switch {
	case r.Queue == nil || len(r.Key) < 16:
		return errors.New("mdm: a NanoMDM server's queue, and a webhook key of 16 bytes or more, are needed")
	case !strings.HasSuffix(r.MDMURL, "/mdm"):
		return fmt.Errorf("mdm: devices connect to %q: want an address that ends in /mdm", r.MDMURL)
	}
	return nil
}

// mdmURL is where an enrolment's device connects; empty: here.
func (e *Engine) mdmURL(c onetime.Claim) string {
	if e.Remote == nil {
		return ""
	}
	return e.Remote.MDMURL + "?" + tagParam + "=" + url.QueryEscape(e.Keys.Tag(c.Device, c.Epoch, c.Run))
}

// byTag finds the certificate that was issued for the enrolment whose address
// the message came to.
func (g *gate) byTag(r *mdm.Request) (ledger.Certificate, error) {
	ctx := r.Context()
	v := visitOf(ctx)
	claim, err := g.e.Keys.VerifyTag(r.Params[tagParam])
	if err != nil {
		return ledger.Certificate{}, refuse(ctx, http.StatusForbidden, "tag", "the message came by an address that is not ours")
	}
	v.device = claim.Device
	return lookup(ctx, g.e.Lookup, func(ctx context.Context) (ledger.Certificate, error) {
		issued, err := g.e.Store.Issued(ctx, ca.Spent(claim))
		if err != nil {
			return ledger.Certificate{}, err
		}
		v.hash, v.enrolment = issued.Hash, issued.Hash
		rec, err := g.e.Store.Certificate(ctx, issued.Hash)
		if err == nil && !rec.Revoked.IsZero() {
			err = ca.ErrRevoked
		}
		return rec, err
	})
}

// offer puts what a device is told next into its queue. What was put there and
// is not answered is put again: the server knows it, or has lost its queue.
func (e *Engine) offer(ctx context.Context, id custody.DeviceID) error {
	cmd, err := e.Steward.Offer(ctx, id)
	if err != nil || cmd == nil {
		return err
	}
	d, err := e.Store.Device(ctx, id)
	if err != nil {
		return fmt.Errorf("finding whose queue %s has: %w", id, err)
	}
	return e.enqueue(ctx, d.UDID, &mdm.Command{CommandUUID: cmd.UUID, Raw: cmd.Body})
}

// enqueue hands a command to the server, which may take it or not: the row says
// that it was handed over, and the next nudge sees to it.
func (e *Engine) enqueue(ctx context.Context, enrolment string, cmd *mdm.Command) error {
	if enrolment == "" {
		return fmt.Errorf("enqueueing: the device has never enrolled: %w", custody.ErrNotFound)
	}
	if err := e.Remote.Queue.Enqueue(ctx, enrolment, cmd.Raw); err != nil {
		e.Count(CountQueue, "enqueue")
		return fmt.Errorf("enqueueing for %s: %w", enrolment, err)
	}
	e.queued.note(enrolment, cmd.CommandUUID)
	return nil
}

// queued remembers which command of a channel the server took last, so that a
// connect by which the device is just getting it asks the server nothing, and
// how often the device has connected since without a word on it.
type queued struct {
	mu   sync.Mutex
	last map[string]waiting // by enrolment
}

type waiting struct {
	command string
	idles   int
}

const (
	// maxQueued bounds it: what is forgotten costs one call.
	maxQueued = 20_000
	// maxIdles is how often a device may connect and be given a command that it
	// does not answer: a connection may break, and the webhook is told of neither.
	maxIdles = 3
)

func (q *queued) note(enrolment, id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.last == nil || len(q.last) >= maxQueued {
		q.last = map[string]waiting{}
	}
	if q.last[enrolment].command != id {
		q.last[enrolment] = waiting{command: id}
	}
}

func (q *queued) has(enrolment, id string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return id != "" && q.last[enrolment].command == id
}

// heard notes that the device has said something of a command, if only NotNow.
func (q *queued) heard(enrolment, id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w := q.last[enrolment]; id != "" && w.command == id {
		q.last[enrolment] = waiting{command: id}
	}
}

// mislaid counts a connect without a word on the command, and reports whether
// there have been too many.
func (q *queued) mislaid(enrolment string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := q.last[enrolment]
	w.idles++
	q.last[enrolment] = w
	return w.idles > maxIdles
}

// theirs pushes through the other server.
type theirs struct{ e *Engine }

func (t theirs) Push(ctx context.Context, p ledger.Push) error {
	d, err := t.e.Store.Device(ctx, p.Device)
	if err != nil {
		return err
	}
	enrolment := d.UDID
	if p.User != "" {
		enrolment += ":" + p.User
	}
	return t.e.Remote.Queue.Push(ctx, enrolment)
}
