package kiosk

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/problem"
)

const (
	cookieName = "padwarden_device"
	// cookieAge is long because the cookie ends with the enrolment, not with time.
	cookieAge = 365 * 24 * 60 * 60
)

// mac is HMAC-SHA256 over parts, kept apart by purpose and by a byte that no part has.
func (k *Kiosk) mac(purpose string, parts ...string) []byte {
	h := hmac.New(sha256.New, k.Key)
	h.Write([]byte("kiosk " + purpose))
	for _, p := range parts {
		h.Write([]byte("\x00" + p))
	}
	return h.Sum(nil)
}

// seal makes the device cookie of an enrolment. It verifies itself against the
// custody row, so an emptied Redis logs no page out, and it ends when the
// enrolment that made it ends: after a wipe the row names another one.
func (k *Kiosk) seal(row custody.Custody) string {
	b64 := base64.RawURLEncoding
	return b64.EncodeToString([]byte(row.Device)) + "." + b64.EncodeToString(k.mac("cookie", string(row.Device), row.Enrolment))
}

func (k *Kiosk) cookie(c *fiber.Ctx) string {
	return strings.Clone(c.Cookies(browser.CookieName(cookieName, k.Secure)))
}

// authenticate returns the row of the device whose page holds the cookie, or a
// 403 problem.
func (k *Kiosk) authenticate(ctx context.Context, cookie string) (custody.Custody, error) {
	ended := problem.New(fiber.StatusForbidden, "page_ended", "This page has ended. Open padwarden from the Home Screen again; if that does not help, use another iPad and tell IT.")
	name, _, ok := strings.Cut(cookie, ".")
	id, err := base64.RawURLEncoding.DecodeString(name)
	if !ok || err != nil || len(id) == 0 || len(id) > 64 {
		return custody.Custody{}, ended
	}
	row, err := k.Ledger.Custody(ctx, custody.DeviceID(id))
	if errors.Is(err, custody.ErrNotFound) {
		return custody.Custody{}, ended
	}
	if err != nil {
		return custody.Custody{}, err
	}
	if row.Enrolment == "" || row.State == custody.Retired || !hmac.Equal([]byte(cookie), []byte(k.seal(row))) {
		return custody.Custody{}, ended
	}
	return row, nil
}
