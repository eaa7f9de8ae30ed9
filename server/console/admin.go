package console

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/problem"
	"github.com/padwarden/padwarden/server/provision"
)

// Kept is what the pages of administration read.
type Kept interface {
	Wards(ctx context.Context) ([]ledger.Ward, error)
	RemovedWards(ctx context.Context) ([]ledger.Ward, error)
	Ward(ctx context.Context, id string) (ledger.Ward, error)
	WardLog(ctx context.Context, ward string, limit int) ([]ledger.WardDeed, error)
	Count(ctx context.Context) (map[string]ledger.Numbers, error)
	FindDevices(ctx context.Context, s ledger.DeviceSearch) ([]ledger.Kept, int64, error)
	Custody(ctx context.Context, id custody.DeviceID) (custody.Custody, error)
	Readers(ctx context.Context) ([]ledger.Reader, error)
	Reader(ctx context.Context, id string) (ledger.Reader, error)
}

// Estate changes wards, iPads and readers.
type Estate interface {
	AddWard(ctx context.Context, w ledger.Ward, d provision.Deed) error
	ChangeWard(ctx context.Context, id string, version int64, name string, p custody.Policy, d provision.Deed) error
	RemoveWard(ctx context.Context, id string, version int64, d provision.Deed) error
	RestoreWard(ctx context.Context, id string, d provision.Deed) error
	AddDevice(ctx context.Context, device ledger.Device, d provision.Deed) error
	RenameDevice(ctx context.Context, id custody.DeviceID, name string, d provision.Deed) error
	MoveDevice(ctx context.Context, id custody.DeviceID, to string, epoch int64, d provision.Deed) (custody.Custody, error)
	AddReader(ctx context.Context, r ledger.Reader, d provision.Deed) (string, error)
	RenewReader(ctx context.Context, id string, d provision.Deed) (string, error)
	TieReader(ctx context.Context, id string, device custody.DeviceID, d provision.Deed) error
	RemoveReader(ctx context.Context, id string, d provision.Deed) error
}

// Administration is what there is to administer.
type Administration struct {
	Kept   Kept
	Estate Estate
	System func(ctx context.Context) []SystemPart // nil: nothing is told of it
}

func (s *Console) registerAdmin(r fiber.Router) {
	r.Get("/admin", s.page(s.administered(s.showAdmin)))
	s.registerWards(r)
	s.registerDevices(r)
	s.registerReaders(r)
	r.Get("/admin/system", s.page(s.administered(s.showSystem)))
}

// administered lets in whoever looks after something, or looks at all of it.
func (s *Console) administered(next handler) handler {
	return func(ctx context.Context, c *fiber.Ctx, who asker) error {
		if err := somewhere(who, identity.View); err != nil {
			return err
		}
		if s.Administration == nil {
			return problem.New(fiber.StatusConflict, "admin", "This server has nothing to administer.")
		}
		return next(ctx, c, who)
	}
}

// adminPage is what every page of administration has.
type adminPage struct {
	Who  identity.Staff
	CSRF string
	// May: the asker may change what is shown, and does not only look.
	May bool
}

func (s *Console) adminPage(who asker, action identity.Action) adminPage {
	return adminPage{Who: who.Staff, CSRF: s.Identity.CSRF(who.session), May: allowed(who, action, "") == nil}
}

// seen are the wards that the asker may look at.
func (s *Console) seen(ctx context.Context, who asker) ([]ledger.Ward, error) {
	all, err := s.Administration.Kept.Wards(ctx)
	return slices.DeleteFunc(all, func(w ledger.Ward) bool { return allowed(who, identity.View, w.ID) != nil }), err
}

// fieldNews is what is said of a field of the editor. Anew: in place of what was said.
type fieldNews struct {
	Name, Says string
	Anew       bool
}

// officeEnd is the foot of a question: what its button says and where it goes.
type officeEnd struct {
	Path   string
	Does   any
	Danger bool
}

// card is a way on from the index, with how things stand there.
type card struct {
	Path, Icon, Title, Says string
	Number                  string
	State                   string // a sentence; empty: none
	Bad                     bool
}

