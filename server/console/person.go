package console

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/problem"
	"github.com/padwarden/padwarden/server/provision"
)

// lent is how long a badge may last that somebody other than an administrator gives.
const lent = 14 * 24 * time.Hour

// personAsked is the body of a change of a person.
type personAsked struct {
	ID, Name, Account string
	Badge, Ward       string    // a number, and whose readers' setting it is read by
	Label             string    // what the new badge is called
	Expires           time.Time // zero: never
	Ref               string    // of a badge that is there
	Why               string
}

// personDeed is something that is done about one person.
type personDeed struct {
	name   string // of the route
	action identity.Action
	why    bool // a reason is needed
	do     func(ctx context.Context, s *Console, people People, id string, a personAsked, d provision.Deed, who asker) (any, error)
}

var done = fiber.Map{}

var personDeeds = []personDeed{
	{"deactivate", identity.Provision, true, func(ctx context.Context, _ *Console, p People, id string, _ personAsked, d provision.Deed, _ asker) (any, error) {
		return done, p.SetActive(ctx, id, false, d)
	}},
	{"activate", identity.Provision, false, func(ctx context.Context, _ *Console, p People, id string, _ personAsked, d provision.Deed, _ asker) (any, error) {
		return done, p.SetActive(ctx, id, true, d)
	}},
	{"rename", identity.Provision, false, func(ctx context.Context, _ *Console, p People, id string, a personAsked, d provision.Deed, _ asker) (any, error) {
		return done, p.Rename(ctx, id, strings.TrimSpace(a.Name), strings.TrimSpace(a.Account), d)
	}},
	{"unpin", identity.Provision, true, func(ctx context.Context, _ *Console, p People, id string, _ personAsked, d provision.Deed, _ asker) (any, error) {
		return done, p.Unpin(ctx, id, d)
	}},
	{"badge", identity.Badges, false, giveBadge},
	{"revoke-badge", identity.Badges, true, func(ctx context.Context, _ *Console, p People, id string, a personAsked, d provision.Deed, _ asker) (any, error) {
		return done, p.RevokeBadge(ctx, id, a.Ref, d)
	}},
	{"pin", identity.Badges, true, func(ctx context.Context, _ *Console, p People, id string, _ personAsked, d provision.Deed, _ asker) (any, error) {
		code, err := p.NewPIN(ctx, id, d)
		return fiber.Map{"code": code}, err
	}},
}

// giveBadge: an administrator gives badges for good, a manager lends them.
func giveBadge(ctx context.Context, s *Console, p People, id string, a personAsked, d provision.Deed, who asker) (any, error) {
	if mayProvision(who) != nil {
		switch {
		case a.Expires.IsZero() || a.Expires.After(s.now().Add(lent)):
			return nil, problem.New(fiber.StatusBadRequest, "expires", "Say until when the badge is lent: 14 days at the most. An administrator can give one for longer.")
		case d.Why == "":
			return nil, problem.New(fiber.StatusBadRequest, "why", "Say why.")
		}
	}
	format, err := s.format(ctx, who, a.Ward)
	if err != nil {
		return nil, err
	}
	return done, p.AddBadge(ctx, id, provision.NewBadge{Raw: a.Badge, Format: format, Label: a.Label, Expires: a.Expires}, d)
}

func (s *Console) registerPersonDeeds(r fiber.Router) {
	for _, deed := range personDeeds {
		r.Post("/people/:id/"+deed.name, s.change(func(ctx context.Context, c *fiber.Ctx, who asker) error { return s.doPerson(ctx, c, who, deed) }))
	}
}

func (s *Console) doPerson(ctx context.Context, c *fiber.Ctx, who asker, deed personDeed) error {
	people, err := s.peopleFor(who, deed.action)
	if err != nil {
		return err
	}
	a, err := askedOfPerson(c)
	if err != nil {
		return err
	}
	if deed.why && a.Why == "" {
		return problem.New(fiber.StatusBadRequest, "why", "Say why.")
	}
	id := personID(c)
	said, err := deed.do(ctx, s, people, id, a, provision.Deed{By: who.Actor(), Why: a.Why}, who)
	if err != nil {
		return err
	}
	s.Log.Info("asked at the console", "action", deed.name, "clinician", id, "staff", who.Name)
	return c.JSON(said)
}

func askedOfPerson(c *fiber.Ctx) (a personAsked, err error) {
	if err := browser.JSON(c, &a, maxBody); err != nil {
		return a, err
	}
	if a.Why = strings.TrimSpace(a.Why); utf8.RuneCountInString(a.Why) > maxWhy {
		return a, problem.New(fiber.StatusBadRequest, "why", "That reason is too long: 500 characters are enough.")
	}
	return a, nil
}

// addPerson adds somebody who has no badge yet.
func (s *Console) addPerson(ctx context.Context, c *fiber.Ctx, who asker) error {
	people, err := s.peopleFor(who, identity.Provision)
	if err != nil {
		return err
	}
	a, err := askedOfPerson(c)
	if err != nil {
		return err
	}
	p := ledger.Clinician{ID: strings.TrimSpace(a.ID), Name: strings.TrimSpace(a.Name), Account: strings.TrimSpace(a.Account), Active: true}
	if err := people.Add(ctx, p, provision.Deed{By: who.Actor(), Why: a.Why}); err != nil {
		return err
	}
	s.Log.Info("asked at the console", "action", "add", "clinician", p.ID, "staff", who.Name)
	return c.JSON(fiber.Map{"id": p.ID})
}

// pinStands says how a person's PIN stands, and nothing of it.
func pinStands(who ledger.Clinician) string {
	switch {
	case identity.MustChoose(who):
		return "a one-time code: they choose a PIN at their next sign-in"
	case who.PIN == "":
		return "not set"
	}
	return "set"
}

// badgeLine is a badge on a person's page: never its number.
type badgeLine struct {
	ledger.Badge
	Ref  string
	Over bool // it opens nothing any more
}

func (s *Console) showPerson(ctx context.Context, c *fiber.Ctx, who asker) error {
	people, err := s.peopleFor(who, identity.View)
	if err != nil {
		return err
	}
	p, err := people.Person(ctx, personID(c))
	if err != nil {
		return err
	}
	wards, err := s.wards(ctx, who)
	if err != nil {
		return err
	}
	badges := make([]badgeLine, len(p.Badges))
	for i, b := range p.Badges {
		badges[i] = badgeLine{Badge: b, Ref: provision.Ref(b), Over: b.Over(s.now())}
	}
	var held []row
	others := 0 // on wards that are not the asker's
	for _, row := range p.Held {
		d, err := s.one(ctx, who, row.Device)
		if err != nil && allowed(who, identity.View, row.Ward) != nil {
			others++
			continue
		} else if err != nil {
			return err
		}
		held = append(held, d.row(p.Name))
	}
	return s.render(c, fiber.StatusOK, "person.html", map[string]any{
		"HospitalAccounts": s.Hospital != nil,
		"Who":              who.Staff, "CSRF": s.Identity.CSRF(who.session), "Person": p.Clinician, "Badges": badges, "PIN": pinStands(p.Clinician),
		"Held": held, "Others": others, "Unreached": seenBy(who, p.Unreached), "Log": p.Log, "Wards": wards,
		"MayBadge": somewhere(who, identity.Badges) == nil, "MayProvision": mayProvision(who) == nil,
	})
}
