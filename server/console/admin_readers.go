package console

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/provision"
)

// silentAfter: a reader that no tap came from for so long is worth a look. There
// are taps on a ward in every shift.
const silentAfter = 24 * time.Hour

func (s *Console) registerReaders(r fiber.Router) {
	r.Get("/admin/readers", s.page(s.administered(s.showReaders)))
	r.Post("/admin/readers", s.change(s.administered(s.addReader)))
	r.Post("/admin/readers/:id/tie", s.change(s.administered(s.tieReader)))
	r.Post("/admin/readers/:id/renew", s.change(s.administered(s.renewReader)))
	r.Post("/admin/readers/:id/remove", s.change(s.administered(s.removeReader)))
}

// readerLine is a reader on the list.
type readerLine struct {
	ledger.Reader
	WardName, DeviceName string
	Silent               bool
}

func (s *Console) readersOf(ctx context.Context, who asker) ([]ledger.Reader, error) {
	all, err := s.Administration.Kept.Readers(ctx)
	return slices.DeleteFunc(all, func(r ledger.Reader) bool { return allowed(who, identity.View, r.Ward) != nil }), err
}

// readersSeen counts the readers that the asker sees, and the silent ones of them.
func (s *Console) readersSeen(ctx context.Context, who asker) (all, silent int, err error) {
	readers, err := s.readersOf(ctx, who)
	for _, r := range readers {
		if s.silent(r) {
			silent++
		}
	}
	return len(readers), silent, err
}

func (s *Console) silent(r ledger.Reader) bool { return s.now().Sub(r.Heard) > silentAfter }

func (s *Console) showReaders(ctx context.Context, c *fiber.Ctx, who asker) error {
	wards, err := s.seen(ctx, who)
	if err != nil {
		return err
	}
	readers, err := s.readersOf(ctx, who)
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, w := range wards {
		names[w.ID] = w.Name
	}
	lines := make([]readerLine, len(readers))
	for i, r := range readers {
		lines[i] = readerLine{Reader: r, WardName: names[r.Ward], Silent: s.silent(r)}
		if r.Device == "" {
			continue
		}
		lines[i].DeviceName = string(r.Device)
		if known, err := s.Ledger.Device(ctx, r.Device); err == nil {
			lines[i].DeviceName = known.Name
		}
	}
	page := s.adminPage(who, identity.Provision)
	return s.render(c, fiber.StatusOK, "admin-readers.html", map[string]any{"Who": page.Who, "CSRF": page.CSRF, "May": page.May, "Wards": wards, "Readers": lines})
}

// readerAsked is the body of a change of a reader. Device is its dock's iPad by
// serial; empty: it is on a wall.
type readerAsked struct {
	ID, Ward, Why string
	Device        *string
}

func (s *Console) readerAsked(c *fiber.Ctx) (a readerAsked, err error) {
	if err := browser.JSON(c, &a, maxBody); err != nil {
		return a, err
	}
	for _, s := range []*string{&a.ID, &a.Ward, &a.Why} {
		*s = strings.TrimSpace(*s)
	}
	return a, tooLong(a.Why)
}

// addReader answers {"code"}: the reader's secret, told once.
func (s *Console) addReader(ctx context.Context, c *fiber.Ctx, who asker) error {
	if err := mayProvision(who); err != nil {
		return err
	}
	a, err := s.readerAsked(c)
	if err != nil {
		return err
	}
	r := ledger.Reader{ID: a.ID, Ward: a.Ward}
	secret, err := s.Administration.Estate.AddReader(ctx, r, provision.Deed{By: who.Actor(), Why: a.Why})
	if err != nil {
		return err
	}
	s.Log.Info("a reader was added", "reader", r.ID, "ward", r.Ward, "staff", who.Name)
	return c.JSON(fiber.Map{"code": secret})
}

// readerOf is the reader of the path, whose ward the asker must be allowed to change readers on.
func (s *Console) readerOf(ctx context.Context, c *fiber.Ctx, who asker) (r ledger.Reader, a readerAsked, err error) {
	id, err := url.PathUnescape(strings.Clone(c.Params("id")))
	if err != nil {
		return r, a, custody.ErrNotFound
	}
	if r, err = s.Administration.Kept.Reader(ctx, id); err != nil {
		return r, a, err
	}
	if err := allowed(who, identity.Provision, r.Ward); err != nil {
		return r, a, err
	}
	a, err = s.readerAsked(c)
	return r, a, err
}

func (s *Console) tieReader(ctx context.Context, c *fiber.Ctx, who asker) error {
	r, a, err := s.readerOf(ctx, c, who)
	if err != nil {
		return err
	}
	if a.Device == nil {
		return badRequest("device", "Say which iPad is on its dock, or that there is none.")
	}
	device := custody.DeviceID(strings.TrimSpace(*a.Device))
	if err := s.Administration.Estate.TieReader(ctx, r.ID, device, provision.Deed{By: who.Actor(), Why: a.Why}); err != nil {
		return err
	}
	s.Log.Info("a reader was tied", "reader", r.ID, "device", device, "staff", who.Name)
	return c.JSON(fiber.Map{})
}

// renewReader answers {"code"}: the reader's new secret, told once.
func (s *Console) renewReader(ctx context.Context, c *fiber.Ctx, who asker) error {
	r, a, err := s.readerOf(ctx, c, who)
	if err != nil {
		return err
	}
	if a.Why == "" {
		return badRequest("why", "Say why.")
	}
	secret, err := s.Administration.Estate.RenewReader(ctx, r.ID, provision.Deed{By: who.Actor(), Why: a.Why})
	if err != nil {
		return err
	}
	s.Log.Info("a reader's secret was renewed", "reader", r.ID, "staff", who.Name)
	return c.JSON(fiber.Map{"code": secret})
}

func (s *Console) removeReader(ctx context.Context, c *fiber.Ctx, who asker) error {
	r, a, err := s.readerOf(ctx, c, who)
	if err != nil {
		return err
	}
	if a.Why == "" {
		return badRequest("why", "Say why.")
	}
	if err := s.Administration.Estate.RemoveReader(ctx, r.ID, provision.Deed{By: who.Actor(), Why: a.Why}); err != nil {
		return err
	}
	s.Log.Info("a reader was removed", "reader", r.ID, "staff", who.Name)
	return c.JSON(fiber.Map{})
}
