package plan

import (
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// Asked answers a device that asks for its Return to Service settings because
// somebody at it, or its own idle timer, wants it erased (Apple: "Return To
// Service" check-in, iOS 26.0). The device erases itself by the answer, so the
// answer is the erase of the present run, recorded as the hand-over of that step
// before it leaves, and there is one for no other device: a custody.Refusal says
// why not. Asked again, a device gets the same answer and there is nothing to
// record: changed is false.
//
// The step's command stays outstanding: a device that did not erase itself is
// told to by its next connect, under the id that was recorded here.
func Asked(c custody.Custody, in Inputs, now time.Time) (p custody.Progress, changed bool, answer []byte, err error) {
	ss := steps(in.Policy, c.Run.Goal)
	i := eraseStep(ss)
	switch {
	case !c.Run.Active() || c.Run.Goal != custody.GoalWipe || i < 0:
		return p, false, nil, notAsked("It is not being wiped by a run that erases it. Return the iPad first, or wipe it from the console.")
	case ss[i].met(c):
		return p, false, nil, notAsked("The erase of this run has happened already.")
	case index(ss, c.Run.Step) > i:
		return p, false, nil, notAsked("The erase of this run is behind it.")
	case c.Run.Waits != "":
		return p, false, nil, notAsked(c.Run.Waits)
	case c.Run.Step != ss[i].name && obstacle(Report{}, in) != "": // the preflight may not have asked yet
		return p, false, nil, notAsked(obstacle(Report{}, in))
	case c.Run.Step != ss[i].name && now.Before(c.Run.NotBefore):
		return p, false, nil, notAsked("Its wipe does not begin yet.")
	}
	back, err := comeback(c, in)
	if err == nil {
		answer, err = encode.ReturnToService(back)
	}
	if err != nil {
		return p, false, nil, fmt.Errorf("encoding the answer to ReturnToService: %w", err)
	}
	run := c.Run
	if run.Step == ss[i].name && run.Command != "" {
		return p, false, answer, nil
	}
	if run.Step != ss[i].name {
		run.Step, run.Entered = ss[i].name, now
	}
	run.Attempt++
	run.Command, run.Acked = CommandID(c, ss[i].name, run.Attempt), false
	run.HandedOver, run.NotBefore = now, time.Time{}
	return custody.Progress{
		Run: run, Notes: []string{"asked for its Return to Service settings"},
		HandOver: &custody.HandOver{
			Command: run.Command, Request: ss[i].request, Step: ss[i].name, Attempt: run.Attempt, Destructive: true,
		},
	}, true, answer, nil
}

func eraseStep(ss []step) int {
	for i := range ss {
		if ss[i].request == "EraseDevice" {
			return i
		}
	}
	return -1
}

func notAsked(sentence string) error {
	return &custody.Refusal{Code: custody.RefusedOther, Sentence: sentence}
}
