package kiosk

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/problem"
)

// readerAnswer is what a networked reader is told. It is the same whoever's
// badge it was, and whatever the tap led to on the iPad.
type readerAnswer struct {
	Device   custody.DeviceID `json:"device"`
	Name     string           `json:"name"`
	Asks     string           `json:"asks"`
	Sentence string           `json:"sentence"`
}

// tapReader takes the tap at a dock or wall reader: the iPad's page goes on.
func (k *Kiosk) tapReader(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(k.Base, answerIn)
	defer cancel()
	reader, err := k.reader(ctx, c)
	if err != nil {
		return err
	}
	var body struct{ Badge string }
	if err := browser.JSON(c, &body, maxBody); err != nil {
		return err
	}
	if err := k.unhurried(ctx, "kiosk:reader:"+reader.ID); err != nil {
		return err
	}
	badge, err := k.badge(ctx, reader.Ward, body.Badge)
	if err != nil {
		return err
	}
	d, err := k.deviceFor(ctx, reader, badge)
	if err != nil {
		return err
	}
	policy, err := k.Ledger.Policy(ctx, d.Ward)
	if err != nil {
		return err
	}
	asks := asksPIN
	if policy.Fleet == custody.SharedGuest {
		asks = ""
	}
	return c.Status(fiber.StatusAccepted).JSON(readerAnswer{
		Device: d.ID, Name: d.Name, Asks: asks, Sentence: fmt.Sprintf("Go on at iPad %s.", d.Name),
	})
}

// reader authenticates a reader by its own credential. An unknown reader and a
// wrong credential get the same 401.
func (k *Kiosk) reader(ctx context.Context, c *fiber.Ctx) (ledger.Reader, error) {
	bearer, ok := strings.CutPrefix(c.Get(fiber.HeaderAuthorization), "Bearer ")
	reader, err := k.Ledger.Reader(ctx, strings.Clone(c.Params("id")))
	if err != nil && !errors.Is(err, custody.ErrNotFound) {
		return reader, err
	}
	sum := sha256.Sum256([]byte(bearer))
	if !ok || err != nil || subtle.ConstantTimeCompare(sum[:], reader.Credential) != 1 {
		c.Set(fiber.HeaderWWWAuthenticate, "Bearer")
		return reader, problem.New(fiber.StatusUnauthorized, "reader_unknown", "This reader is not known here. Ask IT to register it.")
	}
	return reader, nil
}

// deviceFor puts the tap on the docked iPad, or on a clean one of the ward for
// a reader on the wall.
func (k *Kiosk) deviceFor(ctx context.Context, reader ledger.Reader, badge []byte) (ledger.Device, error) {
	if reader.Device != "" {
		d, err := k.Ledger.Device(ctx, reader.Device)
		if err != nil {
			return d, err
		}
		twice, err := k.twice(ctx, string(d.ID), badge)
		if twice || err != nil {
			return d, err
		}
		if err := k.tapAt(ctx, d, badge); err != nil {
			return d, k.untapped(ctx, string(d.ID), badge, err)
		}
		return d, nil
	}
	// The second tap of a bouncing card must not take a second iPad.
	key := twiceKey("reader:"+reader.ID, badge)
	if id, err := k.Live.Get(ctx, key); err == nil {
		return k.Ledger.Device(ctx, custody.DeviceID(id))
	}
	d, ok := k.findClean(ctx, reader.Ward, "", func(id custody.DeviceID) bool {
		q, err := k.asked(ctx, id)
		return err == nil && q.Asks == "" // nobody else was just sent to it
	})
	if !ok {
		return d, problem.New(fiber.StatusConflict, "none_clean", "No iPad of this ward is clean just now. Ask your ward lead, or try again in a few minutes.")
	}
	if err := k.Live.Put(ctx, key, []byte(d.ID), k.DoubleTap); err != nil {
		return d, fmt.Errorf("taking a tap: %w", err)
	}
	if err := k.tapAt(ctx, d, badge); err != nil {
		return d, k.untapped(ctx, "reader:"+reader.ID, badge, err)
	}
	return d, nil
}

// tapAt is a tap at d, whose page is then told. What is refused is for the
// page to say: the reader's answer tells nothing.
func (k *Kiosk) tapAt(ctx context.Context, d ledger.Device, badge []byte) error {
	row, err := k.Ledger.Custody(ctx, d.ID)
	if err != nil {
		return err
	}
	policy, err := k.Ledger.Policy(ctx, row.Ward)
	if err != nil {
		return err
	}
	tap := k.tap
	if policy.Fleet == custody.SharedGuest && policy.BadgeAlone {
		tap = k.tapGuests
	}
	if err := tap(ctx, row, badge); err != nil && custody.Refused(err) == "" {
		return err
	}
	if err := k.Live.Say(ctx, d.ID, row.Ward, "tap"); err != nil {
		return fmt.Errorf("telling the page of a tap: %w", err)
	}
	return nil
}
