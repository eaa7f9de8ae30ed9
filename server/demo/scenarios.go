package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/padwarden/padwarden/server/sim"
)

// byDay are the scenarios that go on side by side; lastOfAll those that meet
// every iPad at once.
var (
	byDay = []scenario{
		{"idle", idle, []string{"badge-in", "open confirmed", "touch", "warn", "lock confirmed", "resume"}},
		{"take-over", takeOver, []string{"locked", "take-over", "proven clean", "fresh tap"}},
		{"return", giveBack, []string{"return", "wiping", "proven clean"}},
		{"never returns", neverReturns, []string{"acknowledged", "unproven"}},
		{"dock reader", dockReader, []string{"tap at the dock", "badge-in", "proven clean"}},
		{"called back", calledBack, []string{"return", "called back"}},
		{"flat battery", flatBattery, []string{"return", "the wipe waits", "proven clean"}},
		{"passcode ward", passcodeWard, []string{"badge-in", "open confirmed", "proven clean"}},
		{"shared iPad", sharedIPad, []string{"apple sign-in", "badge-in", "return", "proven clean"}},
		{"lost and found", lostAndFound, []string{"called lost", "in Lost Mode", "located", "found", "proven clean"}},
		{"downtime iPad", downtime, []string{"set aside", "waits", "sealed", "proven clean"}},
		{"guests", guests, []string{"tap at the dock", "temporary session", "return", "proven clean"}},
		{"managed apps", managedApps, []string{"badge-in", "return", "proven clean"}},
		{"emergency", emergency, []string{"opened", "in full", "explained", "reviewed", "proven clean"}},
		{"trial", trialOfOneIPad, []string{"walked", "signed"}},
	}
	lastOfAll = []scenario{
		{"emptied Redis", emptiedRedis, []string{"emptied", "locked", "resume", "nothing wiped"}},
	}
)

func state(want string) func(sim.PageState) bool {
	return func(s sim.PageState) bool { return s.State == want }
}

// idle: badge in, the iPad opens, a touch keeps it, left alone it warns and
// locks, and its holder's tap resumes in place.
func idle(ctx context.Context, h *Hospital, tell func(string, string)) error {
	a := h.at(0, "4E-01")
	s, err := a.badgeIn(ctx)
	if err != nil {
		return err
	}
	epoch := s.Epoch
	tell("badge-in", fmt.Sprintf("%s holds %s, epoch %d", s.Holder, s.Name, epoch))
	if err := a.opens(ctx); err != nil {
		return err
	}
	tell("open confirmed", "app lock seen by ProfileList")
	if s, err = a.d.Page().Touch(ctx); err != nil {
		return fmt.Errorf("touching: %w", err)
	}
	tell("touch", fmt.Sprintf("locks in %.1f s", float64(s.LockIn)/1000))
	if s, err = a.shows(ctx, "the warning", func(s sim.PageState) bool { return s.Warned }); err != nil {
		return err
	}
	tell("warn", fmt.Sprintf("still here? locks in %.1f s", float64(s.LockIn)/1000))
	if s, err = a.wakes(ctx, "the lock", func(s sim.PageState) bool { return s.State == "locked" && s.Lock == "confirmed" }); err != nil {
		return err
	}
	if s.Holder != "" {
		return fmt.Errorf("the locked page names %s", s.Holder)
	}
	tell("lock confirmed", "the page names nobody")
	if s, err = a.comesBack(ctx); err != nil {
		return err
	}
	if s.Epoch != epoch || len(a.d.Truth().Canaries) == 0 {
		return fmt.Errorf("resumed in epoch %d of %d: the work is gone", s.Epoch, epoch)
	}
	tell("resume", fmt.Sprintf("same epoch %d, the work is still there", s.Epoch))
	return nil
}

// takeOver: another nurse takes a locked iPad; it is wiped in between and kept
// for a fresh tap.
func takeOver(ctx context.Context, h *Hospital, tell func(string, string)) error {
	first, second := h.at(1, "4E-02"), h.at(2, "4E-02")
	s, err := first.badgeIn(ctx)
	if err != nil {
		return err
	}
	epoch := s.Epoch
	if _, err := first.wakes(ctx, "the lock", state("locked")); err != nil {
		return err
	}
	tell("locked", "left idle by "+first.p.name)
	if err := second.takesOver(ctx); err != nil {
		return err
	}
	tell("take-over", "asked by "+second.p.name+"; wiped in between")
	if _, err := second.comesClean(ctx); err != nil {
		return err
	}
	if left := second.d.Truth().Canaries; len(left) > 0 {
		return fmt.Errorf("shown clean with the work of %s on it", left[0].Holder)
	}
	tell("proven clean", "kept for "+second.p.name)
	if s, err = second.badgeIn(ctx); err != nil {
		return err
	}
	if s.Holder != second.p.name || s.Epoch <= epoch {
		return fmt.Errorf("the fresh tap led to %s %q, epoch %d", s.State, s.Holder, s.Epoch)
	}
	tell("fresh tap", fmt.Sprintf("%s holds %s, epoch %d", s.Holder, s.Name, s.Epoch))
	return nil
}

// giveBack: I'm done, and the wipe climbs to proof.
func giveBack(ctx context.Context, h *Hospital, tell func(string, string)) error {
	a := h.at(3, "4E-03")
	if _, err := a.badgeIn(ctx); err != nil {
		return err
	}
	erased := a.d.Truth().Erased
	s, err := a.d.Page().Return(ctx)
	if err != nil {
		return fmt.Errorf("returning: %w", err)
	}
	tell("return", "I'm done")
	tell("wiping", "proof: "+s.Proof)
	if _, err := a.comesClean(ctx); err != nil {
		return err
	}
	t := a.d.Truth()
	if t.Erased != erased+1 || len(t.Canaries) > 0 {
		return fmt.Errorf("clean after %d erases with %d canaries", t.Erased-erased, len(t.Canaries))
	}
	tell("proven clean", "erased once, came back awaiting configuration, set up, seen by ProfileList")
	return nil
}

