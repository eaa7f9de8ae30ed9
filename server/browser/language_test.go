package browser

import (
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/problem"
	"github.com/padwarden/padwarden/server/words"
)

// A language is chosen by our own page, kept, and leads on to our own pages only.
func TestALanguageIsChosen(t *testing.T) {
	catalogue, err := words.Load(fstest.MapFS{"words/de/a.json": {Data: []byte(`{"There is no such language here.": "Diese Sprache gibt es hier nicht."}`)}})
	if err != nil {
		t.Fatal(err)
	}
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Use(problem.HandlerIn(nil, Say(catalogue)))
	app.Post("/console/language", ChooseLanguage(catalogue, "/console", false))
	for _, c := range []struct{ site, form, location, says string }{
		{"same-origin", "language=de&next=/console/people?page=2", "/console/people?page=2", ""},
		{"same-origin", "language=de&next=/console?ward=4B", "/console?ward=4B", ""},
		{"same-origin", "language=de&next=//evil.example", "/console", ""},
		{"same-origin", "language=de&next=/console/\\evil", "/console", ""},
		{"same-origin", "language=de&next=/consoles.example", "/console", ""},
		{"same-origin", "language=de", "/console", ""},
		{"same-origin", "language=xx", "", "Diese Sprache"},
		{"cross-site", "language=de", "", "was not asked by the page itself"},
	} {
		r := httptest.NewRequest("POST", "/console/language", strings.NewReader(c.form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", c.site)
		r.Header.Set("Accept-Language", "de")
		answer, err := app.Test(r)
		if err != nil {
			t.Fatal(err)
		}
		body := make([]byte, 1000)
		n, _ := answer.Body.Read(body)
		_ = answer.Body.Close()
		kept := strings.HasPrefix(answer.Header.Get("Set-Cookie"), "language=de;")
		if got := answer.Header.Get("Location"); got != c.location || kept != (c.location != "") || !strings.Contains(string(body[:n]), c.says) {
			t.Errorf("%s %s: %d to %q, kept %v: %s", c.site, c.form, answer.StatusCode, got, kept, body[:n])
		}
	}
}
