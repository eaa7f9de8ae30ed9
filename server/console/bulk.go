package console

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/problem"
)

const (
	maxAtOnce = 100      // devices of one bulk
	maxBulk   = 16 << 10 // bytes of its body
	// firstWithin is how long ago somebody else's deed may be that is named to who comes second.
	firstWithin = 10 * time.Minute
)

// bulk is a deed that can be done to several devices at once. Each is looked at by
// itself, on its loaded row, and by the same rules as alone: a bulk is no way around
// a second person.
type bulk struct {
	Name, Icon, Button, Ask, Do string
	Says                        []string
	Why                         string // the label of the reason; empty: none is asked for
	Danger                      bool
	do                          func(ctx context.Context, s *Console, who asker, row custody.Custody, a asked) error
}

func byDeed(name string) func(context.Context, *Console, asker, custody.Custody, asked) error {
	return func(ctx context.Context, s *Console, who asker, row custody.Custody, a asked) error {
		return s.perform(ctx, who, row, deeds[slices.IndexFunc(deeds, func(d deed) bool { return d.Name == name })], a)
	}
}

// bulks are all of them, in the order of their buttons.
func bulks() []bulk {
	return []bulk{
		{Name: "take", Icon: "hand", Button: "Take", Ask: "Take these iPads in hand?", Do: "Take them", Says: []string{"You see to them, and everybody at the console reads so, until they need no hands any more or you hand them back."},
			do: func(ctx context.Context, s *Console, who asker, row custody.Custody, a asked) error {
				return s.assign(ctx, who, row, handsAsked{Epoch: a.epoch(), Take: true})
			}},
		{Name: "ping", Icon: "sound", Button: "Ping", Ask: "Ask these iPads whether they are there?", Do: "Ping them", Says: []string{"Each answers on its own page, once it has connected."},
			do: func(ctx context.Context, s *Console, who asker, row custody.Custody, _ asked) error {
				_, err := s.askPing(ctx, who, row)
				return err
			}},
		{Name: "lock", Icon: "lock", Button: "Lock", Ask: "Lock these iPads now?", Do: "Lock them", Why: "Why?", do: byDeed("lock"),
			Says: []string{"Their sessions are locked at once. Nothing is lost: each holder goes on with a tap."}},
		{Name: "isolate", Icon: "isolation", Button: "Isolate", Ask: "Keep these iPads in isolation?", Do: "Keep them in isolation", Why: "Why, and where are they?", do: byDeed("isolate"),
			Says: []string{"Nobody but its present holder can use one until it is released."}},
		{Name: "release", Icon: "unlock", Button: "Release", Ask: "Release these iPads from isolation?", Do: "Release them", Why: "How were they disinfected?", do: byDeed("release"),
			Says: []string{"You state, with your name in the history of each, that it was disinfected."}},
		{Name: "wipe", Icon: "wipe", Button: "Wipe", Ask: "Wipe these iPads?", Do: "Wipe them", Why: "Why?", Danger: true, do: byDeed("wipe"),
			Says: []string{"Whoever is signed in on one is signed out, and what they have not saved is lost. This cannot be undone once the command has left.",
				"Where somebody's session is on it, or after three iPads within an hour, a second person has to approve each."}},
	}
}

func (s *Console) registerBulk(r fiber.Router) {
	r.Post("/bulk/:deed", s.change(s.doBulk))
	r.Post("/devices/:id/hands", s.change(s.hands))
}

// bulkAsked is the body of a bulk: the devices with the hand-overs that the page showed.
type bulkAsked struct {
	Devices []struct {
		ID    custody.DeviceID
		Epoch *int64
	}
	Why string
}

// bulkResult is what became of one device of a bulk.
type bulkResult struct {
	ID    custody.DeviceID `json:"id"`
	Name  string           `json:"name"`
	Done  bool             `json:"done"`
	Waits bool             `json:"waits,omitempty"` // for a second person
	Says  string           `json:"says,omitempty"`  // why not
	Code  string           `json:"code,omitempty"`
}

