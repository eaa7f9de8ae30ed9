package console

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/problem"
)

// deed is something that staff do to one device: a route, a button where it
// can be done now, and a question that is asked before it is.
type deed struct {
	Name    string // of the route and the dialog
	Action  identity.Action
	Button  string
	Ask     string // "… this iPad", above the question's text; %s is its name
	Says    func(custody.Policy) []string
	Fields  []field
	Keep    string // the button that does nothing
	Do      string // the button that does it
	Danger  bool
	offered func(device) bool
	refused func(custody.Custody) error // before anything is written; nil: custody decides
	event   func(a asked, by string) custody.Event
	// tells answers what is told once, after the event: nil where the answer is the device.
	tells func(ctx context.Context, s *Console, id custody.DeviceID, by string) (string, error)
	Tells bool // tells is there, for the page
}

// field is something to be written before a deed is done.
type field struct {
	Name, Label string
	Rows        int
	Most        int    // characters
	Needed      string // the sentence if it is empty; empty: it may be
}

// asked is the body of a change. Epoch, if given, is the one that the page
// showed: a confirmation that comes late does not meet the next nurse.
type asked struct {
	Epoch                              *int64
	Why, Message, Phone, Footnote, Who string
}

func (a asked) epoch() int64 {
	if a.Epoch == nil {
		return 0
	}
	return *a.Epoch
}

func (a asked) text(name string) string {
	return map[string]string{"why": a.Why, "message": a.Message, "phone": a.Phone, "footnote": a.Footnote, "who": a.Who}[name]
}

// trimmed is a without the space around what was written.
func (a asked) trimmed() asked {
	for _, s := range []*string{&a.Why, &a.Message, &a.Phone, &a.Footnote, &a.Who} {
		*s = strings.TrimSpace(*s)
	}
	return a
}

func (d deed) check(a asked) error {
	for _, f := range d.Fields {
		n := utf8.RuneCountInString(a.text(f.Name))
		switch {
		case n == 0 && f.Needed != "":
			return problem.New(fiber.StatusBadRequest, f.Name, f.Needed)
		case n > f.Most:
			return problem.New(fiber.StatusBadRequest, f.Name, fmt.Sprintf("That is %d characters long, and may have %d.", n, f.Most))
		}
	}
	return nil
}

func says(sentences ...string) func(custody.Policy) []string {
	return func(custody.Policy) []string { return sentences }
}

// hands is the warning before a passcode's lock: such an iPad that restarts
// does not rejoin Wi-Fi before its passcode is entered (Apple Platform
// Security, "Data Protection classes": the Wi-Fi key is not there before).
func hands(sentences ...string) func(custody.Policy) []string {
	return func(p custody.Policy) []string {
		if p.Target == custody.TargetPasscode {
			return append(sentences[:len(sentences):len(sentences)], "This ward locks by passcode. If the iPad restarts before its passcode is entered, it does not rejoin Wi-Fi: no command reaches it then, and it needs hands.")
		}
		return sentences
	}
}

func in(states ...custody.State) func(device) bool {
	return func(d device) bool {
		for _, s := range states {
			if d.custody.State == s {
				return true
			}
		}
		return false
	}
}

func why(label, needed string) field {
	return field{Name: "why", Label: label, Rows: 3, Most: maxWhy, Needed: needed}
}

