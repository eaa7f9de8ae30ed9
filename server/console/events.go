package console

import (
	"context"
	"html/template"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/problem"
	"github.com/padwarden/padwarden/server/words"
)

// watch streams the pool view under its filter: each row that changes, and with
// every beat the idle clocks. A page says with ?since= which picture it was made
// of and is told what came after it; who was cut off is shown everything anew. A
// stream that only watches does not prolong its session, and ends with it.
func (s *Console) watch(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(s.Base, answerIn)
	defer cancel()
	who, err := s.session(ctx, c, false)
	if err != nil {
		return err
	}
	f, err := askedFilter(c, who)
	if err != nil {
		return err
	}
	if c.Method() == fiber.MethodHead {
		return nil
	}
	v := &seat{console: s, who: who, filter: f, speech: browser.Speech(c, s.words), seq: -1, beat: -1}
	if c.Get("Last-Event-ID") == "" {
		v.since = strings.Clone(c.Query("since"))
	}
	return s.streams.Serve(s.Base, c, who.session, func(ctx context.Context, sink *browser.Sink) {
		v.sink = sink
		v.serve(ctx)
	})
}

// viewer is an open stream of one device's ping.
type viewer struct {
	console *Console
	pages   *template.Template // in the viewer's language
	sink    *browser.Sink
	who     asker
}

// within does one thing of the stream in bounded time, for who is still signed in.
func (v *viewer) within(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	staff, err := v.console.Identity.StaffSession(ctx, v.who.session, false)
	if err != nil {
		return err
	}
	v.who.Staff = staff
	err = do(ctx)
	if err != nil && problem.From(err).Status >= 500 {
		v.console.Log.Warn("a page cannot be told what changed", "err", err)
	}
	return err
}

func (v *viewer) send(event, template string, data any) error {
	var b strings.Builder
	if err := v.pages.ExecuteTemplate(&b, template, data); err != nil {
		return err
	}
	return v.sink.Event(event, b.String())
}

// fragment is a part of a page in one language.
func (s *Console) fragment(in *words.Speech, template string, data any) (string, error) {
	var b strings.Builder
	err := s.pages[in].ExecuteTemplate(&b, template, data)
	return b.String(), err
}
