package demo

import (
	"context"
	"fmt"
	"strings"

	"github.com/padwarden/padwarden/server/identity"
)

// lostAndFound: a manager calls an iPad lost; it counts as that when the iPad
// says so, and found likewise. Nobody gets it before it is wiped.
func lostAndFound(ctx context.Context, h *Hospital, tell func(string, string)) error {
	a := h.at(14, "TH-02")
	a.d.BringToFront()
	if _, err := a.comesClean(ctx); err != nil {
		return err
	}
	if _, err := a.badgeIn(ctx); err != nil {
		return err
	}
	m, err := h.office(ctx, "Ward lead", identity.Manager, passcodeWardID)
	if err != nil {
		return err
	}
	serial, erased := a.d.Serial(), a.d.Truth().Erased
	if err := m.does(ctx, "lost", serial, map[string]any{"why": "not in its dock", "message": "Please bring me to Theatre."}, nil); err != nil {
		return err
	}
	tell("called lost", "by its manager, while "+a.p.name+" held it")
	s, err := a.said(ctx, "in Lost Mode", func(s shown) bool { return s.State == "lost" && s.Custody.Lock.Rung == "confirmed" })
	if err != nil {
		return err
	}
	if t := a.d.Truth(); !t.LostMode || t.Erased != erased {
		return fmt.Errorf("called lost with Lost Mode %v, erased %d times", t.LostMode, t.Erased-erased)
	}
	tell("in Lost Mode", s.Custody.Lock.How)
	var told struct{ Code string }
	if err := m.does(ctx, "locate", serial, nil, &told); err != nil {
		return err
	}
	if !strings.Contains(told.Code, "within") {
		return fmt.Errorf("it is %q", told.Code)
	}
	if err := m.does(ctx, "sound", serial, nil, nil); err != nil {
		return err
	}
	if a.d.Truth().Sounds != 1 {
		return fmt.Errorf("it plays no sound")
	}
	tell("located", "by its answer in Lost Mode, and heard")
	if err := m.does(ctx, "found", serial, nil, nil); err != nil {
		return err
	}
	if s, err = a.becomes(ctx, "unproven"); err != nil {
		return err
	}
	if a.d.Truth().LostMode {
		return fmt.Errorf("called found in Lost Mode")
	}
	tell("found", s.Reason)
	if err := m.wipes(ctx, serial); err != nil {
		return err
	}
	if _, err := a.becomes(ctx, "clean"); err != nil {
		return err
	}
	tell("proven clean", "wiped because its manager asked")
	return nil
}
