package kiosk

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/words"
)

// looks is how many beats pass between two looks at the cookie: an enrolment
// that ended ends its pages soon enough, and the ledger is spared.
const looks = 5

// events streams the page's state: at once, and whenever something happened to
// the device. The page counts down by itself, so while only time passes nothing
// is sent but a beat, in milliseconds until the next: a page that misses it
// knows that its line is dead. The cookie is looked at again with every event,
// and with every few beats.
func (k *Kiosk) events(c *fiber.Ctx) error {
	cookie, speech := k.cookie(c), browser.Speech(c, k.words)
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
		beats, beat := 0, strconv.FormatInt(k.Beat.Milliseconds(), 10)
		show := func(first bool, _ []custody.DeviceID) error {
			if first {
				if err := sink.Event("beat", beat); err != nil {
					return err
				}
			}
			return k.send(ctx, sink, cookie, speech)
		}
		idle := func() error {
			if err := sink.Event("beat", beat); err != nil {
				return err
			}
			if beats++; beats%looks != 0 {
				return nil
			}
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
func (k *Kiosk) send(ctx context.Context, sink *browser.Sink, cookie string, speech *words.Speech) error {
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
	data, err := json.Marshal(s.in(speech))
	if err != nil {
		return err
	}
	return sink.Event("state", string(data))
}
