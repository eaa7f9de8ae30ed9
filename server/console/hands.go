package console

import (
	"context"
	"fmt"
	"slices"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/problem"
)

// handsAsked is the body of what is said of who sees to a device. From is who had
// it on the page.
type handsAsked struct {
	Epoch int64
	From  string
	Take  bool   // the asker takes it
	Who   string // the id of whom of the staff it is given to; with neither it is handed back
}

// hands says who sees to a device that needs hands, and answers with the device.
func (s *Console) hands(ctx context.Context, c *fiber.Ctx, who asker) error {
	var body handsAsked
	if err := browser.JSON(c, &body, maxBody); err != nil {
		return err
	}
	row, err := s.Ledger.Custody(ctx, deviceID(c))
	if err != nil {
		return err
	}
	if err := s.assign(ctx, who, row, body); err != nil {
		return err
	}
	return s.answer(ctx, c, who, row.Device)
}

func (s *Console) assign(ctx context.Context, who asker, row custody.Custody, a handsAsked) error {
	if err := allowed(who, identity.Hands, row.Ward); err != nil {
		return err
	}
	e := custody.Assign{By: who.Actor(), From: a.From, Epoch: a.Epoch}
	switch {
	case a.Take:
		e.Who = who.Actor()
	case a.Who != "":
		one, err := s.Identity.StaffNow(ctx, a.Who)
		if custody.Refused(err) != "" || err == nil && identity.Allow(one, identity.Hands, row.Ward) != nil {
			return problem.New(fiber.StatusConflict, "who", "They cannot see to iPads of this ward any more. Choose somebody else.")
		}
		if err != nil {
			return err
		}
		e.Who = one.Actor()
	}
	if _, err := s.Steward.Apply(ctx, row.Device, e); err != nil {
		return fmt.Errorf("who sees to %s: %w", row.Device, err)
	}
	s.Log.Info("asked at the console", "action", identity.Hands, "device", row.Device, "staff", who.Name)
	return nil
}

// helper is somebody whom a device that needs hands can be given to.
type helper struct{ ID, Name string }

// helpers are those of the staff who can see to iPads of a ward, but for who asks.
func (s *Console) helpers(ctx context.Context, who asker, ward string) ([]helper, error) {
	all, err := s.Identity.Staffs(ctx)
	if err != nil {
		return nil, err
	}
	var can []helper
	for _, one := range all {
		staff := identity.Staff{ID: one.ID, Name: one.Name, Role: identity.Role(one.Role), Wards: one.Wards}
		if one.Active && one.ID != who.ID && identity.Allow(staff, identity.Hands, ward) == nil {
			can = append(can, helper{ID: one.ID, Name: one.Name})
		}
	}
	return slices.Clip(can), nil
}
