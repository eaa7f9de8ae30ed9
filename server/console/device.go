package console

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/problem"
)

// devicePage is what a device's template is given.
type devicePage struct {
	Who       identity.Staff
	CSRF      string
	Row       row
	Model     string
	OSVersion string
	Ladders   ladders
	History   []ledger.Recorded
	MayWipe   bool
	MayAttest bool
	MayEnrol  bool
}

func deviceID(c *fiber.Ctx) custody.DeviceID { return custody.DeviceID(strings.Clone(c.Params("id"))) }

func (s *Console) showDevice(ctx context.Context, c *fiber.Ctx, who asker) error {
	d, err := s.one(ctx, who, deviceID(c))
	if err != nil {
		return err
	}
	history, err := s.Ledger.RecentHistory(ctx, d.ID, pageHistory)
	if err != nil {
		return err
	}
	state := d.custody.State
	page := devicePage{
		Who: who.Staff, CSRF: s.Identity.CSRF(who.session), Row: d.row(s.names()(ctx, d.custody.Holder)),
		Model: d.Model, OSVersion: d.OSVersion, Ladders: d.ladders(), History: history,
		MayWipe: allowed(who, identity.Wipe, d.custody.Ward) == nil &&
			(state == custody.Clean || state == custody.InUse || state == custody.Locked || state == custody.Unproven),
		MayAttest: allowed(who, identity.Attest, d.custody.Ward) == nil && state == custody.Unproven,
		MayEnrol:  s.EnrolmentLink != nil && allowed(who, identity.Enrol, d.custody.Ward) == nil && enrols(state),
	}
	return s.render(c, fiber.StatusOK, "device.html", page)
}

// enrols: a device that is not in anybody's hands may be enrolled anew.
func enrols(s custody.State) bool {
	return s == custody.Enrolling || s == custody.Unproven || s == custody.Clean
}

// link answers {link}: a one-time address that enrols the device. It is a
// secret, so it is told once and not logged.
func (s *Console) link(ctx context.Context, c *fiber.Ctx, who asker) error {
	row, err := s.Ledger.Custody(ctx, deviceID(c))
	if err != nil {
		return err
	}
	if err := allowed(who, identity.Enrol, row.Ward); err != nil {
		return err
	}
	if s.EnrolmentLink == nil || !enrols(row.State) {
		return problem.New(fiber.StatusConflict, "enrol", "This iPad cannot be enrolled just now. Wait until it is clean or unproven.")
	}
	link, err := s.EnrolmentLink(row.Device)
	if err != nil {
		return fmt.Errorf("making an enrolment link for %s: %w", row.Device, err)
	}
	s.Log.Info("asked at the console", "action", identity.Enrol, "device", row.Device, "staff", who.Name)
	return c.JSON(fiber.Map{"link": link})
}

// asked is the body of a change. Epoch, if given, is the one that the page
// showed: a confirmation that comes late does not meet the next nurse.
type asked struct {
	Epoch *int64
	Why   string
}

func (s *Console) wipe(ctx context.Context, c *fiber.Ctx, who asker) error {
	return s.apply(ctx, c, who, identity.Wipe, func(a asked) (custody.Event, error) {
		w := custody.Wipe{By: who.Actor()}
		if a.Epoch != nil {
			w.Epoch = *a.Epoch
		}
		return w, nil
	})
}

func (s *Console) attest(ctx context.Context, c *fiber.Ctx, who asker) error {
	return s.apply(ctx, c, who, identity.Attest, func(a asked) (custody.Event, error) {
		why := strings.TrimSpace(a.Why)
		if why == "" || utf8.RuneCountInString(why) > maxWhy {
			return nil, problem.New(fiber.StatusBadRequest, "why", fmt.Sprintf("Say in 1 to %d characters how you know that the iPad is clean.", maxWhy))
		}
		return custody.Attest{By: who.Actor(), Why: why}, nil
	})
}

// apply does what staff ask of one device and answers with the device.
func (s *Console) apply(ctx context.Context, c *fiber.Ctx, who asker, action identity.Action, event func(asked) (custody.Event, error)) error {
	var body asked
	if err := browser.JSON(c, &body, maxBody); err != nil {
		return err
	}
	row, err := s.Ledger.Custody(ctx, deviceID(c))
	if err != nil {
		return err
	}
	if err := allowed(who, action, row.Ward); err != nil {
		return err
	}
	if body.Epoch != nil && *body.Epoch != row.Epoch {
		return fmt.Errorf("%s of %s: %w", action, row.Device, custody.ErrStale)
	}
	e, err := event(body)
	if err != nil {
		return err
	}
	if _, err := s.Steward.Apply(ctx, row.Device, e); err != nil {
		return fmt.Errorf("%s of %s: %w", action, row.Device, err)
	}
	s.Log.Info("asked at the console", "action", action, "device", row.Device, "staff", who.Name)
	d, err := s.one(ctx, who, row.Device)
	if err != nil {
		return err
	}
	return c.JSON(s.json(ctx, d, s.names()))
}
