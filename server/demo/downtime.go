package demo

import (
	"context"
	"fmt"

	"github.com/padwarden/padwarden/server/identity"
)

// downtime: a manager seals an iPad for when the network is gone. It has a
// passcode and no app lock then, nobody gets it by a tap, and who used it is
// named when it is brought back and wiped.
func downtime(ctx context.Context, h *Hospital, tell func(string, string)) error {
	a := h.at(14, "TH-03")
	a.d.BringToFront()
	if _, err := a.comesClean(ctx); err != nil {
		return err
	}
	m, err := h.office(ctx, "Ward lead", identity.Manager, passcodeWardID)
	if err != nil {
		return err
	}
	serial := a.d.Serial()
	var told struct{ Code string }
	if err := m.does(ctx, "set-aside", serial, nil, &told); err != nil {
		return err
	}
	code := told.Code
	tell("set aside", fmt.Sprintf("with a code of %d digits for its envelope", len(code)))
	s, err := a.said(ctx, "waiting for its code", func(s shown) bool { return s.Custody.Run.Waits != "" })
	if err != nil {
		return err
	}
	tell("waits", s.Custody.Run.Waits)
	if err := a.d.SetPasscode(code); err != nil {
		return fmt.Errorf("setting the code: %w", err)
	}
	if s, err = a.said(ctx, "sealed", func(s shown) bool { return s.State == "sealed" && s.Custody.Lock.Rung == "confirmed" }); err != nil {
		return err
	}
	if lock := a.d.Truth().AppLock; lock != "" {
		return fmt.Errorf("sealed with the app lock %s", lock)
	}
	tell("sealed", s.Custody.Lock.How)
	erased := a.d.Truth().Erased
	if err := m.does(ctx, "bring-back", serial, map[string]any{"who": a.p.name}, nil); err != nil {
		return err
	}
	if _, err := a.becomes(ctx, "clean"); err != nil {
		return err
	}
	if a.d.Truth().Erased != erased+1 {
		return fmt.Errorf("brought back and not erased")
	}
	tell("proven clean", "used by "+a.p.name+", as the history says")
	return nil
}