// doBulk does one deed to several devices, each by itself, and answers
// {"says", "done", "results": […]}.
func (s *Console) doBulk(ctx context.Context, c *fiber.Ctx, who asker) error {
	all := bulks()
	n := slices.IndexFunc(all, func(b bulk) bool { return b.Name == c.Params("deed") })
	if n < 0 {
		return custody.ErrNotFound
	}
	var body bulkAsked
	if err := browser.JSON(c, &body, maxBulk); err != nil {
		return err
	}
	body.Why = strings.TrimSpace(body.Why)
	if err := body.check(all[n]); err != nil {
		return err
	}
	speech := browser.Speech(c, s.words)
	results, done, waits := make([]bulkResult, 0, len(body.Devices)), 0, 0
	for _, d := range body.Devices {
		r := s.oneOf(ctx, who, all[n], strings.Clone(string(d.ID)), asked{Epoch: d.Epoch, Why: body.Why})
		r.Says = speech.Say(r.Says)
		results = append(results, r)
		if r.Done {
			done++
		} else if r.Waits {
			waits++
		}
	}
	return c.JSON(fiber.Map{"says": speech.Say(bulkSays(done, waits, len(results)-done-waits)), "done": done, "results": results})
}

func (a bulkAsked) check(b bulk) error {
	switch n := utf8.RuneCountInString(a.Why); {
	case len(a.Devices) == 0:
		return problem.New(fiber.StatusBadRequest, "devices", "Select the iPads first.")
	case len(a.Devices) > maxAtOnce:
		return problem.New(fiber.StatusBadRequest, "devices", fmt.Sprintf("That are %d iPads. Take at most %d at once.", len(a.Devices), maxAtOnce))
	case b.Why != "" && n == 0:
		return problem.New(fiber.StatusBadRequest, "why", "Say why: it is written to the history of each iPad.")
	case n > maxWhy:
		return problem.New(fiber.StatusBadRequest, "why", fmt.Sprintf("That is %d characters long, and may have %d.", n, maxWhy))
	}
	return nil
}

// oneOf does it to one device. A device that is not the asker's is not named.
func (s *Console) oneOf(ctx context.Context, who asker, b bulk, id string, a asked) bulkResult {
	r := bulkResult{ID: custody.DeviceID(id), Name: id}
	row, err := s.Ledger.Custody(ctx, r.ID)
	if err == nil {
		err = b.do(ctx, s, who, row, a)
		if problem.From(err).Status != fiber.StatusForbidden {
			if d, e := s.Ledger.Device(ctx, r.ID); e == nil {
				r.Name = d.Name
			}
		}
	}
	if err == nil {
		r.Done = true
		return r
	}
	p := problem.From(s.first(ctx, who, r.ID, err))
	if p.Status >= fiber.StatusInternalServerError {
		s.Log.Error("one iPad of a bulk failed", "action", b.Name, "device", r.ID, "err", err)
	}
	r.Says, r.Code, r.Waits = p.Title, p.Code, p.Code == secondPerson
	return r
}

func bulkSays(done, waits, refused int) string {
	switch {
	case waits == 0 && refused == 0:
		return fmt.Sprintf("%d done.", done)
	case waits == 0:
		return fmt.Sprintf("%d done, %d refused:", done, refused)
	case refused == 0:
		return fmt.Sprintf("%d done, %d waiting for a second person:", done, waits)
	}
	return fmt.Sprintf("%d done, %d waiting for a second person, %d refused:", done, waits, refused)
}

// firstWords are what somebody else may have done just before.
var firstWords = map[string]string{
	custody.KindLockAsked: "locked it", custody.KindWipeAsked: "has it wiped", custody.KindAttested: "attested it clean",
	custody.KindLostMode: "used Lost Mode", custody.KindIsolated: "isolated it", custody.KindReleased: "released it", custody.KindSetAside: "sealed it",
	custody.KindBroughtBack: "brought it back", custody.KindRetired: "retired it or brought it back",
}

// first says who was first, where somebody else of the staff has just done something
// to a device and that is why err refuses it.
func (s *Console) first(ctx context.Context, who asker, id custody.DeviceID, err error) error {
	var refused *custody.Refusal
	if !errors.As(err, &refused) && !errors.Is(err, custody.ErrStale) || custody.Refused(err) == custody.RefusedTaken {
		return err
	}
	recent, e := s.Ledger.RecentHistory(ctx, id, 20)
	if e != nil {
		return err
	}
	for _, x := range recent {
		by, staff := strings.CutPrefix(x.Actor, "staff:")
		if did := firstWords[x.Kind]; staff && did != "" && x.Actor != who.Actor() && s.now().Sub(x.At) < firstWithin {
			p := *problem.From(err)
			p.Title = fmt.Sprintf("%s was first and %v. %v", strings.ReplaceAll(by, "staff:", ""), did, p.Title)
			return &p
		}
	}
	return err
}
