package plan

import (
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// lostMode are the plans of every fleet kind that turn Lost Mode on and off. An
// acknowledgement is not believed here either: the iPad is asked afterwards
// whether it is in Lost Mode. To turn it off where it is off is an error of
// Apple's, so a refusal only leads to that question.
func lostMode(g custody.Goal) []step {
	if g == custody.GoalLose {
		return []step{
			{name: "enable", request: "EnableLostMode", body: enableLostMode, judge: lostAcked},
			{name: "lost", request: "DeviceInformation", body: isLost, judge: lostSeen(true, "enable")},
		}
	}
	return []step{
		{name: "disable", request: "DisableLostMode", body: bare(encode.DisableLostMode), refused: goOn},
		{name: "found", request: "DeviceInformation", body: isLost, judge: lostSeen(false, "disable")},
	}
}

func enableLostMode(id string, c custody.Custody, _ Inputs) ([]byte, error) {
	return encode.EnableLostMode(id, encode.LostMode{Message: c.Lost.Message, Phone: c.Lost.Phone, Footnote: c.Lost.Footnote})
}

func isLost(id string, _ custody.Custody, _ Inputs) ([]byte, error) {
	return encode.DeviceInformation(id, "IsMDMLostModeEnabled")
}

func lostAcked(custody.Custody, Report, Inputs, time.Time) verdict {
	return verdict{lock: &custody.LockMark{Rung: custody.LockAcknowledged, How: "EnableLostMode acknowledged"}}
}

// lostSeen ends the plan when the iPad shows what is wanted, and otherwise goes back.
func lostSeen(want bool, again string) func(custody.Custody, Report, Inputs, time.Time) verdict {
	return func(_ custody.Custody, r Report, in Inputs, _ time.Time) verdict {
		switch {
		case r.LostOn == nil:
			return verdict{again: poll(in)}
		case *r.LostOn != want:
			return verdict{to: again, after: poll(in)}
		case want:
			return verdict{done: true, lock: &custody.LockMark{
				Rung: custody.LockConfirmed, Strength: custody.Enforced, How: "Lost Mode, seen by DeviceInformation"}}
		}
		return verdict{done: true}
	}
}
