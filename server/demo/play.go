package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// Play lets people come and go in every ward until ctx ends: they badge in,
// work, wander off, come back or not, and bring the iPads home.
func (h *Hospital) Play(ctx context.Context) {
	var wg sync.WaitGroup
	for n := range h.people {
		ward := wards[n%len(wards)]
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				device := fmt.Sprintf("%s-%02d", ward.short, 1+(n/len(wards)+4*(i%2))%h.iPads(ward.few))
				if ward.fleet == custody.SharedGuest {
					h.visit(ctx, h.at(n, device))
				} else {
					h.shift(ctx, h.at(n, device))
				}
				h.rest(ctx, 5, 20)
			}
		})
	}
	wg.Wait()
}

// rest waits between lo and hi seconds, unhurried by the demo's speed: these are people.
func (h *Hospital) rest(ctx context.Context, lo, hi int) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Duration(lo+rand.IntN(hi-lo+1)) * time.Second):
	}
}

// passcode is what everybody in the demo sets for a shift.
const passcode = "918273"

// shift is one person with one iPad. What fails on the way is a person's bad
// luck, such as an iPad that is just being wiped: the demo goes on, and the
// observer judges.
func (h *Hospital) shift(ctx context.Context, a at) {
	a.d.Wake()
	a.d.BringToFront()
	_ = a.d.AppleSignIn(a.p.account) // only a Shared iPad has it
	h.rest(ctx, 1, 3)
	s, err := a.badgeIn(ctx)
	if err != nil || s.State != "in_use" {
		h.o.Logger.Debug("demo: badging in", "device", a.d.Serial(), "state", s.State, "err", err)
		return
	}
	if s.Ward == passcodeWardID {
		_ = a.d.SetPasscode(passcode)
	}
	for range 2 + rand.IntN(6) {
		h.rest(ctx, 1, 4)
		if _, err := a.d.Page().Touch(ctx); err != nil {
			break
		}
	}
	switch rand.IntN(4) {
	case 0: // wanders off and comes back
		h.rest(ctx, 10, 25)
		a.d.Wake()
		_ = a.d.Unlock(passcode)
		h.rest(ctx, 1, 2)
		_, _ = a.badgeIn(ctx)
		_, _ = a.d.Page().Return(ctx)
	case 1: // wanders off
	default:
		_, _ = a.d.Page().Return(ctx)
	}
}

// visit is one person with a guests' iPad: a tap at its dock, a temporary
// session, and a tap again, or none.
func (h *Hospital) visit(ctx context.Context, a at) {
	if err := a.opensForGuest(ctx); err != nil {
		h.o.Logger.Debug("demo: a guest", "device", a.d.Serial(), "err", err)
		return
	}
	h.rest(ctx, 5, 20)
	_ = a.tapsDock(ctx)
}
