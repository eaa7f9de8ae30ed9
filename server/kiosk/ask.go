package kiosk

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// What the page asks next.
const (
	asksPIN      = "pin"
	asksTakeOver = "takeover"
	asksChoose   = "choose"
)

// askFor is how long a question stands.
const askFor = time.Minute

// ask is the question that a device's page puts, kept in live. It holds the
// badge's HMAC, never its number.
type ask struct {
	Asks      string            `json:"asks"`
	Nonce     string            `json:"nonce"`
	Badge     []byte            `json:"badge,omitempty"`     // pin: whose tap it was
	Clinician string            `json:"clinician,omitempty"` // takeover: who proved who they are
	Again     string            `json:"again,omitempty"`     // pin, newpin: who is signed in, and is asked once more
	Then      string            `json:"then,omitempty"`      // pin: what is asked after it
	How       custody.Assurance `json:"how,omitempty"`       // newcard: how they showed who they are
	With      string            `json:"with,omitempty"`
	Sentence  string            `json:"sentence,omitempty"`
}

func askKey(id custody.DeviceID) string { return "kiosk:ask:" + string(id) }

// put asks q on a device's page, in place of any other question.
func (k *Kiosk) put(ctx context.Context, row custody.Custody, q ask) (ask, error) {
	var err error
	if q.Nonce, err = k.nonce(row); err != nil {
		return ask{}, err
	}
	raw, err := json.Marshal(q)
	if err != nil {
		return ask{}, fmt.Errorf("asking: %w", err)
	}
	if err := k.Live.Put(ctx, askKey(row.Device), raw, askFor); err != nil {
		return ask{}, fmt.Errorf("asking: %w", err)
	}
	return q, nil
}

// asked returns the question on a device's page; the zero ask if there is none.
func (k *Kiosk) asked(ctx context.Context, id custody.DeviceID) (ask, error) {
	raw, err := k.Live.Get(ctx, askKey(id))
	if errors.Is(err, custody.ErrNotFound) {
		return ask{}, nil
	}
	if err != nil {
		return ask{}, fmt.Errorf("reading what was asked: %w", err)
	}
	var q ask
	if err := json.Unmarshal(raw, &q); err != nil {
		return ask{}, fmt.Errorf("reading what was asked: %w", err)
	}
	return q, nil
}

// answered takes the question of that kind that nonce answers. Of two answers
// one gets it.
func (k *Kiosk) answered(ctx context.Context, row custody.Custody, kind, nonce string) (ask, error) {
	q, err := k.asked(ctx, row.Device)
	if err != nil {
		return ask{}, err
	}
	if q.Asks != kind || subtle.ConstantTimeCompare([]byte(q.Nonce), []byte(nonce)) != 1 {
		return ask{}, errNonce
	}
	if err := k.spend(ctx, row, nonce); err != nil {
		return ask{}, err
	}
	return q, k.drop(ctx, row.Device)
}

func (k *Kiosk) drop(ctx context.Context, id custody.DeviceID) error {
	if err := k.Live.Delete(ctx, askKey(id)); err != nil {
		return fmt.Errorf("dropping what was asked: %w", err)
	}
	return nil
}

// fits reports whether the question still makes sense on a page that shows s.
func (q ask) fits(s custody.State) bool {
	switch q.Asks {
	case asksPIN:
		return q.Again == "" || s == custody.InUse
	case asksNewPIN:
		return q.Again == "" || s == custody.InUse
	case asksNewCard:
		return true
	case asksTakeOver:
		return s == custody.Locked
	case asksChoose:
		return s == custody.InUse
	}
	return false
}