// neverReturns: the iPad acknowledges its erase and is never heard of again.
func neverReturns(ctx context.Context, h *Hospital, tell func(string, string)) error {
	a := h.at(4, "4E-04")
	if _, err := a.badgeIn(ctx); err != nil {
		return err
	}
	a.d.NeverReturn()
	if _, err := a.d.Page().Return(ctx); err != nil {
		return fmt.Errorf("returning: %w", err)
	}
	if err := a.proves(ctx, "acknowledged"); err != nil {
		return err
	}
	tell("acknowledged", "the iPad says it will erase")
	said, err := a.becomes(ctx, "unproven")
	if err != nil {
		return err
	}
	tell("unproven", said.Reason)
	return nil
}

// dockReader: the tap at the dock puts the PIN pad on the iPad in it.
func dockReader(ctx context.Context, h *Hospital, tell func(string, string)) error {
	a := h.at(5, "4E-05")
	s, err := a.badgeInAtDock(ctx)
	if err != nil {
		return err
	}
	tell("tap at the dock", "put the PIN pad on "+a.d.Serial())
	tell("badge-in", s.Holder+" holds "+s.Name)
	if _, err := a.d.Page().Return(ctx); err != nil {
		return fmt.Errorf("returning: %w", err)
	}
	if _, err := a.comesClean(ctx); err != nil {
		return err
	}
	tell("proven clean", "back in the dock")
	return nil
}

// calledBack: a return that is regretted before the iPad has heard of it.
func calledBack(ctx context.Context, h *Hospital, tell func(string, string)) error {
	a := h.at(6, "4E-06")
	if _, err := a.badgeIn(ctx); err != nil {
		return err
	}
	if err := a.opens(ctx); err != nil {
		return err
	}
	time.Sleep(300 * time.Millisecond)                    // the iPad has said all it had to say
	h.apns.Fail(503, "ServiceUnavailable", 3*time.Second) // nobody is woken for a moment
	if _, err := a.d.Page().Return(ctx); err != nil {
		return fmt.Errorf("returning: %w", err)
	}
	tell("return", "by mistake")
	s, err := a.badgeIn(ctx)
	if err != nil {
		return err
	}
	if s.State != "in_use" || len(a.d.Truth().Canaries) == 0 {
		return fmt.Errorf("called back to %s", s.State)
	}
	tell("called back", "nothing had been handed over; the work is still there")
	return nil
}

// flatBattery: an iPad that would go dark in the middle of its erase is not
// erased, its manager reads why, and on its charger the wipe goes on by itself.
func flatBattery(ctx context.Context, h *Hospital, tell func(string, string)) error {
	a := h.at(11, "4E-08")
	if _, err := a.comesClean(ctx); err != nil {
		return err
	}
	if _, err := a.badgeIn(ctx); err != nil {
		return err
	}
	erased := a.d.Truth().Erased
	a.d.Drained(0.09)
	if _, err := a.d.Page().Return(ctx); err != nil {
		return fmt.Errorf("returning: %w", err)
	}
	tell("return", "with 9 % in the battery")
	s, err := a.said(ctx, "waiting", func(s shown) bool { return s.Custody.Run.Waits != "" })
	if err != nil {
		return err
	}
	if n := a.d.Truth().Erased; n != erased {
		return fmt.Errorf("erased with a flat battery")
	}
	tell("the wipe waits", s.Custody.Run.Waits)
	a.d.Charge()
	if _, err := a.becomes(ctx, "clean"); err != nil {
		return err
	}
	tell("proven clean", "on its charger, by itself")
	return nil
}

// passcodeWard: the clinical apps are allowed once a passcode is set.
func passcodeWard(ctx context.Context, h *Hospital, tell func(string, string)) error {
	a := h.at(7, "TH-01")
	a.d.BringToFront()
	if _, err := a.comesClean(ctx); err != nil {
		return err
	}
	s, err := a.badgeIn(ctx)
	if err != nil {
		return err
	}
	tell("badge-in", s.Holder+" holds "+s.Name+" and sets a passcode")
	if err := a.d.SetPasscode(passcode); err != nil {
		return fmt.Errorf("setting a passcode: %w", err)
	}
	if err := a.opens(ctx); err != nil {
		return err
	}
	tell("open confirmed", "passcode seen by SecurityInfo, clinical apps allowed")
	if _, err := a.d.Page().Return(ctx); err != nil {
		return fmt.Errorf("returning: %w", err)
	}
	if _, err := a.becomes(ctx, "clean"); err != nil {
		return err
	}
	tell("proven clean", "erased, and the passcode with it")
	return nil
}

// sharedIPad: Apple's sign-in comes first and a tap must match it; the wipe
// ends with a UserList that names nobody.
func sharedIPad(ctx context.Context, h *Hospital, tell func(string, string)) error {
	a := h.at(8, "CH-01")
	if err := a.signsIn(ctx); err != nil {
		return err
	}
	tell("apple sign-in", a.p.account+" at Apple's login")
	tell("badge-in", a.p.name+" holds CH-01")
	if _, err := a.d.Page().Return(ctx); err != nil {
		return fmt.Errorf("returning: %w", err)
	}
	tell("return", "I'm done")
	if _, err := a.becomes(ctx, "clean"); err != nil {
		return err
	}
	if users := a.d.Truth().Users; len(users) > 0 {
		return fmt.Errorf("clean with the volume of %s on it", users[0].Account)
	}
	tell("proven clean", "UserList names nobody")
	return nil
}
