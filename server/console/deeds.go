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
	"github.com/padwarden/padwarden/server/problem"
)

// deed is something that staff do to one device: a route, a button where it
// can be done now, and a question that is asked before it is.
type deed struct {
	Name    string // of the route and the dialog
	Action  identity.Action
	Icon    string
	Button  string
	Ask     string // "… this iPad", above the question's text; %s is its name
	Says    func(custody.Policy) []string
	Fields  []field
	Keep    string // the button that does nothing
	Do      string // the button that does it
	Danger  bool
	offered func(device) bool
	refused func(custody.Custody) error // before anything is written; nil: custody decides
	event   func(a asked, by string) custody.Event
	// second: one person alone may not always do it.
	second bool
	// tells answers what is told once, after the event: nil where the answer is the device.
	tells func(ctx context.Context, s *Console, id custody.DeviceID, by string) (string, error)
	Tells bool // tells is there, for the page
}

// field is something to be written before a deed is done.
type field struct {
	Name, Label string
	Rows        int
	Most        int    // characters
	Needed      string // the sentence if it is empty; empty: it may be
}

// asked is the body of a change. Epoch, if given, is the one that the page
// showed: a confirmation that comes late does not meet the next nurse.
type asked struct {
	Epoch                              *int64
	Why, Message, Phone, Footnote, Who string
}

func (a asked) epoch() int64 {
	if a.Epoch == nil {
		return 0
	}
	return *a.Epoch
}

func (a asked) text(name string) string {
	return map[string]string{"why": a.Why, "message": a.Message, "phone": a.Phone, "footnote": a.Footnote, "who": a.Who}[name]
}

// trimmed is a without the space around what was written.
func (a asked) trimmed() asked {
	for _, s := range []*string{&a.Why, &a.Message, &a.Phone, &a.Footnote, &a.Who} {
		*s = strings.TrimSpace(*s)
	}
	return a
}

func (d deed) check(a asked) error {
	for _, f := range d.Fields {
		n := utf8.RuneCountInString(a.text(f.Name))
		switch {
		case n == 0 && f.Needed != "":
			return problem.New(fiber.StatusBadRequest, f.Name, f.Needed)
		case n > f.Most:
			return problem.New(fiber.StatusBadRequest, f.Name, fmt.Sprintf("That is %d characters long, and may have %d.", n, f.Most))
		}
	}
	return nil
}

// registerDeeds adds the route of each.
func (s *Console) registerDeeds(r fiber.Router) {
	for _, d := range deeds {
		r.Post("/devices/:id/"+d.Name, s.change(func(ctx context.Context, c *fiber.Ctx, who asker) error { return s.do(ctx, c, who, d) }))
	}
}

// do does a deed to one device and answers with the device, or with what is told once.
func (s *Console) do(ctx context.Context, c *fiber.Ctx, who asker, d deed) error {
	var body asked
	if err := browser.JSON(c, &body, maxBody); err != nil {
		return err
	}
	row, err := s.Ledger.Custody(ctx, deviceID(c))
	if err != nil {
		return err
	}
	if err := s.perform(ctx, who, row, d, body.trimmed()); err != nil {
		return s.first(ctx, who, row.Device, err)
	}
	if d.tells != nil {
		said, err := d.tells(ctx, s, row.Device, who.Name)
		if err != nil {
			return err
		}
		return c.JSON(fiber.Map{"code": said})
	}
	return s.answer(ctx, c, who, row.Device)
}

// perform does a deed to the device of a row that was just read, if who may.
func (s *Console) perform(ctx context.Context, who asker, row custody.Custody, d deed, a asked) error {
	if err := allowed(who, d.Action, row.Ward); err != nil {
		return err
	}
	if a.Epoch != nil && *a.Epoch != row.Epoch {
		return fmt.Errorf("%s of %s: %w", d.Name, row.Device, custody.ErrStale)
	}
	if err := d.check(a); err != nil {
		return err
	}
	if d.refused != nil {
		if err := d.refused(row); err != nil {
			return err
		}
	}
	if d.second {
		if err := s.asksSecond(ctx, who, row, a.Why); err != nil {
			return err
		}
		a.Epoch = &row.Epoch // what was looked at just now, and nobody who takes the iPad meanwhile
	}
	if _, err := s.Steward.Apply(ctx, row.Device, d.event(a, who.Actor())); err != nil {
		return fmt.Errorf("%s of %s: %w", d.Name, row.Device, err)
	}
	s.Log.Info("asked at the console", "action", d.Name, "device", row.Device, "staff", who.Name)
	return nil
}

// deedView is a deed on a device's page. Its question is there whenever the
// reader may do it, its button only while it can be done.
type deedView struct {
	deed
	Name    string
	Ask     string
	Says    []string
	Offered bool
}

func (d device) deeds(who asker) (views []deedView) {
	for _, x := range deeds {
		if allowed(who, x.Action, d.custody.Ward) == nil {
			views = append(views, deedView{deed: x, Name: x.Name, Ask: fmt.Sprintf(x.Ask, d.Name), Says: x.Says(d.policy), Offered: x.offered(d)})
		}
	}
	return views
}
