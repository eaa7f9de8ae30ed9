package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/padwarden/padwarden/server/sim"
)

// tapsDock taps at the dock of a guests' iPad, where no page asks for a PIN.
func (a at) tapsDock(ctx context.Context) error {
	if _, err := a.h.readers[a.d.Serial()].Tap(ctx, a.p.badge); err != nil {
		return fmt.Errorf("tapping at the dock: %w", err)
	}
	return nil
}

// opensForGuest takes a guests' iPad by a tap at its dock, starts a temporary
// session and works in it.
func (a at) opensForGuest(ctx context.Context) error {
	if err := a.tapsDock(ctx); err != nil {
		return err
	}
	s, err := a.becomes(ctx, "in_use")
	if err != nil {
		return err
	}
	a.d.Wake()
	if err := a.d.AppleSignIn(""); err != nil {
		return fmt.Errorf("starting a temporary session: %w", err)
	}
	return a.d.Plant(sim.Canary{Holder: a.p.name, Epoch: s.Custody.Epoch})
}

// guests: a tap at the dock takes the iPad, another gives it back, and after
// the sign-out has had its time nobody is there.
func guests(ctx context.Context, h *Hospital, tell func(string, string)) error {
	a := h.at(12, "VI-01")
	if err := a.d.AppleSignIn(a.p.account); err == nil {
		return errors.New("an account signed in on a guests' iPad")
	}
	if err := a.opensForGuest(ctx); err != nil {
		return err
	}
	tell("tap at the dock", a.p.name+" holds VI-01, no PIN was asked")
	tell("temporary session", "as a guest; no page, no user channel")
	time.Sleep(time.Second) // not the same tap bouncing
	if err := a.tapsDock(ctx); err != nil {
		return err
	}
	if _, err := a.becomes(ctx, "wiping"); err != nil {
		return err
	}
	tell("return", "the same badge at the dock")
	s, err := a.becomes(ctx, "clean")
	if err != nil {
		return err
	}
	if t := a.d.Truth(); len(t.Users)+len(t.Canaries) > 0 || s.Custody.Proof.Grade != "signed_out" {
		return fmt.Errorf("clean (%s) with %v on it", s.Custody.Proof.Grade, t.Canaries)
	}
	tell("proven clean", "signed_out: reachable again, UserList names nobody")
	return nil
}

// managedApps: the apps and the work in them are removed, nothing is erased,
// and the apps and the app lock are back when the iPad is clean.
func managedApps(ctx context.Context, h *Hospital, tell func(string, string)) error {
	a := h.at(13, "RA-01")
	before := a.d.Truth()
	s, err := a.badgeIn(ctx)
	if err != nil {
		return err
	}
	tell("badge-in", s.Holder+" holds "+s.Name)
	if _, err := a.d.Page().Return(ctx); err != nil {
		return fmt.Errorf("returning: %w", err)
	}
	tell("return", "I'm done")
	if _, err := a.comesClean(ctx); err != nil {
		return err
	}
	said, err := a.becomes(ctx, "clean")
	if err != nil {
		return err
	}
	t := a.d.Truth()
	slices.Sort(t.Apps)
	slices.Sort(before.Apps)
	if t.Erased != before.Erased || len(t.Canaries) > 0 || !slices.Equal(t.Apps, before.Apps) || t.AppLock == "" {
		return fmt.Errorf("clean (%s) with %v, apps %v, locked into %q", said.Custody.Proof.Grade, t.Canaries, t.Apps, t.AppLock)
	}
	if said.Custody.Proof.Grade != "apps_removed" {
		return fmt.Errorf("proven %q", said.Custody.Proof.Grade)
	}
	tell("proven clean", fmt.Sprintf("apps_removed: %d apps seen gone, and back", len(t.Apps)))
	return nil
}
