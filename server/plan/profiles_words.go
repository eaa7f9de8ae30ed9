package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/padwarden/padwarden/server/plan/encode"
)

// profileNames are our profiles as people call them.
var profileNames = map[string]string{
	encode.RestrictionsID: "restrictions",
	encode.LockScreenID:   "lock-screen text",
	encode.PasscodeID:     "passcode rules",
	encode.HomeScreenID:   "Home Screen layout",
	encode.KioskID:        "badge-in page",
}

func (d Drift) name() string {
	if name, ok := profileNames[d.Identifier]; ok {
		return name
	}
	return fmt.Sprintf("%q", d.Identifier)
}

// driftWords are said of the profiles in a state, in this order.
var driftWords = []struct {
	state DriftState
	words string
}{
	{ProfileMissing, "missing: %s"}, {ProfileDiffers, "of another version: %s"},
	{ProfileLeftOver, "left over: %s"}, {ProfileStranger, "not of padwarden's making: %s"},
}

// DriftSentence says for people how an iPad's profiles stand, and what becomes
// of it; empty if all are as the ward's policy wants them.
func DriftSentence(ds []Drift) string {
	var said []string
	for _, w := range driftWords {
		var names []string
		for _, d := range ds {
			if d.State == w.state {
				names = append(names, d.name())
			}
		}
		if len(names) > 0 {
			said = append(said, fmt.Sprintf(w.words, strings.Join(names, ", ")))
		}
	}
	if len(said) == 0 {
		return ""
	}
	then := []string{fmt.Sprintf("This iPad's profiles are not as its ward's policy wants them; %s.", strings.Join(said, "; "))}
	say := func(sentence string, when func(Drift) bool) {
		if slices.ContainsFunc(ds, when) {
			then = append(then, sentence)
		}
	}
	say("What padwarden may put right it does while the iPad is clean.", func(d Drift) bool { return d.Profile != nil || d.Removable() })
	say("The badge-in page comes back with the next hand-over or wipe.", func(d Drift) bool { return d.Identifier == encode.KioskID && d.State == ProfileMissing })
	say("Nobody removes what is not padwarden's: find out who installed it.", func(d Drift) bool { return d.State == ProfileStranger })
	return strings.Join(then, " ")
}
