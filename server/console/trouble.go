package console

import (
	"context"
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
