package browser

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/problem"
	"github.com/padwarden/padwarden/server/words"
)

// languageCookie keeps the language that somebody chose in this browser.
const languageCookie = "language"

// Speech is the language of who asks: the one chosen in this browser, or what
// the browser says of its owner.
func Speech(c *fiber.Ctx, catalogue *words.Catalogue) *words.Speech {
	return catalogue.Match(c.Cookies(languageCookie), c.Get(fiber.HeaderAcceptLanguage))
}

// Say has problems said in the language of who asks.
func Say(catalogue *words.Catalogue) func(*fiber.Ctx, string) string {
	return func(c *fiber.Ctx, sentence string) string { return Speech(c, catalogue).Say(sentence) }
}

// ChooseLanguage keeps the form's language for a year and goes on to its page
// below under, or to under itself. It is open to all: a language is no secret.
func ChooseLanguage(catalogue *words.Catalogue, under string, secure bool) fiber.Handler {
	return func(c *fiber.Ctx) error {
		if err := SameOrigin(c, secure); err != nil {
			return err
		}
		chosen, next := c.FormValue("language"), c.FormValue("next")
		for _, s := range catalogue.All() {
			if s.Code() != chosen {
				continue
			}
			c.Cookie(&fiber.Cookie{Name: languageCookie, Value: s.Code(), Path: "/", MaxAge: 365 * 24 * 3600, Secure: secure, HTTPOnly: true, SameSite: fiber.CookieSameSiteStrictMode})
			if next != under && !strings.HasPrefix(next, under+"/") && !strings.HasPrefix(next, under+"?") || strings.ContainsAny(next, "\\\r\n") {
				next = under
			}
			return c.Redirect(next, fiber.StatusSeeOther)
		}
		return problem.New(fiber.StatusBadRequest, "language", "There is no such language here.")
	}
}
