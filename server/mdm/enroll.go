package mdm

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/mdm/onetime"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// EnrolmentLink returns a link that enrols one device by hand, once. Nothing is
// stored until it is used. The nonce takes the place of a run: it is negative,
// so no run of a wipe can be mistaken for it.
func (e *Engine) EnrolmentLink(device custody.DeviceID) (string, error) {
	if !onetime.ValidDevice(device) {
		return "", fmt.Errorf("making an enrolment link: %.64q is not a serial number", string(device))
	}
	nonce, err := e.nonce()
	if err != nil {
		return "", fmt.Errorf("making an enrolment link: %w", err)
	}
	return e.BaseURL + "/enroll/" + e.Keys.LinkToken(device, 0, nonce), nil
}

func (e *Engine) nonce() (int64, error) {
	var b [8]byte
	_, err := io.ReadFull(e.Rand, b[:])
	return -1 - int64(binary.BigEndian.Uint64(b[:])>>2), err
}

// serveEnroll answers a link with the device's enrolment profile. Its challenge
// carries the link's nonce, so one link makes at most one certificate.
func (e *Engine) serveEnroll(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(context.Background(), e.Timeout)
	defer cancel()
	c.Set(fiber.HeaderCacheControl, "no-store")
	claim, err := e.Keys.VerifyLinkToken(strings.Clone(c.Params("token")))
	if err != nil {
		return e.noEnrolment(c, fiber.StatusForbidden, "forged", "This enrolment link is not valid.")
	}
	profile, err := e.enrolmentProfile(ctx, claim)
	if err == nil {
		err = e.Store.Spend(ctx, "enroll."+claim.String())
	}
	switch {
	case errors.Is(err, custody.ErrNotFound):
		return e.noEnrolment(c, fiber.StatusForbidden, "not_allow_listed", "This iPad is not on the list of those that may enrol.")
	case errors.Is(err, custody.ErrConflict):
		return e.noEnrolment(c, fiber.StatusGone, "spent", "This enrolment link has been used. Ask for a new one.")
	case err != nil:
		e.Logger.Warn("answering an enrolment link", "device", claim.Device, "err", err)
		return e.noEnrolment(c, fiber.StatusServiceUnavailable, "store", "Enrolment is not possible right now. Try the same link again in a minute.")
	}
	c.Set(fiber.HeaderContentType, "application/x-apple-aspen-config")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="padwarden.mobileconfig"`)
	return c.Send(profile)
}

func (e *Engine) noEnrolment(c *fiber.Ctx, status int, reason, sentence string) error {
	e.Count(CountEnroll, reason)
	return c.Status(status).SendString(sentence)
}

func (e *Engine) enrolmentProfile(ctx context.Context, claim onetime.Claim) ([]byte, error) {
	return e.profileFor(ctx, claim.Device, e.Keys.Challenge(claim.Device, claim.Epoch, claim.Run), e.mdmURL(claim))
}

// profileFor is a device's enrolment profile with the SCEP challenge and the
// address that it connects to (empty: here).
func (e *Engine) profileFor(ctx context.Context, device custody.DeviceID, challenge, mdmURL string) ([]byte, error) {
	d, err := e.Store.Device(ctx, device)
	if err != nil {
		return nil, err
	}
	p, err := e.Store.Policy(ctx, d.Ward)
	if err != nil {
		return nil, fmt.Errorf("reading the policy of ward %s: %w", d.Ward, err)
	}
	return encode.Enrolment(encode.EnrolmentParams{
		Organisation: e.Organisation, ServerURL: e.BaseURL, Topic: e.Topic, Serial: string(device),
		Challenge: challenge, Shared: p.Fleet.Shared(), MDMURL: mdmURL,
	})
}