func (s *Console) showAdmin(ctx context.Context, c *fiber.Ctx, who asker) error {
	wards, err := s.seen(ctx, who)
	if err != nil {
		return err
	}
	numbers, err := s.Administration.Kept.Count(ctx)
	if err != nil {
		return err
	}
	readers, silent, err := s.readersSeen(ctx, who)
	if err != nil {
		return err
	}
	devices := 0
	for _, w := range wards {
		devices += numbers[w.ID].Devices
	}
	cards := []card{
		{Path: "/console/admin/wards", Icon: "ward", Title: "Wards and policies", Says: "When iPads lock, what counts as clean, who gets in.", Number: fmt.Sprint(len(wards))},
		{Path: "/console/admin/devices", Icon: "ipad", Title: "iPads", Says: "Which there are, what they are called, and where they belong.", Number: fmt.Sprint(devices)},
		{Path: "/console/admin/readers", Icon: "reader", Title: "Badge readers", Says: "On docks and walls, and when each was heard last.", Number: fmt.Sprint(readers)},
		{Path: "/console/people", Icon: "people", Title: "People and badges", Says: "Who may sign in at iPads, and with what."},
	}
	if silent > 0 {
		cards[2].State, cards[2].Bad = fmt.Sprintf("Not heard for a day: %d", silent), true
	}
	if who.Role == identity.Administrator {
		more, err := s.administratorCards(ctx)
		if err != nil {
			return err
		}
		cards = append(cards, more...)
	}
	if allowed(who, identity.View, "") == nil {
		system := card{Path: "/console/admin/system", Icon: "server", Title: "System", Says: "Certificates, databases, and what stands in the way.", State: "Nothing stands in the way."}
		if troubles := s.serverTroubles(); len(troubles) > 0 {
			system.State, system.Bad = troubles[0].Sentence, true
		}
		cards = append(cards, system)
	}
	return s.render(c, fiber.StatusOK, "admin.html", map[string]any{"Who": who.Staff, "CSRF": s.Identity.CSRF(who.session), "Cards": cards})
}

func (s *Console) administratorCards(ctx context.Context) ([]card, error) {
	staff, err := s.Identity.Staffs(ctx)
	if err != nil {
		return nil, err
	}
	tokens, err := s.Identity.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	open, work := 0, 0
	for _, one := range staff {
		if one.Active {
			open++
		}
	}
	for _, t := range tokens {
		if s.tokenLine(t).Works {
			work++
		}
	}
	imports := card{Path: "/console/import", Icon: "upload", Title: "Import", Says: "People, iPads and wards from a file, with a dry run first."}
	if s.Imports != nil {
		if last, err := s.Imports.Last(ctx); err == nil {
			imports.State, imports.Bad = importState(last), last.Stopped || last.Failed != ""
		}
	}
	return []card{
		{Path: "/console/staff", Icon: "badge", Title: "Staff", Says: "Who is at the console, and what they may do.", Number: fmt.Sprint(open)},
		{Path: "/console/tokens", Icon: "key", Title: "API tokens", Says: "Which programs come to the API.", Number: fmt.Sprint(work)},
		imports,
	}, nil
}

// SystemPart is one part of the server, and how it stands.
type SystemPart struct {
	Title string
	State string // "good", "soon" or "bad"
	Says  string // a sentence
	Do    string // what to do; may be empty
	Facts []SystemFact
}

// SystemFact is something to know of a part. None is a secret.
type SystemFact struct {
	Label, Value string
	At           time.Time // in place of Value
}

// showSystem is for who looks at all wards.
func (s *Console) showSystem(ctx context.Context, c *fiber.Ctx, who asker) error {
	if err := allowed(who, identity.View, ""); err != nil {
		return err
	}
	var parts []SystemPart
	if s.Administration.System != nil {
		parts = s.Administration.System(ctx)
	}
	return s.render(c, fiber.StatusOK, "admin-system.html", map[string]any{
		"Who": who.Staff, "CSRF": s.Identity.CSRF(who.session), "Parts": parts, "Troubles": s.serverTroubles()})
}
