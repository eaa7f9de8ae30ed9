package console

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/policytext"
	"github.com/padwarden/padwarden/server/provision"
)

const wardLines = 100 // of what was done, on a ward's page

func (s *Console) registerWards(r fiber.Router) {
	r.Get("/admin/wards", s.page(s.administered(s.showWards)))
	r.Post("/admin/wards", s.change(s.administered(s.saveWard)))
	r.Get("/admin/wards/new", s.page(s.administered(s.newWard)))
	r.Post("/admin/wards/preview", s.change(s.administered(s.previewWard)))
	r.Get("/admin/wards/:id", s.page(s.administered(s.showWard)))
	r.Post("/admin/wards/:id", s.change(s.administered(s.saveWard)))
	r.Get("/admin/wards/:id/edit", s.page(s.administered(s.editWard)))
	r.Post("/admin/wards/:id/remove", s.change(s.administered(s.removeWard)))
	r.Post("/admin/wards/:id/restore", s.change(s.administered(s.restoreWard)))
}

// wardLine is a ward on the list.
type wardLine struct {
	ledger.Ward
	ledger.Numbers
	Kind, Target string
	Warnings     int
}

// shownOf is what p says in a field, as people read it.
func shownOf(p custody.Policy, name string) string {
	for _, g := range policytext.Groups {
		for _, f := range g.Fields {
			if f.Name == name && f.Fits(p) {
				return f.Shown(p)
			}
		}
	}
	return ""
}

func (s *Console) showWards(ctx context.Context, c *fiber.Ctx, who asker) error {
	wards, err := s.seen(ctx, who)
	if err != nil {
		return err
	}
	numbers, err := s.Administration.Kept.Count(ctx)
	if err != nil {
		return err
	}
	var removed []ledger.Ward
	page := s.adminPage(who, identity.Policies)
	if page.May {
		if removed, err = s.Administration.Kept.RemovedWards(ctx); err != nil {
			return err
		}
	}
	lines := make([]wardLine, len(wards))
	for i, w := range wards {
		lines[i] = wardLine{Ward: w, Numbers: numbers[w.ID], Kind: shownOf(w.Policy, "fleet"), Target: shownOf(w.Policy, "target"), Warnings: len(policytext.Warnings(w.Policy))}
	}
	return s.render(c, fiber.StatusOK, "admin-wards.html", map[string]any{"Who": page.Who, "CSRF": page.CSRF, "May": page.May, "Wards": lines, "Removed": removed})
}

func wardID(c *fiber.Ctx) string {
	id, err := url.PathUnescape(strings.Clone(c.Params("id")))
	if err != nil {
		return ""
	}
	return id
}

// ward loads the ward of the path, if the asker may do action on it.
func (s *Console) ward(ctx context.Context, c *fiber.Ctx, who asker, action identity.Action) (ledger.Ward, error) {
	id := wardID(c)
	if err := allowed(who, action, id); err != nil { // also where there is none: its id is what they may or may not
		return ledger.Ward{}, err
	}
	return s.Administration.Kept.Ward(ctx, id)
}

func (s *Console) showWard(ctx context.Context, c *fiber.Ctx, who asker) error {
	w, err := s.ward(ctx, c, who, identity.View)
	if err != nil {
		return err
	}
	log, err := s.Administration.Kept.WardLog(ctx, w.ID, wardLines)
	if err != nil {
		return err
	}
	numbers, err := s.Administration.Kept.Count(ctx)
	if err != nil {
		return err
	}
	page := s.adminPage(who, identity.Policies)
	return s.render(c, fiber.StatusOK, "admin-ward.html", map[string]any{
		"Who": page.Who, "CSRF": page.CSRF, "May": page.May, "Ward": w, "Numbers": numbers[w.ID], "Log": log,
		"Parts": policytext.Say(w.Policy), "Unseen": policytext.Unseen(w.Policy), "Warnings": policytext.Warnings(w.Policy),
		"Saved": c.Query("saved") != "", "Empty": numbers[w.ID] == ledger.Numbers{},
	})
}

// wardAsked is what a change of a ward that is no policy says.
type wardAsked struct {
	Version string
	Why     string
}

func (s *Console) wardAsked(ctx context.Context, c *fiber.Ctx, who asker) (w ledger.Ward, version int64, d provision.Deed, err error) {
	if w, err = s.ward(ctx, c, who, identity.Policies); err != nil {
		return w, 0, d, err
	}
	var a wardAsked
	if err = browser.JSON(c, &a, maxBody); err != nil {
		return w, 0, d, err
	}
	version, err = strconv.ParseInt(a.Version, 10, 64)
	if err != nil {
		return w, 0, d, badRequest("version", "This page is out of date. Reload it and try again.")
	}
	return w, version, provision.Deed{By: who.Actor(), Why: strings.TrimSpace(a.Why)}, tooLong(a.Why)
}

func tooLong(why string) error {
	if len([]rune(why)) > maxWhy {
		return badRequest("why", "That reason is too long: 500 characters are enough.")
	}
	return nil
}

func (s *Console) removeWard(ctx context.Context, c *fiber.Ctx, who asker) error {
	w, version, d, err := s.wardAsked(ctx, c, who)
	if err != nil {
		return err
	}
	if err := s.Administration.Estate.RemoveWard(ctx, w.ID, version, d); err != nil {
		return err
	}
	s.Log.Info("a ward was removed", "ward", w.ID, "staff", who.Name)
	return c.JSON(fiber.Map{})
}

func (s *Console) restoreWard(ctx context.Context, c *fiber.Ctx, who asker) error {
	w, _, d, err := s.wardAsked(ctx, c, who)
	if err != nil {
		return err
	}
	if err := s.Administration.Estate.RestoreWard(ctx, w.ID, d); err != nil {
		return err
	}
	s.Log.Info("a ward was brought back", "ward", w.ID, "staff", who.Name)
	return c.JSON(fiber.Map{})
}
