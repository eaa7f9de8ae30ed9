package kiosk

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/problem"
)

// answer is what a tap on the page is told.
type answer struct {
	Asks     string `json:"asks"`
	Nonce    string `json:"nonce"`
	Sentence string `json:"sentence"`
}

const (
	askPINSentence    = "Your badge was read."
	askChooseSentence = "You are signed in on this iPad. When you give it back, your work on it is wiped."
)

// tapPage takes the tap of a reader that types into the page.
func (k *Kiosk) tapPage(ctx context.Context, c *fiber.Ctx, row custody.Custody) error {
	var body struct{ Badge, Nonce string }
	if err := browser.JSON(c, &body, maxBody); err != nil {
		return err
	}
	if err := k.unhurried(ctx, "kiosk:taps:"+string(row.Device)); err != nil {
		return err
	}
	badge, err := k.badge(ctx, row.Ward, body.Badge)
	if err != nil {
		return err
	}
	twice, err := k.twice(ctx, string(row.Device), badge)
	if err != nil {
		return err
	}
	if !twice {
		if err := k.spend(ctx, row, body.Nonce); err != nil {
			return k.untapped(ctx, string(row.Device), badge, err)
		}
		if err := k.tap(ctx, row, badge); err != nil {
			return k.instead(ctx, row, "", k.untapped(ctx, string(row.Device), badge, err))
		}
		if row, err = k.Ledger.Custody(ctx, row.Device); err != nil {
			return err
		}
	}
	s, err := k.state(ctx, row)
	if err != nil {
		return err
	}
	s = s.in(browser.Speech(c, k.words))
	return c.JSON(answer{Asks: s.Asks, Nonce: s.Nonce, Sentence: s.Sentence})
}

// badge reads what a ward's reader sent.
func (k *Kiosk) badge(ctx context.Context, ward, raw string) ([]byte, error) {
	w, err := k.Ledger.Ward(ctx, ward)
	if err != nil {
		return nil, err
	}
	hash, err := k.Identity.BadgeAs(w.Badges, raw)
	if err != nil {
		return nil, badRequest(err)
	}
	return hash, nil
}

// tap decides what a tap at a device leads to. It asks for the PIN whoever's
// badge it is, except that within the PIN grace the holder's own session is
// given back, or its end offered.
func (k *Kiosk) tap(ctx context.Context, row custody.Custody, badge []byte) error {
	who, err := k.Identity.Owner(ctx, badge)
	if err != nil && !errors.Is(err, custody.ErrNotFound) {
		return err
	}
	if err == nil && who.ID == row.Holder && k.Identity.GraceValid(ctx, who.ID, row.Ward) {
		session, _ := k.session(ctx, row)
		switch {
		case row.State == custody.Locked && row.Assurance != custody.AssuranceBreakGlass:
			if _, err := k.Steward.Apply(ctx, row.Device, custody.Resume{By: who.ID, Account: who.Account}); err != nil {
				return fmt.Errorf("resuming on %s: %w", row.Device, err)
			}
			return k.drop(ctx, row.Device)
		case shown(row, session) == custody.InUse:
			_, err := k.put(ctx, row, ask{Asks: asksChoose, Sentence: askChooseSentence})
			return err
		}
	}
	_, err = k.put(ctx, row, ask{Asks: asksPIN, Badge: badge, Sentence: askPINSentence})
	return err
}

func twiceKey(where string, badge []byte) string {
	return "kiosk:twice:" + where + ":" + hex.EncodeToString(badge)
}

// twice reports whether the badge was tapped there a moment ago: a card that
// bounces on the reader is one tap.
func (k *Kiosk) twice(ctx context.Context, where string, badge []byte) (bool, error) {
	err := k.Live.PutIfAbsent(ctx, twiceKey(where, badge), []byte{1}, k.DoubleTap)
	if errors.Is(err, custody.ErrConflict) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("taking a tap: %w", err)
	}
	return false, nil
}

// untapped returns err: where it means that nothing came of a tap, and nobody
// was refused, the next tap is the first. That cannot be known where live is
// away, and then it ends by itself.
func (k *Kiosk) untapped(ctx context.Context, where string, badge []byte, err error) error {
	if custody.Refused(err) == "" {
		_ = k.Live.Delete(ctx, twiceKey(where, badge))
	}
	return err
}

// unhurried refuses more than maxTaps a minute under key.
func (k *Kiosk) unhurried(ctx context.Context, key string) error {
	n, err := k.Live.Count(ctx, key, time.Minute)
	if err != nil {
		return fmt.Errorf("counting taps: %w", err)
	}
	if n > maxTaps {
		return problem.New(fiber.StatusTooManyRequests, "too_many_taps", "Too many taps here. Wait a minute, or use another iPad.")
	}
	return nil
}

func badRequest(err error) error {
	p := problem.From(err)
	p.Status = fiber.StatusBadRequest
	return p
}

// instead adds to a refusal the name of an iPad that clinician ("" for
// anybody) can have instead, and gives limits their status.
func (k *Kiosk) instead(ctx context.Context, row custody.Custody, clinician string, err error) error {
	if custody.Refused(err) == "" {
		return err
	}
	p := problem.From(err)
	if identity.Paused(err) {
		p.Status = fiber.StatusTooManyRequests
	}
	if others := k.others(ctx, row, clinician, 1); len(others) > 0 {
		p.Other = others[0]
	}
	return p
}
