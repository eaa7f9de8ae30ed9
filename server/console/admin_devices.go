package console

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/provision"
)

// devicesPage is how many iPads a page of the list has.
const devicesPage = 50

func (s *Console) registerDevices(r fiber.Router) {
	r.Get("/admin/devices", s.page(s.administered(s.showDevices)))
	r.Post("/admin/devices", s.change(s.administered(s.addDevice)))
	r.Post("/admin/devices/:id/rename", s.change(s.administered(s.renameDevice)))
	r.Post("/admin/devices/:id/move", s.change(s.administered(s.moveDevice)))
}

// deviceLine is an iPad on the list.
type deviceLine struct {
	ledger.Kept
	WardName                        string
	State                           custody.State
	Epoch                           int64
	Moves, Enrols, Retires, Returns bool // what can be done to it now
}

// devicesAsked is which iPads are looked for; all of it is in the address.
type devicesAsked struct {
	Text, Ward string
	State      custody.State
	Page       int
}

func askedDevices(c *fiber.Ctx) devicesAsked {
	a := devicesAsked{Text: strings.Clone(c.Query("q")), Ward: strings.Clone(c.Query("ward")), State: custody.State(strings.Clone(c.Query("state")))}
	if page, err := strconv.Atoi(c.Query("page")); err == nil {
		a.Page = min(max(page, 0), 1_000_000)
	}
	if len(a.Text) > 200 {
		a.Text = strings.ToValidUTF8(a.Text[:200], "")
	}
	if !slices.Contains(summary, a.State) {
		a.State = ""
	}
	return a
}

// address is of another page of what is looked for.
func (a devicesAsked) address(page int) string {
	q := url.Values{}
	for name, value := range map[string]string{"q": a.Text, "ward": a.Ward, "state": string(a.State)} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if page > 0 {
		q.Set("page", strconv.Itoa(page))
	}
	return "/console/admin/devices?" + q.Encode()
}

func (s *Console) showDevices(ctx context.Context, c *fiber.Ctx, who asker) error {
	wards, err := s.seen(ctx, who)
	if err != nil {
		return err
	}
	a := askedDevices(c)
	search := ledger.DeviceSearch{Text: a.Text, State: a.State, Offset: a.Page * devicesPage, Limit: devicesPage}
	names, policies := map[string]string{}, map[string]custody.Policy{}
	for _, w := range wards {
		names[w.ID], policies[w.ID] = w.Name, w.Policy
		if a.Ward == "" || a.Ward == w.ID {
			search.Wards = append(search.Wards, w.ID)
		}
	}
	found, all, err := s.Administration.Kept.FindDevices(ctx, search)
	if err != nil {
		return err
	}
	lines := make([]deviceLine, len(found))
	for i, d := range found {
		line := deviceLine{Kept: d, WardName: names[d.Ward], State: custody.Shown(d.Custody, policies[d.Ward]), Epoch: d.Custody.Epoch}
		line.Moves = slices.Contains([]custody.State{custody.Clean, custody.Unproven, custody.Enrolling, custody.Retired, custody.Reset}, line.State)
		line.Enrols = s.EnrolmentLink != nil && enrols(d.Custody.State)
		line.Retires = allowed(who, identity.Retire, d.Ward) == nil && (line.State == custody.Clean || line.State == custody.Enrolling)
		line.Returns = allowed(who, identity.Retire, d.Ward) == nil && d.Custody.State == custody.Retired
		lines[i] = line
	}
	page := s.adminPage(who, identity.Provision)
	from := search.Offset + 1
	data := map[string]any{"Who": page.Who, "CSRF": page.CSRF, "May": page.May, "Wards": wards, "Asked": a, "Devices": lines,
		"All": int(all), "From": from, "To": search.Offset + len(lines), "States": []custody.State{custody.Clean, custody.InUse, custody.Locked, custody.Wiping, custody.Unproven, custody.Lost, custody.Enrolling, custody.Retired}}
	if a.Page > 0 {
		data["Back"] = a.address(a.Page - 1)
	}
	if int64(search.Offset+len(lines)) < all {
		data["More"] = a.address(a.Page + 1)
	}
	return s.render(c, fiber.StatusOK, "admin-devices.html", data)
}

// deviceAsked is the body of a change of an iPad.
type deviceAsked struct {
	Serial, Name, Ward, Why string
	Epoch                   *int64
}

func askedOfDevice(c *fiber.Ctx) (a deviceAsked, err error) {
	if err := browser.JSON(c, &a, maxBody); err != nil {
		return a, err
	}
	for _, s := range []*string{&a.Serial, &a.Name, &a.Ward, &a.Why} {
		*s = strings.TrimSpace(*s)
	}
	return a, tooLong(a.Why)
}

func (s *Console) addDevice(ctx context.Context, c *fiber.Ctx, who asker) error {
	if err := mayProvision(who); err != nil {
		return err
	}
	a, err := askedOfDevice(c)
	if err != nil {
		return err
	}
	device := ledger.Device{ID: custody.DeviceID(a.Serial), Name: a.Name, Ward: a.Ward}
	if err := s.Administration.Estate.AddDevice(ctx, device, provision.Deed{By: who.Actor(), Why: a.Why}); err != nil {
		return err
	}
	s.Log.Info("an iPad was added", "device", device.ID, "ward", device.Ward, "staff", who.Name)
	return c.JSON(fiber.Map{"id": device.ID})
}

// deviceOf is the iPad of the path, whose ward the asker must be allowed to change iPads on.
func (s *Console) deviceOf(ctx context.Context, c *fiber.Ctx, who asker) (custody.Custody, deviceAsked, error) {
	row, err := s.Administration.Kept.Custody(ctx, deviceID(c))
	if err != nil {
		return row, deviceAsked{}, err
	}
	if err := allowed(who, identity.Provision, row.Ward); err != nil {
		return row, deviceAsked{}, err
	}
	a, err := askedOfDevice(c)
	return row, a, err
}

func (s *Console) renameDevice(ctx context.Context, c *fiber.Ctx, who asker) error {
	row, a, err := s.deviceOf(ctx, c, who)
	if err != nil {
		return err
	}
	if err := s.Administration.Estate.RenameDevice(ctx, row.Device, a.Name, provision.Deed{By: who.Actor(), Why: a.Why}); err != nil {
		return err
	}
	s.Log.Info("an iPad was renamed", "device", row.Device, "staff", who.Name)
	return c.JSON(fiber.Map{})
}

func (s *Console) moveDevice(ctx context.Context, c *fiber.Ctx, who asker) error {
	row, a, err := s.deviceOf(ctx, c, who)
	if err != nil {
		return err
	}
	if a.Ward == "" {
		return badRequest("ward", "Choose the ward that it moves to.")
	}
	if a.Epoch != nil && *a.Epoch != row.Epoch {
		return custody.ErrStale
	}
	if err := allowed(who, identity.Provision, a.Ward); err != nil {
		return err
	}
	next, err := s.Administration.Estate.MoveDevice(ctx, row.Device, a.Ward, row.Epoch, provision.Deed{By: who.Actor(), Why: a.Why})
	if err != nil {
		return err
	}
	s.Log.Info("an iPad was moved", "device", row.Device, "from", row.Ward, "to", a.Ward, "staff", who.Name)
	return c.JSON(fiber.Map{"state": next.State, "ward": next.Ward})
}
