package plan

import (
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// Observe reads a report against a row's run. The second result is false when
// the report changes nothing: it is of another attempt, run or epoch, came by
// the user channel or under another enrolment, or says NotNow, which is
// neither failure nor success (but see notNow).
func Observe(c custody.Custody, r Report, in Inputs, now time.Time) (custody.Progress, bool) {
	if r.Channel != DeviceChannel || r.Enrolment != c.Enrolment || !c.Run.Active() {
		return custody.Progress{}, false
	}
	ss := steps(in.Policy, c.Run.Goal)
	i, run := skip(c, ss, now)
	if i == len(ss) {
		return custody.Progress{}, false
	}
	s := ss[i]
	if superseded(c, r, run) {
		return custody.Progress{Run: c.Run, Settles: true, Notes: []string{fmt.Sprintf("%s %s %s, superseded", c.Risk.Request, r.Status, r.Command)}}, true
	}
	if r.Status == StatusIdle {
		if !s.idle {
			return custody.Progress{}, false
		}
		p := follow(c, ss, i, run, verdict{}, in, now)
		p.How = showed(s, p.Proof, r.Command)
		return p, true
	}
	if r.Command == "" || r.Command != run.Command || run.Acked {
		return custody.Progress{}, false
	}
	var v verdict
	switch r.Status {
	case StatusAcknowledged:
		if s.judge != nil {
			v = s.judge(c, r, in, now)
		}
	case StatusError, StatusCommandFormatError:
		v = verdict{fail: fmt.Sprintf("The iPad refused %s: %s", s.request, errorText(r))}
		if s.refused != nil && (r.Status == StatusError || s.optional(c, in, now)) {
			v = s.refused(c, r, in, now)
		}
	case StatusNotNow:
		return notNow(s, run, in, now)
	default: // what Apple may yet invent
		return custody.Progress{}, false
	}
	p := follow(c, ss, i, run, v, in, now)
	p.How = showed(s, p.Proof, r.Command)
	p.Settles = s.destructive
	p.Notes = append(p.Notes, fmt.Sprintf("%s %s %s", s.name, r.Status, r.Command))
	return p, true
}

// superseded: the last word on a destructive command that the run no longer
// waits for. It advances nothing; it says that the command is over.
func superseded(c custody.Custody, r Report, run custody.Run) bool {
	terminal := r.Status == StatusAcknowledged || r.Status == StatusError || r.Status == StatusCommandFormatError
	return terminal && c.Risk.Open() && r.Command == c.Risk.Command && r.Command != run.Command
}

// follow turns a verdict on step i into the run's next place.
func follow(c custody.Custody, ss []step, i int, run custody.Run, v verdict, in Inputs, now time.Time) custody.Progress {
	p := custody.Progress{Proof: v.proof, Grade: v.grade, Lock: v.lock, Passcode: v.passcode, Failed: v.fail}
	move := func(name string, after time.Duration) {
		run.Step, run.Entered, run.Command, run.Acked = name, now, "", false
		run.NotBefore = notBefore(ss[index(ss, name)], run, in, now.Add(after*patience(run)))
	}
	run.Subject, run.Waits = v.subject, v.waits
	switch {
	case v.fail != "":
	case v.stay:
		run.Acked = true
	case v.again > 0:
		move(ss[i].name, v.again)
	case v.to != "":
		move(v.to, v.after)
	case v.done:
		run.Done = true
	case i+1 == len(ss):
		run.Done = true
		a := arrived(c, run)
		if p.Proof == "" {
			p.Proof, p.Grade = a.Proof, a.Grade
		}
	default:
		move(ss[i+1].name, v.after)
	}
	p.Run = run
	return p
}

// patience stretches the waits of a run that has asked often, so that a device
// that never shows what a step waits for is not asked every few seconds for hours.
func patience(run custody.Run) time.Duration { return time.Duration(1 + run.Attempt/10) }

// notBefore is when a step may first be sent: not before t, nor before it is let go by the plan.
func notBefore(s step, run custody.Run, in Inputs, t time.Time) time.Time {
	if s.held != nil {
		if h := run.Started.Add(s.held(in)); h.After(t) {
			return h
		}
	}
	return t
}

func errorText(r Report) string {
	if r.Status == StatusCommandFormatError {
		return "it could not read the command (CommandFormatError)"
	}
	if r.ErrorText != "" {
		return r.ErrorText
	}
	return fmt.Sprintf("error %v", r.Errors)
}

func has(codes []int, code int) bool {
	for _, c := range codes {
		if c == code {
			return true
		}
	}
	return false
}