// deeds are all of them, in the order of their buttons.
var deeds = []deed{
	{
		Name: "lock", Action: identity.Lock, Button: "Lock now…", Ask: "Lock %s now?", Keep: "Leave it open", Do: "Lock this iPad",
		Says:    hands("Its session is locked at once. Nothing is lost: its holder goes on with a tap."),
		offered: func(d device) bool { return d.open() && d.policy.Fleet != custody.SharedGuest },
		event:   func(a asked, by string) custody.Event { return custody.LockNow{By: by, Epoch: a.epoch()} },
	},
	{
		Name: "wipe", Action: identity.Wipe, Button: "Wipe…", Ask: "Wipe %s?", Keep: "Keep it", Do: "Wipe this iPad", Danger: true,
		Says: says("Whoever is signed in is signed out, and what they have not saved is lost. This cannot be undone once the command has left."),
		offered: func(d device) bool {
			return in(custody.Clean, custody.InUse, custody.Locked, custody.Unproven)(d) && !d.custody.Downtime.On()
		},
		event: func(a asked, by string) custody.Event { return custody.Wipe{By: by, Epoch: a.epoch()} },
	},
	{
		Name: "attest", Action: identity.Attest, Button: "Attest clean…", Ask: "Attest that %s is clean?", Keep: "Cancel", Do: "Attest it clean", Danger: true,
		Says:    says("You state, with your name in the history, that it was cleaned by hand. It is then offered to the next person."),
		Fields:  []field{why("How do you know?", "Say how you know that the iPad is clean.")},
		offered: in(custody.Unproven),
		event:   func(a asked, by string) custody.Event { return custody.Attest{By: by, Why: a.Why} },
	},
	{
		Name: "lost", Action: identity.Search, Button: "Lost…", Ask: "Is %s lost?", Keep: "Cancel", Do: "Turn Lost Mode on", Danger: true,
		Says: hands("Whoever uses it is locked out, and it shows what you write below until you say that it was found. Then it is wiped before anybody gets it.",
			"Where it is can be asked for only while it is in Lost Mode, and each time is written to its history."),
		Fields: []field{
			why("Why?", "Say why it is called lost."),
			{Name: "message", Label: "What it shows", Rows: 2, Most: custody.MaxNote},
			{Name: "phone", Label: "A number to call", Rows: 1, Most: custody.MaxNote},
			{Name: "footnote", Label: "Small print, if any", Rows: 1, Most: custody.MaxNote},
		},
		offered: func(d device) bool {
			return in(custody.Clean, custody.InUse, custody.Locked, custody.Wiping, custody.Unproven)(d) ||
				d.custody.State == custody.Lost && !d.custody.Run.Active() && d.custody.Lock.Rung != custody.LockConfirmed
		},
		event: func(a asked, by string) custody.Event {
			return custody.Lose{By: by, Why: a.Why, Message: a.Message, Phone: a.Phone, Footnote: a.Footnote, Epoch: a.epoch()}
		},
	},
	{
		Name: "found", Action: identity.Search, Button: "Found…", Ask: "Was %s found?", Keep: "Cancel", Do: "It was found",
		Says:    says("Lost Mode is turned off. Nobody can say who had it, so it stays out of use until it is wiped and proven clean."),
		offered: in(custody.Lost),
		event:   func(a asked, by string) custody.Event { return custody.Found{By: by, Epoch: a.epoch()} },
	},
	{
		Name: "locate", Action: identity.Search, Button: "Where is it…", Ask: "Where is %s?", Keep: "Close", Do: "Ask it",
		Says:    says("The iPad is asked now, and answers only in Lost Mode and on a network. That you looked is written to its history, with your name."),
		offered: inLostMode, refused: notLost,
		event: func(_ asked, by string) custody.Event { return custody.Looked{By: by, What: "where it is"} },
		tells: whereItIs, Tells: true,
	},
	{
		Name: "sound", Action: identity.Search, Button: "Play a sound…", Ask: "Have %s play a sound?", Keep: "Close", Do: "Play it",
		Says:    says("It plays until it is found, or until somebody there ends it. It is written to its history, with your name."),
		offered: inLostMode, refused: notLost,
		event: func(_ asked, by string) custody.Event { return custody.Looked{By: by, What: "for it, by its sound"} },
		tells: itsSound, Tells: true,
	},
	{
		Name: "isolate", Action: identity.Isolate, Button: "Isolate…", Ask: "Keep %s in isolation?", Keep: "Cancel", Do: "Keep it in isolation",
		Says:    says("Nobody but its present holder can use it until it is released. Its data is still locked and wiped as ever."),
		Fields:  []field{why("Why, and where is it?", "Say why it is isolated.")},
		offered: func(d device) bool { return d.custody.State != custody.Retired && !d.custody.Isolation.On() },
		event:   func(a asked, by string) custody.Event { return custody.Isolate{By: by, Why: a.Why} },
	},
	{
		Name: "release", Action: identity.Isolate, Button: "Release…", Ask: "Release %s from isolation?", Keep: "Cancel", Do: "Release it",
		Says:    says("You state, with your name in the history, that it was disinfected."),
		Fields:  []field{why("How was it disinfected?", "Say how it was disinfected.")},
		offered: func(d device) bool { return d.custody.Isolation.On() },
		event:   func(a asked, by string) custody.Event { return custody.Release{By: by, Why: a.Why} },
	},
	{
		Name: "set-aside", Action: identity.Seal, Button: "Seal…", Ask: "Seal %s for a downtime?", Keep: "Close", Do: "Seal it",
		Says: says("It is set aside for when the network is gone: nobody gets it by a tap, and its app lock is removed.",
			"You get a code. Set it as the iPad's passcode, and put it into the envelope with the iPad. Each sealing has another."),
		offered: func(d device) bool {
			return d.state() == custody.Clean && d.policy.Fleet == custody.ReturnToService
		},
		event: func(_ asked, by string) custody.Event { return custody.SetAside{By: by} },
		tells: newCode, Tells: true,
	},
	{
		Name: "code", Action: identity.Seal, Button: "Show its code…", Ask: "Show the code of %s?", Keep: "Close", Do: "Show it",
		Says:    says("That you looked is written to its history, with your name."),
		offered: func(d device) bool { return d.custody.Downtime.On() },
		event:   func(_ asked, by string) custody.Event { return custody.Looked{By: by, What: "its downtime code"} },
		tells:   keptCode, Tells: true,
	},
	{
		Name: "bring-back", Action: identity.Seal, Button: "Bring back…", Ask: "Bring %s back?", Keep: "Cancel", Do: "Bring it back",
		Says:    says("Used or not, it is wiped and offered again once that is proven."),
		Fields:  []field{{Name: "who", Label: "Who used it? Leave this empty only if its seal was not broken.", Rows: 1, Most: 100}},
		offered: func(d device) bool { return d.custody.Downtime.On() },
		event: func(a asked, by string) custody.Event {
			return custody.BringBack{By: by, Who: a.Who, Epoch: a.epoch()}
		},
	},
	{
		Name: "retire", Action: identity.Retire, Button: "Retire…", Ask: "Take %s out of service?", Keep: "Cancel", Do: "Retire it", Danger: true,
		Says:    says("Nobody can use it any more. It stays in the list with its history, and can be brought back."),
		offered: in(custody.Clean, custody.Enrolling),
		event:   func(_ asked, by string) custody.Event { return custody.Retire{By: by} },
	},
	{
		Name: "reinstate", Action: identity.Retire, Button: "Back in service…", Ask: "Bring %s back into service?", Keep: "Cancel", Do: "Bring it back",
		Says:    says("Where it was is unknown, so nobody gets it before it is wiped and proven clean."),
		offered: in(custody.Retired),
		event:   func(_ asked, by string) custody.Event { return custody.Reinstate{By: by} },
	},
}

