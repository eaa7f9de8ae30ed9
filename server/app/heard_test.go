package app

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
)

// A reader is heard when it comes with its credential, and by nobody else's word.
func TestReadersAreHeard(t *testing.T) {
	l := ledgertest.Open(t, ledgertest.SQLite(t))
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(l.AddWard(t.Context(), ledger.Ward{ID: "4B"}))
	for _, id := range []string{"good", "bad"} {
		must(l.AddReader(t.Context(), ledger.Reader{ID: id, Ward: "4B", Credential: []byte(id)}))
	}
	now := time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)
	h := newHeard(l, func() time.Time { return now })
	app := fiber.New(fiber.Config{Immutable: true})
	app.Use("/api/v1/readers/:id/tap", h.listen)
	app.Post("/api/v1/readers/:id/tap", func(c *fiber.Ctx) error {
		return c.SendStatus(map[string]int{"good": http.StatusConflict, "bad": http.StatusUnauthorized, "sick": http.StatusInternalServerError}[c.Params("id")])
	})
	for range 2 * heardWaiting { // more than may wait: all but the first are within a minute
		for _, id := range []string{"good", "bad", "sick"} {
			answer, err := app.Test(httptest.NewRequest(http.MethodPost, "/api/v1/readers/"+id+"/tap", nil))
			must(err)
			_ = answer.Body.Close()
		}
	}
	if len(h.queue) != 1 || len(h.last) != 1 {
		t.Errorf("%d wait, and %d are remembered", len(h.queue), len(h.last))
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { h.keep(ctx); close(done) }()
	for r := (ledger.Reader{}); r.Heard.IsZero(); {
		var err error
		r, err = l.Reader(t.Context(), "good")
		must(err)
	}
	stop()
	<-done
	if r, err := l.Reader(t.Context(), "bad"); err != nil || !r.Heard.IsZero() {
		t.Errorf("who has not the credential was heard: %+v %v", r, err)
	}
}
