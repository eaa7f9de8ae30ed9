package browser

import (
	"context"
	"io"
	"net/http/httptest"
	"testing"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/problem"
)

func TestStreamsAreBounded(t *testing.T) {
	s := Streams{Total: 5, Each: 2}
	var leave []func()
	for _, owner := range []string{"a", "a", "b", "b", "c"} {
		l, err := s.take(owner)
		if err != nil {
			t.Fatalf("%s: %v", owner, err)
		}
		leave = append(leave, l)
	}
	for _, owner := range []string{"a", "c", "d"} {
		if _, err := s.take(owner); problem.From(err).Status != 503 {
			t.Errorf("one too many for %s: %v", owner, err)
		}
	}
	leave[4]() // c
	if _, err := s.take("a"); err == nil {
		t.Error("a has a third")
	}
	for _, l := range leave[:4] {
		l()
	}
	if s.all != 0 || len(s.open) != 0 {
		t.Errorf("all left, and still %d, %v", s.all, s.open)
	}
}

// A stream that ended has given its place back, and its connection is not used again.
func TestAStreamGivesItsPlaceBack(t *testing.T) {
	s := Streams{Total: 1, Each: 1}
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/", func(c *fiber.Ctx) error {
		return s.Serve(t.Context(), c, "a", func(_ context.Context, sink *Sink) { _ = sink.Event("x", "one\ntwo") })
	})
	for n := range 3 {
		answer, err := app.Test(httptest.NewRequest("GET", "/", nil), 5000)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || answer.StatusCode != 200 || !answer.Close || string(body) != retryMillis+"event: x\ndata: one\ndata: two\n\n" {
			t.Errorf("stream %d: %d, closes %v, %q, %v", n+1, answer.StatusCode, answer.Close, body, err)
		}
	}
}
