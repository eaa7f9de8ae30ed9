package mdm

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/mdm/machineinfo"
	"github.com/padwarden/padwarden/server/mdm/onetime"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// AutomatedPath is where automated enrolment sends an iPad at Setup Assistant.
const AutomatedPath = "/enroll"

// deviceInfoHeader carries the machine info where a request has no body of it.
const deviceInfoHeader = "x-apple-aspen-deviceinfo"

// noProfile is an enrolment that is not begun: why in one word, and in a
// sentence for who stands at the iPad.
type noProfile struct {
	status           int
	reason, sentence string
	err              error
}

func (r *noProfile) Error() string { return r.reason }
func (r *noProfile) Unwrap() error { return r.err }

// serveAutomated answers an iPad at Setup Assistant with its enrolment profile,
// if Apple's authority vouches for the device and the inventory has it. Each
// answer has a challenge of its own, for one certificate of that serial; it is
// in nobody's ledger until it is used.
func (e *Engine) serveAutomated(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(context.Background(), e.Timeout)
	defer cancel()
	c.Set(fiber.HeaderCacheControl, "no-store")
	free := take(ctx, e.issue, e.Wait) // a signature to verify, before we know who asks
	if free == nil {
		return e.noEnrolment(c, fiber.StatusServiceUnavailable, "busy", "The server is busy. Try again in a minute.")
	}
	defer free()
	message, err := machineInfoIn(c)
	if err != nil {
		return e.noEnrolment(c, fiber.StatusBadRequest, "machine_info", "This address is for iPads at Setup Assistant.")
	}
	info, err := e.Devices.Read(message)
	if err != nil {
		e.Logger.Warn("refused a machine info", "alert", errors.Is(err, machineinfo.ErrSignature), "err", err)
		return e.noEnrolment(c, fiber.StatusForbidden, "machine_info", "This iPad could not prove to be one.")
	}
	profile, err := e.automated(ctx, info)
	var no *noProfile
	var old *tooOld
	switch {
	case errors.As(err, &old):
		e.Count(CountEnroll, "os_too_old")
		e.Logger.Info("an iPad must update before it enrols", "device", info.Serial, "has", info.OSVersion, "needs", old.least)
		return c.Status(fiber.StatusForbidden).JSON(softwareUpdateRequired(old.least))
	case errors.As(err, &no):
		e.Logger.Warn("refused an automated enrolment", "alert", no.status == fiber.StatusForbidden, "reason", no.reason, "device", info.Serial, "err", no.err)
		return e.noEnrolment(c, no.status, no.reason, no.sentence)
	case err != nil:
		e.Logger.Warn("answering an automated enrolment", "device", info.Serial, "err", err)
		return e.noEnrolment(c, fiber.StatusServiceUnavailable, "store", "Enrolment is not possible right now. Try again in a minute.")
	}
	c.Set(fiber.HeaderContentType, "application/x-apple-aspen-config")
	return c.Send(profile)
}

// machineInfoIn returns a copy of the signed message: the body, or the header.
func machineInfoIn(c *fiber.Ctx) ([]byte, error) {
	if h := c.Get(deviceInfoHeader); h != "" {
		return base64.StdEncoding.DecodeString(h)
	}
	if kind := c.Get(fiber.HeaderContentType); !strings.HasPrefix(kind, "application/pkcs7-signature") {
		return nil, fmt.Errorf("a body of %.80q", kind)
	}
	return bytes.Clone(c.Request().Body()), nil
}

// automated decides whether a device may enrol, and returns its profile.
func (e *Engine) automated(ctx context.Context, info machineinfo.Info) ([]byte, error) {
	id := custody.DeviceID(info.Serial)
	if !onetime.ValidDevice(id) {
		return nil, &noProfile{fiber.StatusForbidden, "serial", "This iPad's serial number cannot be enrolled.", nil}
	}
	d, err := e.Store.Device(ctx, id)
	switch {
	case errors.Is(err, custody.ErrNotFound):
		return nil, &noProfile{fiber.StatusForbidden, "not_allow_listed", "This iPad is not on the list of those that may enrol.", err}
	case err != nil:
		return nil, err
	case d.UDID != "" && d.UDID != info.UDID:
		e.refused.keep(id, refusedSentences["udid_mismatch"], e.Now())
		return nil, &noProfile{fiber.StatusForbidden, "udid_mismatch", "This iPad is not the one that its serial number belongs to.",
			fmt.Errorf("it says UDID %.64q, and is known by another", info.UDID)}
	}
	if err := e.newEnough(ctx, d, info); err != nil {
		return nil, err
	}
	nonce, err := e.nonce()
	if err != nil {
		return nil, err
	}
	return e.enrolmentProfile(ctx, onetime.Claim{Device: id, Run: nonce})
}

// tooOld: the device must update first.
type tooOld struct{ least string }

func (t *tooOld) Error() string { return "older than " + t.least }

// newEnough holds a device to its ward's least iPadOS, where it can be told to
// update itself. One that cannot enrols as it is: at Setup Assistant nothing
// else could be done about it.
func (e *Engine) newEnough(ctx context.Context, d ledger.Device, info machineinfo.Info) error {
	p, err := e.Store.Policy(ctx, d.Ward)
	if err != nil {
		return fmt.Errorf("reading the policy of ward %s: %w", d.Ward, err)
	}
	if p.LeastOS == "" || !info.CanUpdate {
		return nil
	}
	least, err := encode.ParseVersion(p.LeastOS)
	if err != nil {
		return fmt.Errorf("reading the least iPadOS of ward %s: %w", d.Ward, err)
	}
	has, err := encode.ParseVersion(info.OSVersion)
	if err == nil && has.Before(least) {
		return &tooOld{p.LeastOS}
	}
	return nil
}

// softwareUpdateRequired is Apple's answer to a device that must update before
// it enrols (Apple: "Error Code Software Update Required", iOS 17.0).
func softwareUpdateRequired(least string) any {
	type details struct {
		OSVersion string `json:"OSVersion"`
	}
	return struct {
		Code        string  `json:"code"`
		Description string  `json:"description"`
		Message     string  `json:"message"`
		Details     details `json:"details"`
	}{
		"com.apple.softwareupdate.required", "older than the ward's least_os",
		"This iPad needs iPadOS " + least + " before it can be used here.", details{least},
	}
}
