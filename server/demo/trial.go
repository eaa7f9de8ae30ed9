package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/sim"
	"github.com/padwarden/padwarden/server/trial/walk"
)

// administrator walks a trial of a simulated iPad: they read what the terminal
// says, do it with their hands, look at the iPad, and type what they see.
type administrator struct {
	at
	ward  string
	heard chan string
	types *io.PipeWriter
}

// Write is the terminal's output, a message at a time.
func (m *administrator) Write(b []byte) (int, error) {
	m.heard <- string(b)
	return len(b), nil
}

// tries walks the named steps (all without any) of a trial of the iPad, keeping
// what was done in file. It returns what the terminal said.
func (a at) tries(ctx context.Context, ward, file string, only ...string) (said string, err error) {
	token, err := a.h.App.Identity.MintAPIToken(ctx, "demo administrator", identity.Administrator, time.Hour)
	if err != nil {
		return "", err
	}
	api, err := walk.NewAPI(a.h.App.URL, token)
	if err != nil {
		return "", err
	}
	in, types := io.Pipe()
	m := &administrator{at: a, ward: ward, heard: make(chan string, 1000), types: types}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		defer close(m.heard)
		ended <- walk.Run(ctx, walk.Options{API: api, Device: a.d.Serial(), Only: only, File: file, In: in, Out: m, Poll: 100 * time.Millisecond})
	}()
	var b strings.Builder
	for message := range m.heard {
		b.WriteString(message)
		if err := m.hears(ctx, message); err != nil && ctx.Err() == nil {
			cancel() // hands that cannot do what they are told: the walk ends
			for range m.heard {
			}
			return b.String(), fmt.Errorf("told %q: %w", strings.TrimSpace(message), err)
		}
	}
	_ = types.Close()
	return b.String(), <-ended
}

// hears does what a message asks for.
func (m *administrator) hears(ctx context.Context, message string) error {
	says := func(part string) bool { return strings.Contains(message, part) }
	switch {
	case says("What is this iPad called"):
		return m.answers("iPad (10th generation)")
	case says("Have the server sign"):
		return m.answers("y")
	case says("What did you see"):
		return m.answers("what a simulated iPad shows")
	case says("[y/n"):
		return m.answers(m.sees(ctx, message))
	case says("What does it show"):
		return m.answers("what it showed before, and that there is no connection")
	case says("Give it its network back"):
		m.d.WifiOn()
	case says("Let it run empty"):
		m.d.BatteryDead()
		return m.atTheConsole(ctx, "wipe")
	case says("Charge it"):
		m.d.Charge()
	case says("type its passcode"):
		return m.unlocks(ctx)
	case says("tap the same badge again"):
		return m.resumes(ctx)
	case says("Tap a badge"), says("tap the badge of whose"):
		return m.takes(ctx)
	}
	return m.mishap(ctx, message)
}

// mishap is what befalls the iPad, and how it is left.
func (m *administrator) mishap(ctx context.Context, message string) error {
	says := func(part string) bool { return strings.Contains(message, part) }
	switch {
	case says("Take the network away"):
		m.d.WifiOff()
	case says("Restart it by its buttons"):
		m.d.Restart()
	}
	switch {
	case says("press “Lock now”"):
		return m.atTheConsole(ctx, "lock")
	case says("Press “I'm done”"):
		_, err := m.d.Page().Return(ctx)
		return err
	case says("Tap the same badge at its dock again"):
		time.Sleep(time.Second) // not the same tap bouncing
		return m.tapsDock(ctx)
	}
	return nil
}

func (m *administrator) answers(line string) error {
	_, err := fmt.Fprintln(m.types, line)
	return err
}

// sees answers a question by what is really on the iPad.
func (m *administrator) sees(ctx context.Context, question string) string {
	t := m.d.Truth()
	yes := true
	switch {
	case strings.Contains(question, "anything of the person before"):
		yes = t.UserData() != ""
	case strings.Contains(question, "still there"):
		yes = len(t.Canaries) > 0
	case strings.Contains(question, "screen dark"):
		yes = !t.Screen
	case strings.Contains(question, "nobody signed in"):
		for _, u := range t.Users {
			yes = yes && !u.SignedIn
		}
	case strings.Contains(question, "ask for the passcode"):
		yes = t.Passcode && t.Locked
	case strings.Contains(question, "without a name"):
		s, err := m.wakes(ctx, "the page", func(s sim.PageState) bool { return s.State == "locked" })
		yes = err == nil && s.Holder == "" && t.AppLock != ""
	}
	if yes {
		return "y"
	}
	return "n"
}

func (m *administrator) atTheConsole(ctx context.Context, deed string) error {
	lead, err := m.h.office(ctx, "Ward lead", identity.Manager, m.ward)
	if err != nil {
		return err
	}
	if deed == "wipe" {
		return lead.wipes(ctx, m.d.Serial())
	}
	return lead.does(ctx, deed, m.d.Serial(), nil, nil)
}

// takes has somebody take the iPad, or come back to it.
func (m *administrator) takes(ctx context.Context) error {
	s, err := m.h.device(ctx, m.d.Serial())
	switch {
	case err != nil:
		return err
	case s.State == "locked":
		return m.resumes(ctx)
	}
	switch m.ward {
	case "visitors":
		return m.opensForGuest(ctx)
	case "children":
		if err := m.signsIn(ctx); err != nil {
			return err
		}
		return m.d.Page().Work()
	}
	m.d.BringToFront()
	if _, err := m.comesClean(ctx); err != nil {
		return err
	}
	if _, err := m.badgeIn(ctx); err != nil || m.ward != passcodeWardID {
		return err
	}
	return m.d.SetPasscode(passcode)
}

// unlocks types the passcode once the iPad has started, if it is not on its
// network by then: unlocked, it would be no locked one any more.
func (m *administrator) unlocks(ctx context.Context) (err error) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline) && ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
		m.d.Wake()
		if m.d.Truth().Reachable {
			return nil
		}
		if err = m.d.Unlock(passcode); err == nil {
			return nil
		}
	}
	return err
}

// resumes has the holder come back.
func (m *administrator) resumes(ctx context.Context) error {
	m.d.Wake()
	switch m.ward {
	case "children":
		if err := m.d.AppleSignIn(m.p.account); err != nil {
			return err
		}
	case passcodeWardID:
		if err := m.d.Unlock(passcode); err != nil {
			return err
		}
	}
	m.d.BringToFront()
	_, err := m.comesBack(ctx)
	return err
}

// trialOfOneIPad: an administrator tries the plans of a ward on one of its
// iPads, and the server signs the table as what it is, a simulation.
func trialOfOneIPad(ctx context.Context, h *Hospital, tell func(string, string)) error {
	a := h.at(10, "RA-02")
	dir, err := os.MkdirTemp("", "padwarden-trial-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "trial.json")
	if _, err := a.tries(ctx, "radiology", file, "open", "lock", "resume", "wipe"); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(dir, "trial.md"))
	if err != nil {
		return err
	}
	table := string(text)
	for _, step := range []string{"Open", "Lock", "Resume", "Wipe"} {
		if !strings.Contains(table, "### "+step+": passed") {
			return fmt.Errorf("step %s is not passed:\n%s", step, table)
		}
	}
	tell("walked", "open, lock, resume and wipe of "+a.d.Serial())
	if !strings.Contains(table, "SIMULATED") {
		return fmt.Errorf("a simulated iPad counts as hardware:\n%s", table)
	}
	tell("signed", "as simulated: it never counts as tried on hardware")
	return nil
}
