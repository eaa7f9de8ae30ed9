package console

import (
	"slices"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
)

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
	return func(d device) bool { return slices.Contains(states, d.custody.State) }
}

func why(label, needed string) field {
	return field{Name: "why", Label: label, Rows: 3, Most: maxWhy, Needed: needed}
}

// deeds are all of them, in the order of their buttons.
var deeds = []deed{
	{
		Name: "lock", Icon: "lock", Action: identity.Lock, Button: "Lock now…", Ask: "Lock %s now?", Keep: "Leave it open", Do: "Lock this iPad",
		Says:    hands("Its session is locked at once. Nothing is lost: its holder goes on with a tap."),
		offered: func(d device) bool { return d.open() && d.policy.Fleet != custody.SharedGuest },
		event:   func(a asked, by string) custody.Event { return custody.LockNow{By: by, Epoch: a.epoch(), Why: a.Why} },
	},
	{
		Name: "wipe", Icon: "wipe", Action: identity.Wipe, Button: "Wipe…", Ask: "Wipe %s?", Keep: "Keep it", Do: "Wipe this iPad", Danger: true,
		Says: says("Whoever is signed in is signed out, and what they have not saved is lost. This cannot be undone once the command has left.",
			"Where somebody's session is on it, or after three iPads within an hour, a second person has to approve it."),
		Fields: []field{why("Why, for the history and a second person", "")}, second: true,
		offered: func(d device) bool {
			return in(custody.Clean, custody.InUse, custody.Locked, custody.Unproven)(d) && !d.custody.Downtime.On()
		},
		event: func(a asked, by string) custody.Event { return custody.Wipe{By: by, Epoch: a.epoch(), Why: a.Why} },
	},
	{
		Name: "attest", Icon: "check", Action: identity.Attest, Button: "Attest clean…", Ask: "Attest that %s is clean?", Keep: "Cancel", Do: "Attest it clean", Danger: true,
		Says:    says("You state, with your name in the history, that it was cleaned by hand. It is then offered to the next person."),
		Fields:  []field{why("How do you know?", "Say how you know that the iPad is clean.")},
		offered: in(custody.Unproven),
		event:   func(a asked, by string) custody.Event { return custody.Attest{By: by, Why: a.Why} },
	},
	{
		Name: "lost", Icon: "search", Action: identity.Search, Button: "Lost…", Ask: "Is %s lost?", Keep: "Cancel", Do: "Turn Lost Mode on", Danger: true,
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
		Name: "found", Icon: "check", Action: identity.Search, Button: "Found…", Ask: "Was %s found?", Keep: "Cancel", Do: "It was found",
		Says:    says("Lost Mode is turned off. Nobody can say who had it, so it stays out of use until it is wiped and proven clean."),
		offered: in(custody.Lost),
		event:   func(a asked, by string) custody.Event { return custody.Found{By: by, Epoch: a.epoch()} },
	},
	{
		Name: "locate", Icon: "place", Action: identity.Search, Button: "Where is it…", Ask: "Where is %s?", Keep: "Close", Do: "Ask it",
		Says:    says("The iPad is asked now, and answers only in Lost Mode and on a network. That you looked is written to its history, with your name."),
		offered: inLostMode, refused: notLost,
		event: func(_ asked, by string) custody.Event { return custody.Looked{By: by, What: "where it is"} },
		tells: whereItIs, Tells: true,
	},
	{
		Name: "sound", Icon: "sound", Action: identity.Search, Button: "Play a sound…", Ask: "Have %s play a sound?", Keep: "Close", Do: "Play it",
		Says:    says("It plays until it is found, or until somebody there ends it. It is written to its history, with your name."),
		offered: inLostMode, refused: notLost,
		event: func(_ asked, by string) custody.Event { return custody.Looked{By: by, What: "for it, by its sound"} },
		tells: itsSound, Tells: true,
	},
	{
		Name: "isolate", Icon: "isolation", Action: identity.Isolate, Button: "Isolate…", Ask: "Keep %s in isolation?", Keep: "Cancel", Do: "Keep it in isolation",
		Says:    says("Nobody but its present holder can use it until it is released. Its data is still locked and wiped as ever."),
		Fields:  []field{why("Why, and where is it?", "Say why it is isolated.")},
		offered: func(d device) bool { return d.custody.State != custody.Retired && !d.custody.Isolation.On() },
		event:   func(a asked, by string) custody.Event { return custody.Isolate{By: by, Why: a.Why} },
	},
	{
		Name: "release", Icon: "unlock", Action: identity.Isolate, Button: "Release…", Ask: "Release %s from isolation?", Keep: "Cancel", Do: "Release it",
		Says:    says("You state, with your name in the history, that it was disinfected."),
		Fields:  []field{why("How was it disinfected?", "Say how it was disinfected.")},
		offered: func(d device) bool { return d.custody.Isolation.On() },
		event:   func(a asked, by string) custody.Event { return custody.Release{By: by, Why: a.Why} },
	},
	{
		Name: "set-aside", Icon: "shield", Action: identity.Seal, Button: "Seal…", Ask: "Seal %s for a downtime?", Keep: "Close", Do: "Seal it",
		Says: says("It is set aside for when the network is gone: nobody gets it by a tap, and its app lock is removed.",
			"You get a code. Set it as the iPad's passcode, and put it into the envelope with the iPad. Each sealing has another."),
		offered: func(d device) bool {
			return d.state() == custody.Clean && d.policy.Fleet == custody.ReturnToService
		},
		event: func(_ asked, by string) custody.Event { return custody.SetAside{By: by} },
		tells: newCode, Tells: true,
	},
	{
		Name: "code", Icon: "key", Action: identity.Seal, Button: "Show its code…", Ask: "Show the code of %s?", Keep: "Close", Do: "Show it",
		Says:    says("That you looked is written to its history, with your name."),
		offered: func(d device) bool { return d.custody.Downtime.On() },
		event:   func(_ asked, by string) custody.Event { return custody.Looked{By: by, What: "its downtime code"} },
		tells:   keptCode, Tells: true,
	},
	{
		Name: "bring-back", Icon: "back", Action: identity.Seal, Button: "Bring back…", Ask: "Bring %s back?", Keep: "Cancel", Do: "Bring it back",
		Says:    says("Used or not, it is wiped and offered again once that is proven."),
		Fields:  []field{{Name: "who", Label: "Who used it? Leave this empty only if its seal was not broken.", Rows: 1, Most: 100}},
		offered: func(d device) bool { return d.custody.Downtime.On() },
		event: func(a asked, by string) custody.Event {
			return custody.BringBack{By: by, Who: a.Who, Epoch: a.epoch()}
		},
	},
	{
		Name: "retire", Icon: "cross", Action: identity.Retire, Button: "Retire…", Ask: "Take %s out of service?", Keep: "Cancel", Do: "Retire it", Danger: true,
		Says:    says("Nobody can use it any more. It stays in the list with its history, and can be brought back."),
		offered: in(custody.Clean, custody.Enrolling),
		event:   func(_ asked, by string) custody.Event { return custody.Retire{By: by} },
	},
	{
		Name: "reinstate", Icon: "plus", Action: identity.Retire, Button: "Back in service…", Ask: "Bring %s back into service?", Keep: "Cancel", Do: "Bring it back",
		Says:    says("Where it was is unknown, so nobody gets it before it is wiped and proven clean."),
		offered: in(custody.Retired),
		event:   func(_ asked, by string) custody.Event { return custody.Reinstate{By: by} },
	},
}
