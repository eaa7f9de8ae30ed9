// Package browser is what every page of ours needs against a browser's ways:
// strict headers, same-origin checks, bounded JSON, host-only cookies and
// event streams that end.
package browser

import (
	"time"

	"github.com/gofiber/fiber/v2"
)

// policy lets a page load our own files and talk to us, nothing else: no
// inline script or style, no frame, no foreign host (ASVS 5.0, 3.4.3).
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// permissions lets our own pages ask for passkeys, and no frame of another's
// (Web Authentication, 5.9).
const permissions = "publickey-credentials-get=(self), publickey-credentials-create=(self)"

// Headers sets what every answer to a browser carries. secure adds HSTS.
func Headers(secure bool) fiber.Handler {
	return func(c *fiber.Ctx) error {
		c.Set("Content-Security-Policy", policy)
		c.Set("Permissions-Policy", permissions)
		c.Set("Referrer-Policy", "no-referrer")
		c.Set("X-Content-Type-Options", "nosniff")
		c.Set("X-Frame-Options", "DENY")
		c.Set("Cross-Origin-Opener-Policy", "same-origin")
		c.Set("Cross-Origin-Resource-Policy", "same-origin")
		c.Set("Cache-Control", "no-store")
		if secure {
			c.Set("Strict-Transport-Security", "max-age=31536000")
		}
		return c.Next()
	}
}

// ClearSite has the browser drop what it kept of a session that ends: pages, and
// what scripts stored (ASVS 5.0, 14.3.1). Cookies are ended by name, for an iPad's
// own outlives its people.
func ClearSite(c *fiber.Ctx) { c.Set("Clear-Site-Data", `"cache", "storage"`) }

// CookieName is name as a browser binds it: to this host over https, or bare
// on a plain loopback address, where the prefix would be refused.
func CookieName(name string, secure bool) string {
	if secure {
		return "__Host-" + name
	}
	return name
}

// SetCookie sets a host-only cookie that scripts cannot read and no other
// site can send. maxAge is in seconds; 0 ends it with the browser, -1 at once.
func SetCookie(c *fiber.Ctx, name, value string, maxAge int, secure bool) {
	cookie := &fiber.Cookie{
		Name: CookieName(name, secure), Value: value, Path: "/", MaxAge: maxAge,
		SessionOnly: maxAge == 0, Secure: secure, HTTPOnly: true, SameSite: fiber.CookieSameSiteStrictMode,
	}
	if maxAge < 0 { // a Max-Age below 1 is left out of the header, so only a date ends it
		cookie.Expires = time.Unix(0, 0)
	}
	c.Cookie(cookie)
}
