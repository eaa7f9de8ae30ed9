package apns

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// rest is how long a push record that APNs called dead is left alone. Only the
// device's next TokenUpdate helps; where it brings the same token and magic
// again, nothing here could tell, so the record is tried now and then.
const rest = time.Hour

// remembered bounds the memory of dead records. Beyond it they are pushed as before.
const remembered = 100_000

// channel is whom a push record is of.
type channel struct {
	device custody.DeviceID
	user   string
}

// dead is a push record that APNs knows no device for.
type dead struct {
	token []byte
	magic string
	since time.Time // first refused
	tried time.Time // last refused
	topic bool      // it is of another topic than the certificate
}

// busy is a push record that APNs asked to be patient with.
type busy struct {
	token        []byte
	magic        string
	since, until time.Time
}

func (d dead) of(to ledger.Push) bool { return bytes.Equal(d.token, to.Token) && d.magic == to.Magic }

// trouble remembers what APNs refused. The zero value remembers nothing.
type trouble struct {
	mu   sync.Mutex
	dead map[channel]dead
	busy map[channel]busy
}

// rests says why a record is not to be pushed now: it was refused lately, or
// APNs asked to wait.
func (t *trouble) rests(to ledger.Push, now time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := channel{to.Device, to.User}
	if d, ok := t.dead[k]; ok && d.of(to) && now.Before(d.tried.Add(rest)) {
		return errResting
	}
	if b, ok := t.busy[k]; ok && (dead{token: b.token, magic: b.magic}).of(to) && now.Before(b.until) {
		return errHeld
	}
	return nil
}

// learn takes what became of a push. Trouble of APNs says nothing of the record.
func (t *trouble) learn(to ledger.Push, err error, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := channel{to.Device, to.User}
	var wait held
	switch {
	case errors.As(err, &wait) && (len(t.busy) < remembered || !t.busy[k].until.IsZero()):
		if t.busy == nil {
			t.busy = map[channel]busy{}
		}
		t.busy[k] = busy{bytes.Clone(to.Token), to.Magic, now, now.Add(wait.after)}
	case err == nil, errors.Is(err, ErrGone): // it was asked again, and answered something else
		delete(t.busy, k)
	}
	d, known := t.dead[k]
	switch {
	case err == nil:
		delete(t.dead, k)
	case !errors.Is(err, ErrGone) || !known && len(t.dead) >= remembered:
	case known && d.of(to):
		d.tried = now
		t.dead[k] = d
	default:
		if t.dead == nil {
			t.dead = map[channel]dead{}
		}
		t.dead[k] = dead{bytes.Clone(to.Token), to.Magic, now, now, errors.Is(err, errTopic)}
	}
}

// PushTrouble says in a sentence that a device's own channel cannot be pushed,
// and since when this server knows; empty if nothing is known against it.
func (p *Provider) PushTrouble(id custody.DeviceID) (sentence string, since time.Time) {
	p.trouble.mu.Lock()
	defer p.trouble.mu.Unlock()
	if b, ok := p.trouble.busy[channel{id, ""}]; ok && p.o.Now().Before(b.until) {
		return fmt.Sprintf("Apple's push service takes no more pushes for this iPad before %s. It is woken after that.", b.until.UTC().Format("15:04:05 UTC")), b.since
	}
	d, ok := p.trouble.dead[channel{id, ""}]
	switch {
	case !ok:
		return "", time.Time{}
	case d.topic:
		return "This iPad enrolled under another push certificate than the server has now, so it cannot be woken. Start the server with the renewed certificate of the same Apple Account, or enrol the iPad again.", d.since
	}
	return "Apple's push service does not know this iPad any more. It cannot be woken until it says itself how to; restart it on Wi-Fi, or enrol it again.", d.since
}

// Push returns nil once APNs has taken the push; whether it reaches the device
// nobody can say. Errors wrap one of this package's. A record that APNs called
// dead is not sent again for an hour: ErrGone.
func (p *Provider) Push(ctx context.Context, to ledger.Push) error {
	if err := p.trouble.rests(to, p.o.Now()); err != nil {
		return err
	}
	err := p.send(ctx, to)
	p.trouble.learn(to, err, p.o.Now())
	return err
}
