package kiosk

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
)

// touch is what a page tells of a touch: which hand-over it shows, and which
// version of the row, if it wants to hear no more than it has to.
type touch struct{ Epoch, Version int64 }

// times is what a page is answered that shows the row as it is: how long it has
// from now on. Any other is answered with its whole state.
type times struct {
	Epoch    int64 `json:"epoch"`
	Version  int64 `json:"version"`
	WarnInMs int64 `json:"warn_in_ms"`
	LockInMs int64 `json:"lock_in_ms"`
	EndsInMs int64 `json:"ends_in_ms"`
}

// known is what was found out of a page at one version of its device's row. It
// is worth nothing by itself: live says, within the touch, that the row still
// has that version, and then nothing of this can have changed.
type known struct {
	cookie  []byte
	device  custody.DeviceID
	version int64
	until   time.Time // of an emergency
	ends    time.Time
}

// knownPages are those whose touches came through, by the name in their cookie: one
// for each device at most.
type knownPages struct{ byName sync.Map }

// of returns what is known of the page that holds the cookie.
func (p *knownPages) of(cookie string) (known, bool) {
	name, _, _ := strings.Cut(cookie, ".")
	v, ok := p.byName.Load(name)
	if !ok {
		return known{}, false
	}
	page := v.(known)
	return page, subtle.ConstantTimeCompare(page.cookie, []byte(cookie)) == 1
}

// touch is evidence that the holder is there: real input on the page. It is
// what most requests are, so a page that shows the row as it is costs one
// script in Redis and nothing of the ledger. Whatever speaks against that is
// looked into the long way.
func (k *Kiosk) touch(c *fiber.Ctx) error {
	if err := browser.SameOrigin(c, k.Secure); err != nil {
		return err
	}
	var body touch
	if err := browser.JSON(c, &body, maxBody); err != nil {
		return err
	}
	page, ok := k.known.of(c.Cookies(browser.CookieName(cookieName, k.Secure)))
	if ok && body.Version > 0 && body.Version == page.version {
		ctx, cancel := context.WithTimeout(k.Base, answerIn)
		defer cancel()
		s, err := k.Live.TouchAt(ctx, page.device, body.Epoch, page.version)
		if err == nil {
			return c.JSON(page.times(s))
		}
		if errors.Is(err, custody.ErrUnavailable) { // asked once more it would take as long again
			return fmt.Errorf("touching %s: %w", page.device, err)
		}
	}
	return k.device(k.touchAnew)(c)
}

func (p known) times(s custody.Session) times {
	t := times{Epoch: s.Epoch, Version: s.Version, WarnInMs: left(s.WarnAt, s.Now), LockInMs: left(s.LockAt, s.Now), EndsInMs: left(p.ends, s.Now)}
	t.LockInMs = sooner(t.LockInMs, left(p.until, s.Now))
	return t
}

// touchAnew is a touch of a page of which nothing is known, or not enough.
func (k *Kiosk) touchAnew(ctx context.Context, c *fiber.Ctx, row custody.Custody) error {
	var body touch
	if err := browser.JSON(c, &body, maxBody); err != nil {
		return err
	}
	_, err := k.Live.Touch(ctx, row.Device, body.Epoch)
	if errors.Is(err, custody.ErrLost) || errors.Is(err, custody.ErrNotFound) {
		err = custody.ErrLocked // live holds no session: it is closed, and its holder may resume
	}
	if err != nil {
		return fmt.Errorf("touching %s: %w", row.Device, err)
	}
	if q, err := k.asked(ctx, row.Device); err == nil && q.Asks == asksChoose { // they go on
		if err := k.drop(ctx, row.Device); err != nil {
			return err
		}
	}
	s, err := k.state(ctx, row)
	if err != nil {
		return err
	}
	if s.State == custody.InUse {
		cookie := k.cookie(c)
		name, _, _ := strings.Cut(cookie, ".")
		k.known.byName.Store(name, known{cookie: []byte(cookie), device: row.Device, version: row.Version, until: row.Until, ends: s.Until})
	}
	return c.JSON(s.in(browser.Speech(c, k.words)))
}
