package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/problem"
)

// approvals keeps the wipes that wait for a second person, and counts those that
// one person asked for alone.
type approvals interface {
	AskApproval(ctx context.Context, a ledger.Approval) error
	Approvals(ctx context.Context, now time.Time) ([]ledger.Approval, error)
	TakeApproval(ctx context.Context, id string, now time.Time) (ledger.Approval, error)
	WipesAlone(ctx context.Context, staff string, device custody.DeviceID, at, since time.Time, most int) (bool, error)
}

// One person alone wipes no iPad that somebody works on, and no more than a few
// within an hour: a stolen session, or one bad day, does not empty a ward. Locks
// and Lost Mode, which lose nothing, wait for nobody.
const (
	mostAlone   = 3
	aloneWithin = time.Hour
	approvalFor = 30 * time.Minute
	// secondPerson is the code of the answer that a deed waits for one.
	secondPerson = "second_person"
)

// inSession reports whether somebody works on a device, or would if staff had
// not just locked it: a lock before the wipe is no way around a second person.
func inSession(c custody.Custody) bool {
	return c.State == custody.InUse || c.State == custody.Locked && (c.Cause == custody.CauseManager || c.Cause == custody.CauseLiveLost)
}

// asksSecond answers nil if who may wipe the device alone. Otherwise a second
// person is asked for, and the answer says so.
func (s *Console) asksSecond(ctx context.Context, who asker, row custody.Custody, why string) error {
	if !slices.Contains([]custody.State{custody.Clean, custody.InUse, custody.Locked, custody.Unproven}, row.State) {
		return nil // custody says in a better sentence why it is not wiped
	}
	now, reason := s.now(), ""
	if inSession(row) {
		reason = "Somebody's session is on this iPad"
	} else {
		ok, err := s.Ledger.WipesAlone(ctx, who.ID, row.Device, now, now.Add(-aloneWithin), mostAlone)
		if err != nil {
			return err
		}
		if ok {
			return nil
		}
		reason = fmt.Sprintf("You have had %d iPads wiped within an hour", mostAlone)
	}
	a := ledger.Approval{ID: uuid.NewString(), Device: row.Device, Deed: "wipe", Epoch: row.Epoch, Staff: who.ID, Why: why, At: now, Expires: now.Add(approvalFor)}
	err := s.Ledger.AskApproval(ctx, a)
	if errors.Is(err, custody.ErrConflict) {
		return needs(fmt.Sprintf("%s was first to ask for this wipe, which needs a second person: that may be you. Approve it on the iPad's page.", s.whoAsks(ctx, row.Device)))
	}
	if err != nil {
		return err
	}
	s.board.soon()
	s.Log.Info("a second person is asked for", "action", "wipe", "device", row.Device, "staff", who.Name)
	return needs(fmt.Sprintf("%v, so wiping it needs a second person. It is asked for: whoever else may wipe here can approve it on the iPad's page within 30 minutes.", reason))
}

// whoAsks is who waits for a second person to have a device wiped.
func (s *Console) whoAsks(ctx context.Context, id custody.DeviceID) string {
	all, err := s.Ledger.Approvals(ctx, s.now())
	if n := slices.IndexFunc(all, func(a ledger.Approval) bool { return a.Device == id }); err == nil && n >= 0 {
		return all[n].By
	}
	return "Somebody else"
}

func needs(sentence string) error { return problem.New(fiber.StatusConflict, secondPerson, sentence) }

func (s *Console) registerApprovals(r fiber.Router) {
	r.Post("/devices/:id/approve", s.change(s.approve))
	r.Post("/devices/:id/decline", s.change(s.decline))
}

// waiting is what waits on the device of a request, for who may wipe it.
func (s *Console) waiting(ctx context.Context, c *fiber.Ctx, who asker) (a ledger.Approval, row custody.Custody, err error) {
	var body asked
	if err := browser.JSON(c, &body, maxBody); err != nil {
		return a, row, err
	}
	if row, err = s.Ledger.Custody(ctx, deviceID(c)); err != nil {
		return a, row, err
	}
	if err := allowed(who, identity.Wipe, row.Ward); err != nil {
		return a, row, err
	}
	all, err := s.Ledger.Approvals(ctx, s.now())
	if err != nil {
		return a, row, err
	}
	n := slices.IndexFunc(all, func(a ledger.Approval) bool { return a.Device == row.Device })
	switch {
	case n < 0:
		return a, row, over()
	case body.Epoch == nil || *body.Epoch != all[n].Epoch || row.Epoch != all[n].Epoch:
		return a, row, fmt.Errorf("a second person for %s: %w", row.Device, custody.ErrStale)
	}
	return all[n], row, nil
}

