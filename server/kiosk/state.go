package kiosk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/words"
)

// State is what the page shows, and all that it is told.
type State struct {
	Device   custody.DeviceID  `json:"device"`
	Name     string            `json:"name"`
	Ward     string            `json:"ward"`
	WardName string            `json:"ward_name"`
	State    custody.State     `json:"state"`
	Epoch    int64             `json:"epoch"`
	Version  int64             `json:"version"` // of the row
	Holder   string            `json:"holder"`  // a name, only while in use
	Mine     bool              `json:"mine"`    // this page may touch and give back
	Open     bool              `json:"open"`    // touches count
	Opening  bool              `json:"opening"`
	Warned   bool              `json:"warned"`
	WarnInMs int64             `json:"warn_in_ms"` // 0: no idle deadline
	LockInMs int64             `json:"lock_in_ms"`
	EndsInMs int64             `json:"ends_in_ms"`     // in use: it ends whatever is touched
	Until    time.Time         `json:"until,omitzero"` // that moment, by the server's clock
	TouchMs  int64             `json:"touch_every_ms"` // in use: touches are worth telling once in this time
	Lock     custody.LockRung  `json:"lock"`
	Proof    custody.ProofRung `json:"proof"`
	Asks     string            `json:"asks"`
	Nonce    string            `json:"nonce"`
	Sentence string            `json:"sentence"`
	Says     string            `json:"says"`             // what the state itself says, whatever is asked
	Invite   bool              `json:"invite"`           // wiping: it waits for the tap of who has just signed in to Apple
	Others   []string          `json:"others,omitempty"` // the nearest iPads that can be had instead
	LockWord string            `json:"lock_word"`
	Keys     bool              `json:"keys"` // passkeys may be used here
	// Emergency: a badge that was tapped may open it alone. Code: so may the ward's sealed code.
	Emergency bool              `json:"emergency"`
	Code      bool              `json:"code"`
	Assurance custody.Assurance `json:"assurance"`         // in use: how the holder showed who they are
	Explain   *Explanation      `json:"explain,omitempty"` // in use: what the holder has not explained
	Digits    int               `json:"digits"`            // a PIN has at least so many
	AddKey    bool              `json:"add_key"`           // in use: the holder may add a key now, without the PIN
	Ladder    []Rung            `json:"ladder,omitempty"`  // wiping: how far the cleaning is
	Usual     string            `json:"usual"`             // in use, wiping: how long a cleaning usually takes here, if enough is known
	AgoMs     int64             `json:"wiping_for_ms"`     // wiping: since it was asked for
	Slow      bool              `json:"slow"`              // wiping: it takes longer than nearly all here
	Apps      []Tile            `json:"apps,omitempty"`    // in use: the ward's own
}

func (k *Kiosk) showState(ctx context.Context, c *fiber.Ctx, row custody.Custody) error {
	s, err := k.state(ctx, row)
	if err != nil {
		return err
	}
	return c.JSON(s.in(browser.Speech(c, k.words)))
}

// in is the state with its sentences in the language of who reads the page.
// What is sent back, the reasons of an emergency, is not among them.
func (s State) in(speech *words.Speech) State {
	for _, said := range []*string{&s.Sentence, &s.Says, &s.LockWord, &s.Usual} {
		*said = speech.Say(*said)
	}
	s.Ladder = slices.Clone(s.Ladder)
	for i := range s.Ladder {
		s.Ladder[i].Word = speech.Say(s.Ladder[i].Word)
	}
	if s.Explain != nil {
		e := *s.Explain
		e.Ago = speech.Say(e.Ago)
		s.Explain = &e
	}
	return s
}

// again reads the row anew and shows it: what a change answers with.
func (k *Kiosk) again(ctx context.Context, c *fiber.Ctx, id custody.DeviceID) error {
	row, err := k.Ledger.Custody(ctx, id)
	if err != nil {
		return err
	}
	return k.showState(ctx, c, row)
}

// state says what the page of row's device shows.
func (k *Kiosk) state(ctx context.Context, row custody.Custody) (State, error) {
	d, err := k.Ledger.Device(ctx, row.Device)
	if err != nil {
		return State{}, err
	}
	w, err := k.Ledger.Ward(ctx, row.Ward)
	if err != nil {
		return State{}, err
	}
	session, known := k.session(ctx, row)
	s := State{
		Device: row.Device, Name: d.Name, Ward: row.Ward, WardName: w.Name, Epoch: row.Epoch, Version: row.Version,
		State: shown(row, session), Lock: row.Lock.Rung, Proof: row.Proof.Rung,
	}
	s.Invite, s.Keys = awaitsTap(row), k.Passkeys != nil
	k.measure(ctx, &s, row, w.Policy, session.Now)
	if err := k.offers(ctx, &s, row, w.Policy, session); err != nil {
		return State{}, err
	}
	if s.State == custody.Locked && s.Lock == "" {
		s.Lock = custody.LockRequested
	}
	if s.State == custody.InUse {
		if err := k.inUse(ctx, &s, row, w.Policy, session); err != nil {
			return State{}, err
		}
	}
	q, err := k.asked(ctx, row.Device)
	if err != nil && known {
		return State{}, err
	}
	s.Emergency = s.Emergency && q.Again == ""
	s.Says = sentence(s.State, row, session.Now)
	if q.fits(s.State) {
		s.Asks, s.Nonce, s.Sentence = q.Asks, q.Nonce, q.Sentence
	} else {
		s.Sentence = s.Says
		if s.Nonce, err = k.nonce(row); err != nil {
			return State{}, err
		}
	}
	if s.State != custody.Clean && s.State != custody.Reset && s.State != custody.InUse || stuck(s.Opening, row, session.Now) {
		s.Others = k.others(ctx, row, "", maxOthers)
	}
	return s, nil
}

