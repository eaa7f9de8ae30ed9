// Package plan holds the ordered steps that open, lock or wipe a device, a
// file per fleet kind, and the small engine that walks them. It is pure: what
// a device is told next follows from its custody row, what it last said, and
// the time.
//
// A step either sends a command or waits for the row to show something. A
// command's id is made from the device, the epoch, the run, the step and the
// attempt, so a redelivery carries the same id, a new poll another, and a
// report of anything but the outstanding attempt changes nothing (hand-over
// rule 3). Proof is read from the device's state after a command, never from
// its acknowledgement.
package plan

import (
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/padwarden/padwarden/server/custody"
)

// step is one line of a plan.
type step struct {
	name    string
	request string // RequestType; empty: the step waits for the row
	// destructive: data may be gone once it is executed (see custody.Risk).
	destructive bool
	// met reports that the row already shows what the step is for.
	met func(custody.Custody) bool
	// body encodes the command; nil for a command without keys.
	body func(id string, c custody.Custody, in Inputs) ([]byte, error)
	// judge says what an Acknowledged report of the outstanding attempt means.
	judge func(c custody.Custody, r Report, in Inputs, now time.Time) verdict
	// refused says what an Error report means; nil: the plan fails.
	refused func(c custody.Custody, r Report, in Inputs, now time.Time) verdict
	// held keeps the step back this long after the run's start.
	held func(in Inputs) time.Duration
	// idle: the step is met by a connect that reports Idle.
	idle bool
	// settled: not asked while a destructive command may still be executed, so
	// that the answer shows the device after it (hand-over rule 5).
	settled bool
}

// verdict is what a report leads to. The zero verdict moves on to the next step.
type verdict struct {
	stay    bool          // the step waits for the row; its command is not sent again
	again   time.Duration // a new attempt, not before this much later
	to      string        // go to this step
	after   time.Duration // with to, or moving on: not before this much later
	done    bool          // the plan has reached its goal
	fail    string        // the plan gives up, in a sentence
	subject string        // what the next step is about
	waits   string        // with again: what a person can do so that the plan goes on, in a sentence

	proof    custody.ProofRung
	grade    custody.Grade
	lock     *custody.LockMark
	passcode bool
}

// steps returns the plan for a row's run. An empty plan is reached at once.
func steps(p custody.Policy, g custody.Goal) []step {
	switch g {
	case custody.GoalLose, custody.GoalFind:
		return lostMode(g)
	case custody.GoalSeal:
		return seal(p)
	}
	switch p.Fleet {
	case custody.ReturnToService:
		return returnToService(p, g)
	case custody.ManagedApps:
		return managedApps(p, g)
	case custody.SharedIPad:
		return sharedIPad(g)
	case custody.SharedGuest:
		return sharedGuest(g)
	}
	return nil
}

// namespace makes our CommandUUIDs ours; it is a random constant.
var namespace = uuid.MustParse("6d0c5f52-9c0b-4f2e-8a57-0f3c2f3f7a11")

// CommandID is the CommandUUID of one attempt: UUIDv5 (RFC 9562) of device,
// epoch, run, step and attempt.
func CommandID(c custody.Custody, step string, attempt int) string {
	return uuid.NewSHA1(namespace, []byte(string(c.Device)+"|"+strconv.FormatInt(c.Epoch, 10)+"|"+
		strconv.FormatInt(c.Run.ID, 10)+"|"+step+"|"+strconv.Itoa(attempt))).String()
}

// Start settles a run that has just begun and has nothing to send: the second
// result is false if it has steps to walk.
func Start(c custody.Custody, p custody.Policy) (custody.Progress, bool) {
	if !c.Run.Active() || len(steps(p, c.Run.Goal)) > 0 {
		return custody.Progress{}, false
	}
	run := c.Run
	run.Done = true
	return custody.Progress{Run: run}, true
}

// Next works out what a connected device is told. A command that is
// outstanding and unanswered is told again under its own id, and then there is
// nothing to record: changed is false. Otherwise progress must be committed
// before cmd leaves. cmd is nil when there is nothing to say.
//
// An error says that a command could not be made. It may quote the policy and
// secrets, so it is for no log and no page; p then says what becomes of the
// run, in a sentence that quotes nothing (see unmade).
func Next(c custody.Custody, in Inputs, now time.Time) (p custody.Progress, changed bool, cmd *Command, err error) {
	if !c.Run.Active() {
		return p, false, nil, nil
	}
	ss := steps(in.Policy, c.Run.Goal)
	i, run := skip(c, ss, now)
	switch {
	case i == len(ss):
		run.Done = true
		return arrived(c, run), true, nil, nil
	case ss[i].request == "" || run.Acked || now.Before(run.NotBefore):
		return p, false, nil, nil
	case run.Command == "" && ss[i].settled && c.Risk.Open():
		return p, false, nil, nil
	case run.Command != "":
		if cmd, err = command(c, ss[i], run.Command, in); err != nil {
			p, changed = unmade(c, ss, i, run, in, now), true
		}
		return p, changed, cmd, err
	}
	run.Attempt++
	run.Command, run.HandedOver, run.NotBefore = CommandID(c, ss[i].name, run.Attempt), now, time.Time{}
	at := c
	at.Run = run
	if cmd, err = command(at, ss[i], run.Command, in); err != nil {
		_, run = skip(c, ss, now)
		return unmade(c, ss, i, run, in, now), true, nil, err
	}
	return custody.Progress{Run: run, HandOver: &custody.HandOver{
		Command: run.Command, Request: ss[i].request, Step: ss[i].name, Attempt: run.Attempt, Destructive: ss[i].destructive,
	}}, true, cmd, nil
}

// skip returns the index of the step that the row is at, past those it already
// shows, and the run standing there.
func skip(c custody.Custody, ss []step, now time.Time) (int, custody.Run) {
	run := c.Run
	i := index(ss, run.Step)
	for ; i < len(ss) && ss[i].met != nil && ss[i].met(c); i++ {
		run.Command, run.Acked = "", false
	}
	if i < len(ss) && run.Step != ss[i].name {
		run.Step, run.Entered = ss[i].name, now
	}
	return i, run
}

func index(ss []step, name string) int {
	for i := range ss {
		if ss[i].name == name {
			return i
		}
	}
	return 0
}

func command(c custody.Custody, s step, id string, in Inputs) (*Command, error) {
	body, err := s.body(id, c, in)
	if err != nil {
		return nil, fmt.Errorf("encoding %s for step %s: %w", s.request, s.name, err)
	}
	return &Command{UUID: id, Request: s.request, Step: s.name, Body: body}, nil
}

// arrived is the progress of a run whose steps are all behind it.
func arrived(c custody.Custody, run custody.Run) custody.Progress {
	p := custody.Progress{Run: run}
	if run.Goal == custody.GoalWipe && c.Fresh {
		p.Proof, p.Grade = custody.ProofProven, custody.GradeErased
		p.How = "it came back awaiting configuration and is set up"
	}
	return p
}
