package console

import (
	"context"
	"encoding/json"
	"errors"
	"html/template"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/problem"
)

// watch streams the pool view: a snapshot of all rows, then each row that
// changed, and with every beat the idle clocks. A stream that only watches
// does not prolong its session, and ends with it.
func (s *Console) watch(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(s.Base, answerIn)
	defer cancel()
	who, err := s.session(ctx, c, false)
	if err != nil {
		return err
	}
	ward, err := askedWard(c, who)
	if err != nil {
		return err
	}
	if c.Method() == fiber.MethodHead {
		return nil
	}
	pages := s.pages[browser.Speech(c, s.words)]
	return s.streams.Serve(s.Base, c, who.session, func(ctx context.Context, sink *browser.Sink) {
		changed, leave := s.Live.Subscribe(ward)
		defer leave()
		v := &viewer{console: s, pages: pages, sink: sink, who: who, ward: ward}
		browser.Pump(ctx, sink, changed, s.Beat,
			func(first bool, ids []custody.DeviceID) error {
				return v.within(ctx, func(ctx context.Context) error { return v.show(ctx, first, ids) })
			},
			func() error { return v.within(ctx, v.clocks) })
	})
}

// viewer is one open stream.
type viewer struct {
	console *Console
	pages   *template.Template // in the viewer's language
	sink    *browser.Sink
	who     asker
	ward    string
	slow    map[custody.DeviceID]bool   // told to be slow: time alone makes one so, and no change says it
	against map[custody.DeviceID]string // what was told against each device
	said    string                      // of the server's troubles
	told    bool

	waits     string // what waits for a second person, as it was told last
	toldWaits bool
	urgent    int // emergencies without a review, as they were told last
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
		v.console.Log.Warn("a pool view cannot be told what changed", "err", err)
	}
	return err
}

// show sends what changed; everything at first, and where it is not said what.
func (v *viewer) show(ctx context.Context, first bool, ids []custody.DeviceID) error {
	if first || slices.Contains(ids, "") {
		rows, err := v.console.rows(ctx, v.who, v.ward)
		if err != nil {
			return err
		}
		return v.send("snapshot", "rows", rows)
	}
	names := v.console.names()
	for _, id := range ids {
		d, err := v.console.one(ctx, v.who, id)
		if err != nil {
			p := problem.From(err)
			if p.Status == fiber.StatusForbidden || errors.Is(err, custody.ErrNotFound) {
				continue
			}
			return err
		}
		if v.ward != "" && d.custody.Ward != v.ward {
			continue
		}
		if err := v.send("device", "row", d.row(names(ctx, d.custody.Holder))); err != nil {
			return err
		}
	}
	return nil
}

func (v *viewer) send(event, template string, data any) error {
	var b strings.Builder
	if err := v.pages.ExecuteTemplate(&b, template, data); err != nil {
		return err
	}
	return v.sink.Event(event, b.String())
}

// clocks sends the idle clocks of the open sessions: a touch changes nothing
// else, and is in no feed.
func (v *viewer) clocks(ctx context.Context) error {
	if err := v.tellTroubles(); err != nil {
		return err
	}
	if err := v.tellApprovals(ctx); err != nil {
		return err
	}
	if n := v.console.urgent(ctx, v.who); n != v.urgent {
		v.urgent = n
		if err := v.send("urgent", "urgent", n); err != nil {
			return err
		}
	}
	loaded, err := v.console.load(ctx, v.who, v.ward)
	if err != nil {
		return err
	}
	clocks, names := map[custody.DeviceID][2]int64{}, v.console.names()
	slow := map[custody.DeviceID]bool{}
	for _, d := range loaded {
		if d.slow() != nil {
			slow[d.ID] = true
		}
		if v.troubled(d) || slow[d.ID] && !v.slow[d.ID] {
			if err := v.send("device", "row", d.row(names(ctx, d.custody.Holder))); err != nil {
				return err
			}
		}
		if d.open() {
			idle, lock := d.idle()
			clocks[d.ID] = [2]int64{idle, lock}
		}
	}
	v.slow = slow
	if len(clocks) == 0 {
		return nil
	}
	data, err := json.Marshal(clocks)
	if err != nil {
		return err
	}
	return v.sink.Event("clocks", string(data))
}