// offers says what the ward's policy lets people do here.
func (k *Kiosk) offers(ctx context.Context, s *State, row custody.Custody, p custody.Policy, session custody.Session) (err error) {
	s.Digits, s.Emergency = p.LeastPIN(), p.BreakGlass > 0
	if s.Emergency && s.State == custody.Clean && row.Available("", session.Now) {
		if s.Code, err = k.Ledger.EmergencyCode(ctx, row.Ward); err != nil {
			return err
		}
	}
	return nil
}

// session reads the session of row's epoch; known is false where live cannot tell.
func (k *Kiosk) session(ctx context.Context, row custody.Custody) (s custody.Session, known bool) {
	s, err := k.Live.Session(ctx, row.Device)
	if err != nil {
		if !errors.Is(err, custody.ErrNotFound) && !errors.Is(err, custody.ErrLost) {
			k.Log.Warn("a session cannot be read; shown as locked", "device", row.Device, "err", err)
		}
		return custody.Session{}, false
	}
	return s, true
}

// shown is the row's state, but locked where it is in use and live does not
// hold its session open: live may be stricter.
func shown(row custody.Custody, s custody.Session) custody.State {
	if row.State == custody.InUse && (!s.Open || s.Epoch != row.Epoch || s.State != custody.InUse) {
		return custody.Locked
	}
	return row.State
}

func (k *Kiosk) inUse(ctx context.Context, s *State, row custody.Custody, p custody.Policy, session custody.Session) error {
	who, err := k.Ledger.Clinician(ctx, row.Holder)
	if err != nil && !errors.Is(err, custody.ErrNotFound) {
		return fmt.Errorf("reading who holds %s: %w", row.Device, err)
	}
	s.Holder, s.Mine, s.Open = who.Name, true, true
	s.Opening = row.Run.Goal == custody.GoalOpen && row.Run.Active()
	s.Warned = session.Warned
	s.WarnInMs = left(session.WarnAt, session.Now)
	s.LockInMs = left(session.LockAt, session.Now)
	s.Lock, s.Proof = "", ""
	s.AddKey = s.Keys && k.fresh(ctx, row)
	s.Assurance = row.Assurance
	s.Until = ends(row, p)
	s.EndsInMs = left(s.Until, session.Now)
	s.LockInMs = sooner(s.LockInMs, left(row.Until, session.Now)) // an emergency's time is counted down too
	s.TouchMs, s.Apps = touchEvery(p).Milliseconds(), tiles(p.WebApps)
	s.Explain = k.unexplained(ctx, row.Holder, session.Now)
	return nil
}

// ends is when the row's session is over whatever is touched: after the ward's
// longest one, or with an emergency's time.
func ends(row custody.Custody, p custody.Policy) time.Time {
	end := row.Until
	if longest := row.Opened.Add(p.Longest); !row.Opened.IsZero() && (end.IsZero() || longest.Before(end)) {
		end = longest
	}
	return end
}

// touchEvery is how often touches are worth telling. What is not told costs
// the holder at most so much of the time until the warning: a small part of it,
// in a ward that warns early too.
func touchEvery(p custody.Policy) time.Duration { return min(15*time.Second, p.Warn/4) }

// awaitsTap: on a Shared iPad an Apple sign-in makes a clean device leave
// clean, and is called back by the tap of whose account it is until the
// sign-out has left. Where it came over somebody's data, no tap claims it.
func awaitsTap(row custody.Custody) bool {
	return row.State == custody.Wiping && row.Cause == custody.CauseStranger && row.Holder == "" && row.Risk.Request == ""
}

func left(at, now time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return max(at.Sub(now).Milliseconds(), 1)
}

// sooner is the less of two times that are left; 0 is none.
func sooner(a, b int64) int64 {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

// stuck: what should have opened long ago has not.
func stuck(opening bool, row custody.Custody, now time.Time) bool {
	return opening && now.Sub(row.Run.Started) > openingLong
}

// sentence says what is going on, for whoever picks the iPad up: no names.
func sentence(s custody.State, row custody.Custody, now time.Time) string {
	switch s {
	case custody.Clean, custody.Reset:
		if !row.Available("", now) {
			return "This iPad is kept for a colleague for a moment."
		}
		if s == custody.Reset {
			return fmt.Sprintf("This iPad was reset. %s", row.Proof.Grade.Kept())
		}
	case custody.Locked:
		return "Is this yours? Tap your badge to go on where you left off."
	case custody.Wiping:
		if awaitsTap(row) {
			return "Somebody has just signed in to Apple on this iPad. If that was you, tap your badge now; otherwise they are signed out."
		}
		if row.Reserved.For != "" {
			return "The last person's data is being removed. This iPad is then kept for the colleague who asked for it."
		}
		return "The last person's data is being removed. Nobody can use it until that is proven."
	case custody.Unproven:
		// Why is for the console: a reason may name an account.
		return "It is not proven that the last person's data is gone. Please give this iPad to your ward lead."
	case custody.Lost:
		return "This iPad is reported lost. Please bring it to the ward desk."
	case custody.Enrolling:
		return "This iPad is being set up."
	case custody.Sealed:
		return "This iPad is sealed for a network downtime."
	case custody.Isolated:
		return "This iPad is kept in isolation. Please leave it where it is until it has been disinfected and released."
	}
	return ""
}