func over() error {
	return problem.New(fiber.StatusConflict, "nothing_waits", "Nothing waits for a second person here: it was approved or declined, or waited longer than 30 minutes.")
}

// approve does what another person asked for, in the name of both.
func (s *Console) approve(ctx context.Context, c *fiber.Ctx, who asker) error {
	a, row, err := s.waiting(ctx, c, who)
	if err != nil {
		return err
	}
	if a.Staff == who.ID {
		return needs("You asked for this yourself. A second person is somebody else.")
	}
	first, err := s.Identity.StaffNow(ctx, a.Staff)
	if custody.Refused(err) != "" || err == nil && identity.Allow(first, identity.Wipe, row.Ward) != nil {
		return needs(a.By + " may not wipe this iPad any more. Decline it, and ask for it yourself if it must be.")
	}
	if err != nil {
		return err
	}
	if _, err := s.Ledger.TakeApproval(ctx, a.ID, s.now()); errors.Is(err, custody.ErrNotFound) {
		return over()
	} else if err != nil {
		return err
	}
	if _, err := s.Steward.Apply(ctx, row.Device, custody.Wipe{By: first.Actor() + " and " + who.Actor(), Epoch: a.Epoch, Why: a.Why}); err != nil {
		return fmt.Errorf("wipe of %s: %w", row.Device, err)
	}
	s.Log.Info("asked at the console by two", "action", "wipe", "device", row.Device, "staff", first.Name, "second", who.Name)
	return s.answer(ctx, c, who, row.Device)
}

// decline ends the waiting and does nothing. Who asked may do so too.
func (s *Console) decline(ctx context.Context, c *fiber.Ctx, who asker) error {
	a, row, err := s.waiting(ctx, c, who)
	if err != nil {
		return err
	}
	if _, err := s.Ledger.TakeApproval(ctx, a.ID, s.now()); errors.Is(err, custody.ErrNotFound) {
		return over()
	} else if err != nil {
		return err
	}
	s.board.soon()
	s.Log.Info("a second person declined", "action", "wipe", "device", row.Device, "staff", a.By, "second", who.Name)
	return s.answer(ctx, c, who, row.Device)
}

func (s *Console) answer(ctx context.Context, c *fiber.Ctx, who asker, id custody.DeviceID) error {
	loaded, err := s.one(ctx, who, id)
	if err != nil {
		return err
	}
	return c.JSON(s.json(ctx, loaded, s.names()))
}

// approvalView is a wipe that waits for a second person, as a page shows it.
type approvalView struct {
	ledger.Approval
	Name string // the device's
	Mine bool   // the reader asked for it
	May  bool   // the reader can approve it
}

// approvalViews are those of the devices that who may see, of one ward if it is
// named, and of their present hand-over.
func (s *Console) approvalViews(ctx context.Context, who asker, ward string) (views []approvalView, err error) {
	all, err := s.waits(ctx)
	return s.approvalsFor(who, all, func(of string) bool {
		return (ward == "" || of == ward) && allowed(who, identity.View, of) == nil
	}), err
}

// wait is what waits for a second person, and the device it is about.
type wait struct {
	ledger.Approval
	name, ward string
}

// waits are all of the present hand-overs.
func (s *Console) waits(ctx context.Context) (waits []wait, err error) {
	all, err := s.Ledger.Approvals(ctx, s.now())
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		row, err := s.Ledger.Custody(ctx, a.Device)
		if errors.Is(err, custody.ErrNotFound) || err == nil && row.Epoch != a.Epoch {
			continue
		}
		if err != nil {
			return nil, err
		}
		d, err := s.Ledger.Device(ctx, a.Device)
		if err != nil {
			return nil, err
		}
		waits = append(waits, wait{Approval: a, name: cmp.Or(d.Name, string(d.ID)), ward: row.Ward})
	}
	return waits, nil
}

// approvalsFor are those in the wards that covers holds of, as who sees them.
func (s *Console) approvalsFor(who asker, all []wait, covers func(ward string) bool) (views []approvalView) {
	for _, w := range all {
		if covers(w.ward) {
			views = append(views, approvalView{Approval: w.Approval, Name: w.name, Mine: w.Staff == who.ID,
				May: w.Staff != who.ID && allowed(who, identity.Wipe, w.ward) == nil})
		}
	}
	return views
}

// deviceApproval is the one of a device, or nil.
func (s *Console) deviceApproval(ctx context.Context, who asker, d device) (*approvalView, error) {
	views, err := s.approvalViews(ctx, who, d.custody.Ward)
	for _, v := range views {
		if v.Device == d.ID {
			return &v, err
		}
	}
	return nil, err
}
