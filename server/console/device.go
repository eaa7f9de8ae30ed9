package console

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
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
	Profiles  *profilesView
	Trials    []trialLine
	Story     story
	History   []entryView
	Deeds     []deedView
	Waiting   *approvalView // for a second person
	MayWipe   bool
	MayEnrol  bool
	Now       time.Time
	Said      housekeepingView
	MayHelp   bool
	Mine      bool // the reader has it in hand
	Helpers   []helper
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
	waiting, err := s.deviceApproval(ctx, who, d)
	if err != nil {
		return err
	}
	helpers, err := s.helpers(ctx, who, d.custody.Ward)
	if err != nil {
		return err
	}
	names, said := s.names(), s.housekeeping(ctx, who, d)
	holder := names(ctx, d.custody.Holder)
	d.said.Seen, d.said.Low = said.Seen, said.Battery >= 0 && said.Battery < lowBattery
	row := d.row(holder)
	row.WardName = row.Ward
	if w, err := s.Ledger.Ward(ctx, row.Ward); err == nil && w.Name != "" {
		row.WardName = w.Name
	}
	page := devicePage{
		Story: d.story(holder, said.Seen, said.Battery, said.BatteryAt), MayHelp: allowed(who, identity.Hands, d.custody.Ward) == nil,
		Mine: d.custody.Hands.Who == who.Actor(), Helpers: helpers,
		Waiting: waiting, MayWipe: allowed(who, identity.Wipe, d.custody.Ward) == nil,
		Who: who.Staff, CSRF: s.Identity.CSRF(who.session), Row: row,
		Model: d.Model, OSVersion: d.OSVersion, Ladders: d.ladders(), Trials: s.deviceTrials(ctx, d), Profiles: s.profiles(ctx, d.ID), History: entryViews(ctx, history, names),
		Deeds:    d.deeds(who),
		MayEnrol: s.EnrolmentLink != nil && allowed(who, identity.Enrol, d.custody.Ward) == nil && enrols(d.custody.State),
		Now:      cmp.Or(d.session.Now, s.now()), Said: said,
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
