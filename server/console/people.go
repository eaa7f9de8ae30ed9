package console

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/badge"
	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/problem"
	"github.com/padwarden/padwarden/server/provision"
	"github.com/padwarden/padwarden/server/revoke"
)

// People is what the console reads and changes of clinicians.
type People interface {
	Find(ctx context.Context, text string, offset, limit int) (people []ledger.Clinician, more bool, err error)
	Owner(ctx context.Context, format badge.Format, raw string) (ledger.Badge, error)
	Person(ctx context.Context, id string) (provision.Person, error)
	Unreached(ctx context.Context) ([]revoke.Unreached, error)
	Add(ctx context.Context, c ledger.Clinician, d provision.Deed) error
	Rename(ctx context.Context, id, name, account string, d provision.Deed) error
	SetActive(ctx context.Context, id string, active bool, d provision.Deed) error
	AddBadge(ctx context.Context, id string, b provision.NewBadge, d provision.Deed) error
	RevokeBadge(ctx context.Context, id, ref string, d provision.Deed) error
	Unpin(ctx context.Context, id string, d provision.Deed) error
	NewPIN(ctx context.Context, id string, d provision.Deed) (code string, err error)
}

// peoplePage is how many people a page of the search has.
const peoplePage = 50

func (s *Console) registerPeople(r, api fiber.Router, handlers ...fiber.Handler) {
	api.Group("/api/v1/revocations", handlers...).Get("/", s.api(s.listRevocations))
	r.Get("/people", s.page(s.showPeople))
	r.Post("/people", s.change(s.addPerson))
	r.Post("/people/search", s.change(s.searchPeople))
	r.Post("/people/find", s.change(s.findByBadge))
	r.Get("/people/:id", s.page(s.showPerson))
	s.registerPersonDeeds(r)
}

// somewhere answers nil if who may do action on any ward of theirs. People
// belong to no ward: whoever looks after iPads somewhere may look people up.
func somewhere(who asker, action identity.Action) error {
	if who.Role != identity.Manager {
		return allowed(who, action, "")
	}
	if slices.ContainsFunc(who.Wards, func(ward string) bool { return allowed(who, action, ward) == nil }) {
		return nil
	}
	return allowed(who, action, "")
}

// people is the part behind the pages, for who may do action.
func (s *Console) peopleFor(who asker, action identity.Action) (People, error) {
	if err := somewhere(who, action); err != nil {
		return nil, err
	}
	if s.People == nil {
		return nil, problem.New(fiber.StatusConflict, "people", "This server keeps no people.")
	}
	return s.People, nil
}

func personID(c *fiber.Ctx) string {
	id, err := url.PathUnescape(strings.Clone(c.Params("id")))
	if err != nil {
		return ""
	}
	return id
}

func (s *Console) showPeople(ctx context.Context, c *fiber.Ctx, who asker) error {
	people, err := s.peopleFor(who, identity.View)
	if err != nil {
		return err
	}
	unreached, err := people.Unreached(ctx)
	if err != nil {
		return err
	}
	wards, err := s.wards(ctx, who)
	if err != nil {
		return err
	}
	return s.render(c, fiber.StatusOK, "people.html", map[string]any{
		"Who": who.Staff, "CSRF": s.Identity.CSRF(who.session), "MayAdd": mayProvision(who) == nil, "Wards": wards,
		"Unreached": seenBy(who, unreached),
	})
}

// listRevocations answers {"unreached": […]}: the iPads that a revocation could
// not reach, of one ward with ?ward=.
func (s *Console) listRevocations(ctx context.Context, c *fiber.Ctx, who asker) error {
	ward, err := askedWard(c, who)
	if err != nil {
		return err
	}
	if s.People == nil {
		return problem.New(fiber.StatusConflict, "people", "This server keeps no people.")
	}
	unreached, err := s.People.Unreached(ctx)
	if err != nil {
		return err
	}
	unreached = slices.DeleteFunc(seenBy(who, unreached), func(u revoke.Unreached) bool { return ward != "" && u.Ward != ward })
	return c.JSON(fiber.Map{"unreached": append([]revoke.Unreached{}, unreached...)})
}

// seenBy leaves out the devices of wards that are not the asker's (P8).
func seenBy(who asker, all []revoke.Unreached) []revoke.Unreached {
	return slices.DeleteFunc(all, func(u revoke.Unreached) bool { return allowed(who, identity.View, u.Ward) != nil })
}

// personLine is one person in the answer to a search.
type personLine struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Account string `json:"account,omitempty"`
	Active  bool   `json:"active"`
}

// searchPeople answers {people, more}. What is looked for comes in the body: a
// name has no place in a log's URLs. A number is tried as a badge's too.
func (s *Console) searchPeople(ctx context.Context, c *fiber.Ctx, who asker) error {
	people, err := s.peopleFor(who, identity.View)
	if err != nil {
		return err
	}
	var asked struct {
		Text string
		Page int
	}
	if err := browser.JSON(c, &asked, maxBody); err != nil {
		return err
	}
	if len(asked.Text) > 200 || asked.Page < 0 || asked.Page > 1_000_000 {
		return problem.New(fiber.StatusBadRequest, problem.CodeBadRequest, "Look for something shorter.")
	}
	found, more, err := people.Find(ctx, asked.Text, asked.Page*peoplePage, peoplePage)
	if err != nil {
		return err
	}
	lines := make([]personLine, len(found))
	for i, p := range found {
		lines[i] = personLine{ID: p.ID, Name: p.Name, Account: p.Account, Active: p.Active}
	}
	return c.JSON(fiber.Map{"people": lines, "more": more})
}

// findByBadge answers {id} of whose badge was tapped, and whether it is over.
func (s *Console) findByBadge(ctx context.Context, c *fiber.Ctx, who asker) error {
	people, err := s.peopleFor(who, identity.View)
	if err != nil {
		return err
	}
	var asked struct{ Badge, Ward string }
	if err := browser.JSON(c, &asked, maxBody); err != nil {
		return err
	}
	format, err := s.format(ctx, who, asked.Ward)
	if err != nil {
		return err
	}
	found, err := people.Owner(ctx, format, asked.Badge)
	if errors.Is(err, custody.ErrNotFound) {
		return problem.New(fiber.StatusNotFound, "badge", "Nobody has this badge.")
	}
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"id": found.Clinician, "over": found.Over(s.now())})
}

// format is how the readers of a ward write badges; empty: as numbers are printed.
func (s *Console) format(ctx context.Context, who asker, ward string) (badge.Format, error) {
	if ward == "" {
		return badge.Format{}, nil
	}
	wards, err := s.wards(ctx, who)
	if err != nil {
		return badge.Format{}, err
	}
	for _, w := range wards {
		if w.ID == ward {
			return w.Badges, nil
		}
	}
	return badge.Format{}, allowed(who, identity.View, ward)
}
