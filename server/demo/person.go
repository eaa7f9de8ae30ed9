package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/sim"
)

// at is one person at one iPad.
type at struct {
	h *Hospital
	p person
	d *sim.Device
}

// patience is how long a person waits for anything before the scenario has failed.
const patience = 25 * time.Second

// shows waits until the page shows what is wanted.
func (a at) shows(ctx context.Context, what string, want func(sim.PageState) bool) (sim.PageState, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s, err := a.d.Page().Await(ctx, want)
	if err != nil {
		return s, fmt.Errorf("%s: %w", what, err)
	}
	return s, nil
}

// badgeIn taps and types the PIN, and works: what is done leaves data on the iPad.
func (a at) badgeIn(ctx context.Context) (sim.PageState, error) {
	if _, err := a.d.Page().Tap(ctx, a.p.badge); err != nil {
		return sim.PageState{}, fmt.Errorf("tapping: %w", err)
	}
	return a.pin(ctx)
}

// pin types the PIN that is asked for, and works if that opened the iPad.
func (a at) pin(ctx context.Context) (sim.PageState, error) {
	s, err := a.d.Page().PIN(ctx, a.p.pin)
	if err != nil {
		return s, fmt.Errorf("typing the PIN: %w", err)
	}
	if s.State != "in_use" {
		return s, nil
	}
	return a.works(ctx)
}

// works waits for the page to name the person, and leaves a canary.
func (a at) works(ctx context.Context) (sim.PageState, error) {
	s, err := a.shows(ctx, "signed in", func(s sim.PageState) bool { return s.State == "in_use" && s.Holder == a.p.name })
	if err != nil {
		return s, err
	}
	return s, a.d.Page().Work()
}

// tapAtDock taps at the dock's reader, which puts the PIN pad on the iPad.
func (a at) tapAtDock(ctx context.Context) error {
	if _, err := a.h.readers[a.d.Serial()].Tap(ctx, a.p.badge); err != nil {
		return fmt.Errorf("tapping at the dock: %w", err)
	}
	_, err := a.shows(ctx, "the PIN pad", func(s sim.PageState) bool { return s.Asks == "pin" })
	return err
}

// comesClean wakes the iPad now and then, as people do, until it shows clean.
func (a at) comesClean(ctx context.Context) (sim.PageState, error) {
	return a.wakes(ctx, "clean", func(s sim.PageState) bool { return s.State == "clean" })
}

// wakes waits for a state on an iPad whose screen may be off.
func (a at) wakes(ctx context.Context, what string, want func(sim.PageState) bool) (sim.PageState, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		a.d.Wake()
		look, done := context.WithTimeout(ctx, 500*time.Millisecond)
		s, err := a.d.Page().Await(look, want)
		done()
		if err == nil {
			return s, nil
		}
		if ctx.Err() != nil {
			return s, fmt.Errorf("%s: %w", what, err)
		}
	}
}

// signsIn signs in to Apple on a Shared iPad and matches it with a tap.
func (a at) signsIn(ctx context.Context) error {
	if err := a.d.AppleSignIn(a.p.account); err != nil {
		return err
	}
	a.d.BringToFront()
	if _, err := a.shows(ctx, "the page", func(s sim.PageState) bool { return s.State == "wiping" }); err != nil {
		return err
	}
	s, err := a.badgeIn(ctx)
	if err == nil && s.State != "in_use" {
		err = fmt.Errorf("the matching tap led to %s: %s", s.State, s.Sentence)
	}
	return err
}
