package steward

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/padwarden/padwarden/server/custody"
)

// TestModel drives two servers through people, timers, an unreliable network,
// crashes between any two writes, paused sweepers and lost buckets, and asks
// the devices' own truth after every step: nobody is handed a device that holds
// another's data, epochs only grow, the history is whole, and every state has
// a way out.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWard(rt, wrapper{})
		rt.Repeat(w.actions())
		w.crash.in = 0
		w.stores.down = false
		for _, p := range w.pads {
			w.settle(p)
		}
	})
}

// actions are everything that can happen, one at a time.
func (w *ward) actions() map[string]func(*rapid.T) {
	people := []string{"ada", "ben", "cy"}
	pad := func(t *rapid.T) *ipad { return w.pads[rapid.IntRange(0, len(w.pads)-1).Draw(t, "pad")] }
	server := func(t *rapid.T) int { return rapid.IntRange(0, len(w.servers)-1).Draw(t, "server") }
	person := func(t *rapid.T) string { return rapid.SampledFrom(people).Draw(t, "person") }
	account := func(p *ipad, who string) string {
		if p.shared {
			return who
		}
		return ""
	}
	return map[string]func(*rapid.T){
		"claim": func(t *rapid.T) {
			p, who := pad(t), person(t)
			_ = w.apply(server(t), p, custody.Claim{By: who, Account: account(p, who)})
		},
		"resume": func(t *rapid.T) {
			p, who := pad(t), person(t)
			_ = w.apply(server(t), p, custody.Resume{By: who, Account: account(p, who)})
		},
		"takeover": func(t *rapid.T) { _ = w.apply(server(t), pad(t), custody.TakeOver{By: person(t)}) },
		"return":   func(t *rapid.T) { p := pad(t); _ = w.apply(server(t), p, custody.Return{By: w.row(p).Holder}) },
		"wipe":     func(t *rapid.T) { _ = w.apply(server(t), pad(t), custody.Wipe{By: "manager"}) },
		"lockNow":  func(t *rapid.T) { _ = w.apply(server(t), pad(t), custody.LockNow{By: "manager"}) },
		"lose": func(t *rapid.T) {
			_ = w.apply(server(t), pad(t), custody.Lose{By: "manager", Why: "gone", Message: "Please call us."})
		},
		"found": func(t *rapid.T) { _ = w.apply(server(t), pad(t), custody.Found{By: "manager"}) },
		"isolate": func(t *rapid.T) {
			p := pad(t)
			if w.apply(server(t), p, custody.Isolate{By: "manager", Why: "norovirus"}) != nil {
				_ = w.apply(server(t), p, custody.Release{By: "manager", Why: "chlorine"})
			}
		},
		"mislaid": func(t *rapid.T) {
			p := pad(t)
			_ = w.apply(server(t), p, custody.Mislaid{Command: w.row(p).Run.Command})
		},
		"setAside": func(t *rapid.T) {
			p := pad(t)
			if w.apply(server(t), p, custody.SetAside{By: "manager"}) != nil {
				_ = w.apply(server(t), p, custody.BringBack{By: "manager", Who: person(t)})
			}
		},
		"assign": func(t *rapid.T) {
			p := pad(t)
			_ = w.apply(server(t), p, custody.Assign{By: "manager", Who: person(t), From: w.row(p).Hands.Who, Epoch: w.row(p).Epoch})
		},
		"retire": func(t *rapid.T) {
			p := pad(t)
			if w.apply(server(t), p, custody.Retire{By: "manager"}) != nil {
				_ = w.apply(server(t), p, custody.Reinstate{By: "manager"})
			}
		},
		"an emergency": func(t *rapid.T) {
			_ = w.apply(server(t), pad(t), custody.Claim{By: person(t), How: custody.AssuranceBreakGlass, With: "badge:x"})
		},
		"moved": func(t *rapid.T) {
			id := pad(t)
			_ = w.apply(server(t), id, custody.Moved{By: person(t), Epoch: rapid.Int64Range(0, 9).Draw(t, "epoch")})
		},
		"revoke": func(t *rapid.T) { _ = w.apply(server(t), pad(t), custody.Revoke{Clinician: person(t)}) },
		"touch": func(t *rapid.T) {
			p := pad(t)
			_, _ = w.servers[server(t)].Live.Touch(w.ctx, p.id, w.row(p).Epoch)
		},
		"signin":  func(t *rapid.T) { pad(t).signIn(person(t)) },
		"connect": func(t *rapid.T) { pad(t).connect() },
		"deliver": func(t *rapid.T) {
			p := pad(t)
			if n := len(p.outbox); n > 0 {
				w.deliver(server(t), p, rapid.IntRange(0, n-1).Draw(t, "message"), rapid.Bool().Draw(t, "again"))
			}
		},
		"repeat": func(t *rapid.T) {
			p := pad(t)
			if len(p.said) > 0 {
				_ = w.send(server(t), p, p.said[rapid.IntRange(0, len(p.said)-1).Draw(t, "old")])
			}
		},
		"execute":  func(t *rapid.T) { w.execute(pad(t)) },
		"converse": func(t *rapid.T) { p := pad(t); p.connect(); w.converse(p) },
		"comeback": func(t *rapid.T) {
			if p := pad(t); p.away {
				p.enrol()
			}
		},
		"reenrol": func(t *rapid.T) { // without an erase
			if p := pad(t); !p.away && !p.fresh {
				p.enrol()
			}
		},
		"faulty": func(t *rapid.T) { pad(t).faulty = true },
		"ask":    func(t *rapid.T) { w.ask(server(t), pad(t), rapid.Bool().Draw(t, "lost")) },
		"time": func(t *rapid.T) {
			w.stores.advance(time.Duration(rapid.IntRange(1, 1000).Draw(t, "seconds")) * time.Second)
		},
		"sweep":       func(t *rapid.T) { w.sweep(server(t), rapid.Bool().Draw(t, "pause")) },
		"resumeSweep": func(t *rapid.T) { w.resumeSweep(server(t)) },
		"beat":        func(t *rapid.T) { w.beat(rapid.IntRange(1, 5).Draw(t, "beats")) },
		"crash":       func(t *rapid.T) { w.crash.in = rapid.IntRange(1, 8).Draw(t, "write") },
		"emptied":     func(*rapid.T) { w.stores.redis.empty() },
		"sqlDown":     func(*rapid.T) { w.stores.down = true },
		"sqlUp":       func(*rapid.T) { w.stores.down = false },
	}
}
