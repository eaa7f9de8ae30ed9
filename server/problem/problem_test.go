package problem

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/custody"
)

func TestErrorsBecomeProblems(t *testing.T) {
	secret := errors.New("dial tcp 10.1.2.3:5432: password authentication failed")
	for err, want := range map[error]int{
		&custody.Refusal{Code: "in_use", Sentence: "In use. Use another iPad."}: 409,
		custody.ErrNotFound:       404,
		custody.ErrStale:          409,
		custody.ErrLocked:         409,
		custody.ErrUnavailable:    503,
		custody.ErrLost:           503,
		context.DeadlineExceeded:  503,
		fiber.ErrNotFound:         404,
		secret:                    500,
		New(429, "slow", "Wait."): 429,
	} {
		var log strings.Builder
		app := fiber.New(fiber.Config{DisableStartupMessage: true})
		app.Get("/", Handler(slog.New(slog.NewTextHandler(&log, nil))), func(*fiber.Ctx) error { return fmt.Errorf("doing it: %w", err) })
		answer, e := app.Test(httptest.NewRequest("GET", "/", nil))
		if e != nil {
			t.Fatal(e)
		}
		body, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		text := string(body)
		if answer.StatusCode != want || answer.Header.Get("Content-Type") != ContentType ||
			!strings.Contains(text, `"type":"about:blank"`) || !strings.Contains(text, `"code":"`) {
			t.Errorf("%v: %d %s", err, answer.StatusCode, text)
		}
		if strings.Contains(text, "10.1.2.3") || strings.Contains(text, "doing it") {
			t.Errorf("the inside is told: %s", text)
		}
		if (want >= 500) != strings.Contains(log.String(), "doing it") {
			t.Errorf("%v: logged %q", err, log.String())
		}
	}
}
