package console

import (
	"context"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/problem"
)

// staffKeeper keeps who is at the console.
type staffKeeper interface {
	Staffs(ctx context.Context) ([]ledger.Staff, error)
	MintStaffToken(ctx context.Context, name string, role identity.Role, wards ...string) (string, error)
	ChangeStaff(ctx context.Context, by identity.Staff, id string, role identity.Role, wards []string) error
	StaffNow(ctx context.Context, id string) (identity.Staff, error)
	CloseStaff(ctx context.Context, by identity.Staff, id string, closed bool) error
}

// registerStaff adds the administrators' page of who is at the console.
func (s *Console) registerStaff(r fiber.Router) {
	r.Get("/staff", s.page(s.showStaff))
	r.Post("/staff", s.change(s.invite))
	r.Post("/staff/:id/role", s.change(s.setRole))
	r.Post("/staff/:id/close", s.change(s.closeStaff(true)))
	r.Post("/staff/:id/open", s.change(s.closeStaff(false)))
}

// staffRoles are those that somebody at the console may be given.
var staffRoles = []identity.Role{identity.Manager, identity.Administrator, identity.Auditor}

type staffLine struct {
	ledger.Staff
	Where string // empty: all
	Self  bool
}

type staffPage struct {
	Who   identity.Staff
	CSRF  string
	Wards []ledger.Ward
	Roles []identity.Role
	Staff []staffLine
}

func (s *Console) showStaff(ctx context.Context, c *fiber.Ctx, who asker) error {
	if err := allowed(who, identity.Staffed, ""); err != nil {
		return err
	}
	all, err := s.Identity.Staffs(ctx)
	if err != nil {
		return err
	}
	wards, err := s.Ledger.Wards(ctx)
	if err != nil {
		return err
	}
	page := staffPage{Who: who.Staff, CSRF: s.Identity.CSRF(who.session), Wards: wards, Roles: staffRoles}
	for _, one := range all {
		line := staffLine{Staff: one, Where: strings.Join(one.Wards, ", "), Self: one.ID == who.ID}
		if one.Role != string(identity.Manager) {
			line.Where = ""
		}
		page.Staff = append(page.Staff, line)
	}
	return s.render(c, fiber.StatusOK, "staff.html", page)
}

// roleAsked is a role, and a manager's wards.
type roleAsked struct {
	Name  string
	Role  identity.Role
	Wards []string
}

func (s *Console) roleAsked(c *fiber.Ctx, who asker) (asked roleAsked, err error) {
	if err := allowed(who, identity.Staffed, ""); err != nil {
		return asked, err
	}
	if err := browser.JSON(c, &asked, maxBody); err != nil {
		return asked, err
	}
	asked.Name = strings.TrimSpace(asked.Name)
	switch {
	case !slices.Contains(staffRoles, asked.Role):
		return asked, badRequest("role", "Choose manager, administrator or auditor.")
	case asked.Role != identity.Manager:
		asked.Wards = nil
	case len(asked.Wards) == 0 || slices.Contains(asked.Wards, ""):
		return asked, badRequest("wards", "Choose the wards of this manager.")
	}
	return asked, nil
}

// invite answers {"path"}: where a link of one use begins, that signs somebody
// in with a role. It is a secret, so it is told once and not logged.
func (s *Console) invite(ctx context.Context, c *fiber.Ctx, who asker) error {
	asked, err := s.roleAsked(c, who)
	if err != nil {
		return err
	}
	if asked.Name == "" || len(asked.Name) > 100 {
		return badRequest("name", "Say who it is for, in up to 100 letters.")
	}
	token, err := s.Identity.MintStaffToken(ctx, asked.Name, asked.Role, asked.Wards...)
	if err != nil {
		return err
	}
	s.Log.Info("a sign-in link was made", "for", asked.Name, "role", asked.Role, "wards", asked.Wards, "staff", who.Name)
	return c.JSON(fiber.Map{"path": "/console/start/" + token})
}

func (s *Console) setRole(ctx context.Context, c *fiber.Ctx, who asker) error {
	asked, err := s.roleAsked(c, who)
	if err != nil {
		return err
	}
	id := strings.Clone(c.Params("id"))
	if err := s.Identity.ChangeStaff(ctx, who.Staff, id, asked.Role, asked.Wards); err != nil {
		return err
	}
	s.Log.Info("a role was changed", "of", id, "role", asked.Role, "wards", asked.Wards, "staff", who.Name)
	return c.JSON(fiber.Map{})
}

// closeStaff closes an account, or opens it again. A closed one's sessions are
// over at their next request.
func (s *Console) closeStaff(closed bool) handler {
	return func(ctx context.Context, c *fiber.Ctx, who asker) error {
		if err := s.administers(c, who); err != nil {
			return err
		}
		id := strings.Clone(c.Params("id"))
		if err := s.Identity.CloseStaff(ctx, who.Staff, id, closed); err != nil {
			return err
		}
		s.Log.Info("an account was closed or opened", "of", id, "closed", closed, "staff", who.Name)
		return c.JSON(fiber.Map{})
	}
}

func badRequest(code, sentence string) error {
	return problem.New(fiber.StatusBadRequest, code, sentence)
}