// registerDeeds adds the route of each.
func (s *Console) registerDeeds(r fiber.Router) {
	for _, d := range deeds {
		r.Post("/devices/:id/"+d.Name, s.change(func(ctx context.Context, c *fiber.Ctx, who asker) error { return s.do(ctx, c, who, d) }))
	}
}

// do does a deed to one device and answers with the device, or with what is told once.
func (s *Console) do(ctx context.Context, c *fiber.Ctx, who asker, d deed) error {
	var body asked
	if err := browser.JSON(c, &body, maxBody); err != nil {
		return err
	}
	row, err := s.Ledger.Custody(ctx, deviceID(c))
	if err != nil {
		return err
	}
	if err := allowed(who, d.Action, row.Ward); err != nil {
		return err
	}
	if body.Epoch != nil && *body.Epoch != row.Epoch {
		return fmt.Errorf("%s of %s: %w", d.Name, row.Device, custody.ErrStale)
	}
	if body = body.trimmed(); d.check(body) != nil {
		return d.check(body)
	}
	if d.refused != nil {
		if err := d.refused(row); err != nil {
			return err
		}
	}
	if _, err := s.Steward.Apply(ctx, row.Device, d.event(body, who.Actor())); err != nil {
		return fmt.Errorf("%s of %s: %w", d.Name, row.Device, err)
	}
	s.Log.Info("asked at the console", "action", d.Name, "device", row.Device, "staff", who.Name)
	if d.tells != nil {
		said, err := d.tells(ctx, s, row.Device, who.Name)
		if err != nil {
			return err
		}
		return c.JSON(fiber.Map{"code": said})
	}
	loaded, err := s.one(ctx, who, row.Device)
	if err != nil {
		return err
	}
	return c.JSON(s.json(ctx, loaded, s.names()))
}

// deedView is a deed on a device's page. Its question is there whenever the
// reader may do it, its button only while it can be done.
type deedView struct {
	deed
	Name    string
	Ask     string
	Says    []string
	Offered bool
}

func (d device) deeds(who asker) (views []deedView) {
	for _, x := range deeds {
		if allowed(who, x.Action, d.custody.Ward) == nil {
			views = append(views, deedView{deed: x, Name: x.Name, Ask: fmt.Sprintf(x.Ask, d.Name), Says: x.Says(d.policy), Offered: x.offered(d)})
		}
	}
	return views
}
