package console

import (
	"context"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/custody"
)

// Trouble is what stands in the way of a device, or of the whole server, in a
// sentence for people that has a way out in it.
type Trouble struct {
	Kind     string    `json:"kind"` // one of a fixed set of words
	Sentence string    `json:"sentence"`
	Since    time.Time `json:"since,omitzero"`
	Severe   bool      `json:"severe"` // it is so already; otherwise it will be
}

// registerTroubles adds the API's route on the server's own troubles.
func (s *Console) registerTroubles(r fiber.Router, handlers ...fiber.Handler) {
	r.Group("/api/v1/troubles", handlers...).Get("/", s.api(s.listTroubles))
}

// listTroubles answers {"troubles": […]}: what the whole server has, worst
// first. It names no device and no person, so everybody who is signed in may read it.
func (s *Console) listTroubles(_ context.Context, c *fiber.Ctx, _ asker) error {
	return c.JSON(fiber.Map{"troubles": append([]Trouble{}, s.serverTroubles()...)})
}

func (s *Console) serverTroubles() []Trouble {
	if s.Troubles == nil {
		return nil
	}
	return s.Troubles()
}

// KindPush is a device's trouble with being woken.
const KindPush = "push"

// trouble reads what is known against a device. A retired one is nobody's
// concern, and one that went to be erased gave its push token up with the rest.
func (s *Console) trouble(d *device) {
	c := d.custody
	if s.DeviceTroubles == nil || c.State == custody.Retired {
		return
	}
	away := c.Risk.Erase && (c.Proof.Rung == custody.ProofHandedOver || c.Proof.Rung == custody.ProofAcknowledged)
	for _, t := range s.DeviceTroubles(c.Device) {
		if t.Kind != KindPush || !away {
			d.troubles = append(d.troubles, t)
		}
	}
}

// sentences is what is known against a device as one text, to see it change.
func sentences(all []Trouble) string {
	var b strings.Builder
	for _, t := range all {
		b.WriteString(t.Sentence + "\n")
	}
	return b.String()
}

// tellTroubles sends the server's troubles when they are others than this
// stream was told last.
func (v *viewer) tellTroubles() error {
	all := v.console.serverTroubles()
	if said := sentences(all); said != v.said || !v.told {
		v.said, v.told = said, true
		return v.send("troubles", "troubles", all)
	}
	return nil
}

// troubled reports whether a device has come into trouble, or out of it, since
// this stream was told last: no change of its custody says so.
func (v *viewer) troubled(d device) bool {
	now := sentences(d.troubles)
	was := v.against[d.ID]
	if now == was {
		return false
	}
	if v.against == nil {
		v.against = map[custody.DeviceID]string{}
	}
	if v.against[d.ID] = now; now == "" {
		delete(v.against, d.ID)
	}
	return true
}
