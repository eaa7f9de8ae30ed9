package kiosk

import (
	"bytes"
	"context"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/problem"
)

// showPage renders the page as the device's state is now; its script goes on
// from there.
func (k *Kiosk) showPage(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(k.Base, answerIn)
	defer cancel()
	row, err := k.authenticate(ctx, k.cookie(c))
	if err != nil {
		return k.sorry(c, err)
	}
	s, err := k.state(ctx, row)
	if err != nil {
		return k.sorry(c, err)
	}
	return k.render(c, fiber.StatusOK, "page.html", s.in(browser.Speech(c, k.words)))
}

// sorry says in a page of its own why there is none.
func (k *Kiosk) sorry(c *fiber.Ctx, err error) error {
	p := problem.From(err)
	if p.Status >= 500 {
		k.Log.Error("a page cannot be shown", "route", c.Route().Path, "err", err)
	}
	return k.render(c, p.Status, "sorry.html", p)
}

func (k *Kiosk) render(c *fiber.Ctx, status int, name string, data any) error {
	var b bytes.Buffer
	if err := k.pages[browser.Speech(c, k.words)].ExecuteTemplate(&b, name, data); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	return c.Status(status).Send(b.Bytes())
}
