package console

import (
	"bytes"
	"context"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/problem"
)

// askForLink says how to sign in.
func (s *Console) askForLink(c *fiber.Ctx) error {
	return s.render(c, fiber.StatusOK, "start.html", map[string]any{"Token": "", "Hospital": s.Hospital != nil, "Passkeys": s.Passkeys != nil, "Again": c.Query("out") != ""})
}

// askToSignIn is what a one-time link opens: a page with one button, so that
// whatever merely looks at links does not use it up.
func (s *Console) askToSignIn(c *fiber.Ctx) error {
	return s.render(c, fiber.StatusOK, "start.html", map[string]any{"Token": c.Params("token")})
}

func (s *Console) signIn(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(s.Base, answerIn)
	defer cancel()
	if err := browser.SameOrigin(c, s.Secure); err != nil { // nobody is signed in by another site
		return s.sorry(c, err)
	}
	if len(c.Request().Body()) > maxBody {
		return s.sorry(c, problem.New(fiber.StatusRequestEntityTooLarge, "too_large", "The form is larger than this page takes."))
	}
	// Of the form alone: a secret in a URL is in every log on its way.
	session, who, err := s.Identity.SignInStaff(ctx, string(c.Request().PostArgs().Peek("token")))
	if custody.Refused(err) == identity.RefusedStaff {
		err = unknown("This link was used before, or is older than 15 minutes. Ask for a new one.")
	} else if custody.Refused(err) != "" {
		err = unknown(err.Error())
	}
	if err != nil {
		return s.sorry(c, err)
	}
	if err := s.welcome(ctx, c, session, who); err != nil {
		return s.sorry(c, err)
	}
	return c.Redirect("/console", fiber.StatusSeeOther)
}

// welcome gives the browser its new session, and ends the one that was there
// (ASVS 5.0, 7.2.4).
func (s *Console) welcome(ctx context.Context, c *fiber.Ctx, session string, who identity.Staff) error {
	if before := s.cookie(c); before != "" {
		if err := s.Identity.SignOutStaff(ctx, before); err != nil {
			return err
		}
	}
	if s.Passkeys != nil {
		if err := s.Passkeys.Proved(ctx, session); err != nil {
			return err
		}
	}
	s.Log.Info("signed in at the console", "staff", who.Name, "role", who.Role)
	browser.SetCookie(c, cookieName, session, int(identity.StaffAbsolute.Seconds()), s.Secure)
	return nil
}

// signOut ends the session, and clears what the browser kept of it. The
// provider's own session goes on, for it is other programs' too; so whoever
// signs in next in this browser is asked there who they are.
func (s *Console) signOut(ctx context.Context, c *fiber.Ctx, who asker) error {
	if err := s.Identity.SignOutStaff(ctx, who.session); err != nil {
		return err
	}
	browser.SetCookie(c, cookieName, "", -1, s.Secure)
	browser.ClearSite(c)
	return c.JSON(fiber.Map{"next": "/console/start?out=1"})
}

func (s *Console) render(c *fiber.Ctx, status int, name string, data any) error {
	var b bytes.Buffer
	if err := s.pages[browser.Speech(c, s.words)].ExecuteTemplate(&b, name, data); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	return c.Status(status).Send(b.Bytes())
}

// sorry says in a page of its own why there is none.
func (s *Console) sorry(c *fiber.Ctx, err error) error {
	p := problem.From(err)
	if p.Status >= 500 {
		s.Log.Error("a page cannot be shown", "route", c.Route().Path, "err", err)
	}
	return s.render(c, p.Status, "sorry.html", p)
}
