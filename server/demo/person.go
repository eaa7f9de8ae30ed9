package demo

import (
	"context"
	"errors"
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

// badgeIn taps and types the PIN if it is asked for, and works: what is done
// leaves data on the iPad.
func (a at) badgeIn(ctx context.Context) (sim.PageState, error) { return a.patiently(ctx, a.tap) }

// patiently does f again where the page says that it was out of date or that
// too many people are signing in: people tap again.
func (a at) patiently(ctx context.Context, f func(context.Context) (sim.PageState, error)) (s sim.PageState, err error) {
	for range 5 {
		s, err = f(ctx)
		var no *sim.Problem
		if !errors.As(err, &no) || (no.Code != "stale_nonce" && no.Code != "busy") {
			return s, err
		}
		time.Sleep(400 * time.Millisecond)
		if again := a.d.Page().Refresh(ctx); again != nil {
			return s, errors.Join(err, again)
		}
	}
	return s, err
}

// comesBack wakes a locked iPad and badges in, again if the server is still
// finding its feet or the screen has just gone off.
func (a at) comesBack(ctx context.Context) (s sim.PageState, err error) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if s, err = a.wakes(ctx, "the page", func(s sim.PageState) bool { return s.State == "locked" }); err != nil {
			continue
		}
		if s, err = a.badgeIn(ctx); err == nil && s.State == "in_use" {
			return s, nil
		}
	}
	return s, fmt.Errorf("coming back to %s (%s): %w", a.d.Serial(), s.State, err)
}

func (a at) tap(ctx context.Context) (sim.PageState, error) {
	answer, err := a.d.Page().Tap(ctx, a.p.badge)
	if err != nil {
		return sim.PageState{}, fmt.Errorf("tapping: %w", err)
	}
	if answer.Asks == "" {
		return a.works(ctx)
	}
	return a.pin(ctx)
}

func asks(what string) func(sim.PageState) bool {
	return func(s sim.PageState) bool { return s.Asks == what }
}

// opens keeps touching, as people do, until the iPad is open.
func (a at) opens(ctx context.Context) error {
	for {
		look, done := context.WithTimeout(ctx, 300*time.Millisecond)
		_, err := a.d.Page().Await(look, func(s sim.PageState) bool { return s.State == "in_use" && !s.Opening })
		done()
		if err == nil {
			return nil
		}
		if _, touched := a.d.Page().Touch(ctx); touched != nil || ctx.Err() != nil {
			return fmt.Errorf("opening: %w", errors.Join(err, touched))
		}
	}
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
	s, err := a.wakes(ctx, "signed in", func(s sim.PageState) bool { return s.State == "in_use" && s.Holder == a.p.name })
	if err != nil {
		return s, err
	}
	return s, a.d.Page().Work()
}

// badgeInAtDock taps at the dock's reader, which puts the PIN pad on the iPad, and types the PIN.
func (a at) badgeInAtDock(ctx context.Context) (sim.PageState, error) {
	return a.patiently(ctx, func(ctx context.Context) (sim.PageState, error) {
		if err := a.tapAtDock(ctx); err != nil {
			return sim.PageState{}, err
		}
		return a.pin(ctx)
	})
}

// tapAtDock taps at the dock's reader, which puts the PIN pad on the iPad.
func (a at) tapAtDock(ctx context.Context) error {
	if _, err := a.h.readers[a.d.Serial()].Tap(ctx, a.p.badge); err != nil {
		return fmt.Errorf("tapping at the dock: %w", err)
	}
	_, err := a.shows(ctx, "the PIN pad", asks("pin"))
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

// takesOver badges in at another's locked iPad and says yes to what is asked,
// from the start again if the screen goes off or the page was out of date.
func (a at) takesOver(ctx context.Context) (err error) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		var s sim.PageState
		if _, err = a.wakes(ctx, "the page", func(s sim.PageState) bool { return s.State == "locked" }); err != nil {
			continue
		}
		if s, err = a.badgeIn(ctx); err != nil || s.Asks != "takeover" {
			continue
		}
		if _, err = a.d.Page().TakeOver(ctx); err == nil {
			return nil
		}
	}
	return fmt.Errorf("taking over: %w", err)
}
