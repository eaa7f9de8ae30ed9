package console

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/problem"
)

// emergencies are the break-glass sessions and the wards' sealed codes.
type emergencies interface {
	// Emergencies returns those that nobody has reviewed; with all, the others too.
	Emergencies(ctx context.Context, all bool) ([]custody.Emergency, error)
	Emergency(ctx context.Context, device custody.DeviceID, version int64) (custody.Emergency, error)
	EmergencyCode(ctx context.Context, ward string) (bool, error)
	Ward(ctx context.Context, id string) (ledger.Ward, error)
	identity.EmergencyLedger
}

// codeMaker makes a ward's sealed code.
type codeMaker interface {
	NewEmergencyCode(ctx context.Context, store identity.EmergencyLedger, ward, name string) (string, error)
}

func (s *Console) registerEmergencies(r fiber.Router) {
	r.Get("/emergencies", s.page(s.showEmergencies))
	r.Post("/emergencies/:id/review", s.change(s.review))
	r.Post("/wards/:id/emergency-code", s.change(s.emergencyCode))
}

// emergencyLine is one emergency as the page shows it. ID names it in a path.
type emergencyLine struct {
	custody.Emergency
	ID, Name, Who string
	Open          bool // its session is still that of the emergency
	MayReview     bool
}

// codeLine says of a ward whether it has a sealed code.
type codeLine struct {
	ledger.Ward
	Has     bool
	MayMake bool
}

type emergenciesPage struct {
	Who   identity.Staff
	CSRF  string
	Waits []emergencyLine
	Seen  []emergencyLine // the latest that were reviewed
	Codes []codeLine
}

// maxSeen is how many reviewed emergencies the page shows.
const maxSeen = 50

func (s *Console) showEmergencies(ctx context.Context, c *fiber.Ctx, who asker) error {
	waits, err := s.emergencyLines(ctx, who, false)
	if err != nil {
		return err
	}
	all, err := s.emergencyLines(ctx, who, true)
	if err != nil {
		return err
	}
	page := emergenciesPage{Who: who.Staff, CSRF: s.Identity.CSRF(who.session), Waits: waits}
	for _, e := range all {
		if !e.Reviewed.IsZero() && len(page.Seen) < maxSeen {
			page.Seen = append(page.Seen, e)
		}
	}
	wards, err := s.wards(ctx, who)
	if err != nil {
		return err
	}
	for _, w := range wards {
		if w.Policy.BreakGlass <= 0 {
			continue
		}
		has, err := s.Ledger.EmergencyCode(ctx, w.ID)
		if err != nil {
			return err
		}
		page.Codes = append(page.Codes, codeLine{Ward: w, Has: has, MayMake: allowed(who, identity.Review, w.ID) == nil})
	}
	return s.render(c, fiber.StatusOK, "emergencies.html", page)
}

// emergencyLines are those of the wards that who may see.
func (s *Console) emergencyLines(ctx context.Context, who asker, all bool) (lines []emergencyLine, err error) {
	found, err := s.Ledger.Emergencies(ctx, all)
	if err != nil {
		return nil, err
	}
	names := s.names()
	for _, e := range found {
		if allowed(who, identity.View, e.Ward) != nil {
			continue
		}
		l := emergencyLine{Emergency: e, ID: fmt.Sprintf("%s.%d", e.Device, e.Version), Name: string(e.Device), Who: names(ctx, e.Clinician),
			MayReview: allowed(who, identity.Review, e.Ward) == nil}
		if d, err := s.Ledger.Device(ctx, e.Device); err == nil {
			l.Name = d.Name
		}
		if row, err := s.Ledger.Custody(ctx, e.Device); err == nil {
			l.Open = row.State == custody.InUse && row.Epoch == e.Epoch && row.Assurance == custody.AssuranceBreakGlass
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// review takes what somebody found of an emergency. It is in the device's
// history, and said once: a second reviewer is told.
func (s *Console) review(ctx context.Context, c *fiber.Ctx, who asker) error {
	var body struct{ Found string }
	if err := browser.JSON(c, &body, maxBody); err != nil {
		return err
	}
	device, version, _ := strings.Cut(strings.Clone(c.Params("id")), ".")
	n, err := strconv.ParseInt(version, 10, 64)
	if err != nil {
		return custody.ErrNotFound
	}
	e, err := s.Ledger.Emergency(ctx, custody.DeviceID(device), n)
	if err != nil {
		return err
	}
	if err := allowed(who, identity.Review, e.Ward); err != nil {
		return err
	}
	if !e.Reviewed.IsZero() {
		return problem.New(fiber.StatusConflict, "reviewed", "Somebody has reviewed this already. Reload the page to read it.")
	}
	body.Found = strings.TrimSpace(body.Found)
	if n := utf8.RuneCountInString(body.Found); n == 0 || n > custody.MaxReason {
		return problem.New(fiber.StatusBadRequest, "found", fmt.Sprintf("Say in 1 to %d characters what you found.", custody.MaxReason))
	}
	if _, err := s.Steward.Apply(ctx, e.Device, custody.Review{By: who.Actor(), Found: body.Found, Version: e.Version}); err != nil {
		return fmt.Errorf("reviewing an emergency on %s: %w", e.Device, err)
	}
	s.Log.Info("asked at the console", "action", identity.Review, "device", e.Device, "staff", who.Name)
	return c.JSON(fiber.Map{})
}

// emergencyCode makes a ward's sealed code and tells it once. Who made it is in
// the log, for no device's history is about it until it is used.
func (s *Console) emergencyCode(ctx context.Context, c *fiber.Ctx, who asker) error {
	if err := browser.JSON(c, &struct{}{}, maxBody); err != nil {
		return err
	}
	ward, err := s.Ledger.Ward(ctx, strings.Clone(c.Params("id")))
	if err != nil {
		return err
	}
	if err := allowed(who, identity.Review, ward.ID); err != nil {
		return err
	}
	if ward.Policy.BreakGlass <= 0 {
		return problem.New(fiber.StatusConflict, custody.RefusedEmergency, "This ward opens no iPads in an emergency, so a code would open none.")
	}
	code, err := s.Identity.NewEmergencyCode(ctx, s.Ledger, ward.ID, ward.Name)
	if err != nil {
		return fmt.Errorf("making the emergency code of ward %s: %w", ward.ID, err)
	}
	s.Log.Info("an emergency code was made", "ward", ward.ID, "staff", who.Name)
	return c.JSON(fiber.Map{"code": code})
}
