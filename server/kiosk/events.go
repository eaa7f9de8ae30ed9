package kiosk

import (
	"context"
	"encoding/json"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
)

// events streams the page's state: at once, and whenever something happened to
// the device. The page counts down by itself, so nothing is sent while only
// time passes. The cookie is looked at again with every event and beat: an
// enrolment that ends ends its pages.
func (k *Kiosk) events(c *fiber.Ctx) error {
	cookie := k.cookie(c)
	ctx, cancel := context.WithTimeout(k.Base, answerIn)
	defer cancel()
	row, err := k.authenticate(ctx, cookie)
	if err != nil {
		return err
	}
	if c.Method() == fiber.MethodHead {
		return nil
	}
	return k.streams.Serve(k.Base, c, string(row.Device), func(ctx context.Context, sink *browser.Sink) {
		changed, leave := k.Live.SubscribeDevice(row.Device)
		defer leave()
		show := func(bool, []custody.DeviceID) error { return k.send(ctx, sink, cookie) }
		idle := func() error {
			ctx, cancel := context.WithTimeout(ctx, answerIn)
			defer cancel()
			_, err := k.authenticate(ctx, cookie)
			return err
		}
		browser.Pump(ctx, sink, changed, k.Beat, show, idle)
	})
}

// send sends the state. A state that cannot be read ends the stream: the page
// says so and asks again.
func (k *Kiosk) send(ctx context.Context, sink *browser.Sink, cookie string) error {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	row, err := k.authenticate(ctx, cookie)
	if err != nil {
		return err
	}
	s, err := k.state(ctx, row)
	if err != nil {
		k.Log.Warn("a page cannot be told its state", "device", row.Device, "err", err)
		return err
	}
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return sink.Event("state", string(data))
}
