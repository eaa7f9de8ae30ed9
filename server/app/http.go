package app

import (
	"context"
	"net/http"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/gofiber/fiber/v2/middleware/recover"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/console"
	"github.com/padwarden/padwarden/server/kiosk"
	"github.com/padwarden/padwarden/server/problem"
	"github.com/padwarden/padwarden/web"
)

// Bounds of a request. A device's Mdm-Signature header alone is up to 2.4 KB.
const (
	maxHeaders = 32 << 10
	maxBody    = 384 << 10 // a webhook wraps a device's message of 256 KiB in base64
	readIn     = 30 * time.Second
	idleFor    = 2 * time.Minute
)

// serve mounts every route on one fiber app. Answers have no write timeout
// here because event streams last; each of their flushes has a deadline.
func (a *App) serve(k *kiosk.Kiosk, c *console.Console) {
	a.http = fiber.New(fiber.Config{
		AppName: "padwarden", DisableStartupMessage: true,
		// Strings of a request outlive it here: without this they would be
		// overwritten by the next one.
		Immutable:      true,
		ReadBufferSize: maxHeaders, BodyLimit: maxBody, ReadTimeout: readIn, IdleTimeout: idleFor,
		ErrorHandler: func(c *fiber.Ctx, err error) error { return problem.Write(c, problem.From(err)) },
	})
	a.takeImports()
	a.http.Use(recover.New(), a.meters.request, a.keepApart)
	a.http.Get("/healthz", func(c *fiber.Ctx) error { return c.SendString("ok\n") })
	a.http.Get("/readyz", a.readyz)
	a.http.Get("/metrics", adaptor.HTTPHandler(promhttp.HandlerFor(a.meters.registry, promhttp.HandlerOpts{})))
	a.http.Get("/", func(c *fiber.Ctx) error { return c.Redirect("/console", http.StatusSeeOther) })
	a.Engine.Mount(a.http)
	browser.Static(a.http, web.FS)
	a.heard = newHeard(a.Ledger, time.Now)
	a.http.Use("/api/v1/readers/:id/tap", a.heard.listen)
	k.Register(a.http)
	c.Register(a.http)
}

// readyz says in a sentence what the server cannot rely on, with 503.
func (a *App) readyz(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(a.streams, 2*time.Second)
	defer cancel()
	for _, ready := range []func() error{
		func() error { return a.Ledger.Ping(ctx) },
		func() error { return a.Live.Ready(ctx) },
		a.Steward.Ready,
	} {
		if err := ready(); err != nil {
			return c.Status(http.StatusServiceUnavailable).SendString("not ready: " + err.Error() + "\n")
		}
	}
	said := "ready\n"
	for _, t := range a.pushTroubles() { // every server has it: taking this one out would help nobody
		said += t.Sentence + "\n"
	}
	return c.SendString(said)
}
