package browser

import (
	"net/http/httptest"
	"testing"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/problem"
)

// Over https the page itself came over https: an origin of the same name on
// plain http may be anybody on the way.
func TestSameOriginOverHTTPS(t *testing.T) {
	for _, c := range []struct {
		origin, site string
		secure, ok   bool
	}{
		{"https://example.com", "", true, true},
		{"http://example.com", "", true, false},
		{"http://example.com", "", false, true},
		{"https://example.com:8443", "", true, false},
		{"https://example.com.evil.example", "", true, false},
		{"https://evil.example/https://example.com", "", true, false},
		{"https://example.com", "same-site", true, false},
		{"null", "", true, false},
		{"null", "same-origin", true, true},
		{"", "none", true, false},
		{"", "", true, false},
	} {
		app := fiber.New(fiber.Config{DisableStartupMessage: true})
		app.Post("/", problem.Handler(nil), func(ctx *fiber.Ctx) error { return SameOrigin(ctx, c.secure) })
		r := httptest.NewRequest("POST", "/", nil)
		for name, value := range map[string]string{"Origin": c.origin, "Sec-Fetch-Site": c.site} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		answer, err := app.Test(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if want := map[bool]int{true: 200, false: 403}[c.ok]; answer.StatusCode != want {
			t.Errorf("%+v: %d", c, answer.StatusCode)
		}
	}
}
