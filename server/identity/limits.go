package identity

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// Limits are how many PINs may be tried before the next is refused unlooked at.
type Limits struct {
	Pair        int64         // for a badge on one device, then that pair cools down
	PairFor     time.Duration // how long
	Badge       int64         // for a badge anywhere, then the badge is paused
	BadgeFor    time.Duration
	Ever        int64 // for a badge since its last right PIN, then it needs a new PIN
	EverFor     time.Duration
	Device      int64 // wrong ones on a device in a window, whatever the badges
	Ward        int64 // … in a ward
	All         int64 // … everywhere
	WindowEvery time.Duration
}

// DefaultLimits: five on one iPad, so that whoever guesses there does not shut
// its owner out elsewhere; ten in all; a hundred in a row before a new PIN is
// needed (SP 800-63B-4, 3.2.2); and budgets against spraying one guess over
// many badges.
var DefaultLimits = Limits{
	Pair: 5, PairFor: 5 * time.Minute,
	Badge: 10, BadgeFor: 15 * time.Minute,
	Ever: 100, EverFor: 365 * 24 * time.Hour,
	Device: 30, Ward: 90, All: 500, WindowEvery: 15 * time.Minute,
}

// Codes of identity's refusals.
const (
	RefusedBadge   = "not_a_badge"
	RefusedPIN     = "bad_pin"
	RefusedWrong   = "wrong_pin"
	RefusedPair    = "cooling_down"
	RefusedPaused  = "badge_paused"
	RefusedRebind  = "new_pin_needed"
	RefusedDevice  = "device_paused"
	RefusedWard    = "ward_paused"
	RefusedAll     = "sign_in_paused"
	RefusedBusy    = "busy"
	RefusedStaff   = "not_signed_in"
	RefusedClosed  = "account_closed"
	RefusedToken   = "no_such_token"
	RefusedOneself = "not_oneself"
	RefusedAllowed = "not_allowed"

	RefusedGroup    = "no_group"          // signed in at the hospital, and no group of theirs has a role
	RefusedStranger = "no_such_clinician" // signed in at the hospital, and nobody here
	RefusedPinned   = "pinned"            // signed in at the hospital as somebody who is another's
)

// Paused reports whether err says that attempts are limited for now.
func Paused(err error) bool {
	switch custody.Refused(err) {
	case RefusedPair, RefusedPaused, RefusedRebind, RefusedDevice, RefusedWard, RefusedAll, RefusedBusy, RefusedHurry:
		return true
	}
	return false
}

// meter is one limit on one attempt.
type meter struct {
	key string
	// good, if set, is the counter of right attempts, so that key's excess over
	// it are the wrong ones; otherwise a right attempt starts key anew.
	good string
	max  int64
	ttl  time.Duration
	no   *custody.Refusal
}

// meters are the limits on a, in the order in which they are asked: an attempt
// that one refuses is not counted by those after it. So guessing on one iPad
// stops at the pair and cannot pause the badge elsewhere.
func (i *Identity) meters(a Attempt) []meter {
	l, badge := i.Limits, hex.EncodeToString(a.Badge)
	// A window is named by its number, so that both its counters are of the
	// same time and end together.
	window := ":" + strconv.FormatInt(i.Now().UnixNano()/max(int64(l.WindowEvery), 1), 10)
	budget := func(name string, max int64, no *custody.Refusal) meter {
		key := "try:" + name + window
		return meter{key: key, good: key + ":good", max: max, ttl: 2 * l.WindowEvery, no: no}
	}
	return []meter{
		{key: "try:pair:" + badge + ":" + string(a.Device), max: l.Pair, ttl: l.PairFor,
			no: refusal(RefusedPair, "Too many wrong PINs for this badge on this iPad. Use another iPad, or wait five minutes.")},
		{key: "try:badge:" + badge, max: l.Badge, ttl: l.BadgeFor,
			no: refusal(RefusedPaused, "Too many wrong PINs for this badge. Wait 15 minutes; if you do not know your PIN, ask your ward lead for a new one.")},
		budget("device:"+string(a.Device), l.Device,
			refusal(RefusedDevice, "Too many wrong sign-ins on this iPad. Use another iPad, or wait 15 minutes.")),
		budget("ward:"+a.Ward, l.Ward,
			refusal(RefusedWard, "Too many wrong sign-ins on this ward: signing in is paused for up to 15 minutes. Tell your ward lead; in an emergency use a downtime iPad.")),
		budget("all", l.All,
			refusal(RefusedAll, "Too many wrong sign-ins: signing in is paused for up to 15 minutes. Call IT; in an emergency use a downtime iPad.")),
	}
}

// ever is the limit on all wrong PINs in a row. It is counted for the PIN that
// is set, so a new one starts it anew; an unknown badge has one too, and is
// answered alike.
func (i *Identity) ever(badge []byte, encoded string) meter {
	return meter{key: "try:ever:" + hex.EncodeToString(badge) + ":" + digest(encoded), max: i.Limits.Ever, ttl: i.Limits.EverFor,
		no: refusal(RefusedRebind, "This badge has had too many wrong PINs. Ask your ward lead for a new PIN.")}
}

// peek refuses an attempt that a limit would refuse, without counting it: a
// flood is turned away before it queues for a hash.
func (i *Identity) peek(ctx context.Context, meters []meter) error {
	wrong := make([]int64, len(meters))
	err := together(len(meters), func(n int) (err error) {
		wrong[n], err = i.wrong(ctx, meters[n], i.Live.Peek)
		return err
	})
	if err != nil {
		return err
	}
	for n, m := range meters {
		if wrong[n] >= m.max {
			return m.no
		}
	}
	return nil
}

// count counts an attempt before its PIN is looked at: in turn, for what one
// limit refuses those after it must not hear of.
func (i *Identity) count(ctx context.Context, meters []meter) error {
	for _, m := range meters {
		wrong, err := i.wrong(ctx, m, func(ctx context.Context, key string) (int64, error) { return i.Live.Count(ctx, key, m.ttl) })
		if err != nil {
			return err
		}
		if wrong > m.max {
			return m.no
		}
	}
	return nil
}

// wrong is how many of m's attempts, which read reads, were not right.
func (i *Identity) wrong(ctx context.Context, m meter, read func(context.Context, string) (int64, error)) (int64, error) {
	var all, good int64
	err := together(2, func(n int) (err error) {
		switch {
		case n == 0:
			all, err = read(ctx, m.key)
		case m.good != "":
			good, err = i.Live.Peek(ctx, m.good)
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("reading how often a sign-in was tried: %w", err)
	}
	return all - good, nil
}

// forgive takes a right attempt off every limit.
func (i *Identity) forgive(ctx context.Context, meters []meter) error {
	return together(len(meters), func(n int) error {
		m := meters[n]
		if m.good == "" {
			return i.Live.Forget(ctx, m.key)
		}
		_, err := i.Live.Count(ctx, m.good, m.ttl)
		return err
	})
}

// together does what waits for Redis at the same time, where live sends it at
// once, and returns all errors.
func together(n int, do func(n int) error) error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for n := range n {
		all.Go(func() { errs[n] = do(n) })
	}
	all.Wait()
	return errors.Join(errs...)
}
