package console

import (
	"context"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/problem"
)

// deviceJSON is a device in the API. State is what holds now: locked as soon
// as live has closed the session. Custody is the durable row.
type deviceJSON struct {
	ID         custody.DeviceID `json:"id"`
	Name       string           `json:"name"`
	Ward       string           `json:"ward"`
	Model      string           `json:"model"`
	OSVersion  string           `json:"os_version"`
	State      custody.State    `json:"state"`
	Epoch      int64            `json:"epoch"`
	Version    int64            `json:"version"`
	Holder     string           `json:"holder,omitempty"` // a name
	Open       bool             `json:"open"`
	Warned     bool             `json:"warned"`
	IdleMs     int64            `json:"idle_ms"`
	LockInMs   int64            `json:"lock_in_ms"`
	Since      time.Time        `json:"since"`
	Evidence   string           `json:"evidence"`
	Lock       lockJSON         `json:"lock"`
	Wipe       wipeJSON         `json:"wipe"`
	Slow       *slowJSON        `json:"slow,omitempty"`
	Reason     string           `json:"reason,omitempty"`
	Troubles   []Trouble        `json:"troubles,omitempty"` // known against it beside its custody
	Profiles   *profilesView    `json:"profiles,omitempty"` // of one device only
	CustodyRow custody.Custody  `json:"custody"`
}

func (s *Console) json(ctx context.Context, d device, name func(context.Context, string) string) deviceJSON {
	r := d.row(name(ctx, d.custody.Holder))
	idle, lock := d.clock()
	return deviceJSON{
		ID: d.ID, Name: d.Name, Ward: r.Ward, Model: d.Model, OSVersion: d.OSVersion,
		State: r.State, Epoch: r.Epoch, Version: r.Version, Holder: r.Holder,
		Open: r.Open, Warned: r.Warned, IdleMs: idle, LockInMs: lock,
		Since: r.Since, Evidence: r.Evidence, Lock: d.lockJSON(), Wipe: d.wipeJSON(), Slow: d.slowJSON(), Reason: d.custody.Reason, Troubles: d.troubles, CustodyRow: d.custody,
	}
}

// listDevices answers {"devices": […]}, of one ward with ?ward=.
func (s *Console) listDevices(ctx context.Context, c *fiber.Ctx, who asker) error {
	ward, err := askedWard(c, who)
	if err != nil {
		return err
	}
	loaded, err := s.load(ctx, who, ward)
	if err != nil {
		return err
	}
	names := s.names()
	list := make([]deviceJSON, len(loaded))
	for i, d := range loaded {
		list[i] = s.json(ctx, d, names)
	}
	return c.JSON(fiber.Map{"devices": list})
}

func (s *Console) oneDevice(ctx context.Context, c *fiber.Ctx, who asker) error {
	d, err := s.one(ctx, who, deviceID(c))
	if err != nil {
		return err
	}
	one := s.json(ctx, d, s.names())
	one.Profiles = s.profiles(ctx, d.ID)
	return c.JSON(one)
}

// entryJSON is a history entry exactly as it was sealed, and its place: with
// seq left out its JSON is what custody.VerifyChain is given.
type entryJSON struct {
	Seq int64 `json:"seq"`
	custody.Entry
}

// history answers {"device", "head", "entries": […]}: up to ?limit= entries
// after ?after=, oldest first. Head is the hash that the whole history ends in.
func (s *Console) history(ctx context.Context, c *fiber.Ctx, who asker) error {
	d, err := s.one(ctx, who, deviceID(c))
	if err != nil {
		return err
	}
	after, err := number(c, "after", 0)
	if err != nil {
		return err
	}
	limit, err := number(c, "limit", maxHistory)
	if err != nil {
		return err
	}
	recorded, err := s.Ledger.History(ctx, d.ID, after, int(min(limit, maxHistory)))
	if err != nil {
		return err
	}
	entries := make([]entryJSON, len(recorded))
	for i, r := range recorded {
		entries[i] = entryJSON{Seq: r.Seq, Entry: r.Entry}
	}
	return c.JSON(fiber.Map{"device": d.ID, "head": d.custody.Head, "entries": entries})
}

// number reads a query parameter that is a count.
func number(c *fiber.Ctx, name string, unless int64) (int64, error) {
	text := c.Query(name)
	if text == "" {
		return unless, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, problem.New(fiber.StatusBadRequest, problem.CodeBadRequest, name+" must be a number of 0 or more.")
	}
	return n, nil
}
