package steward

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// readOnlyLedger answers what it is asked and takes nothing, as a database does
// whose disk is full or that failed over to a standby.
type readOnlyLedger struct {
	custody.Ledger
	on *bool
}

func (l readOnlyLedger) Commit(ctx context.Context, ch custody.Change) error {
	if *l.on {
		return fmt.Errorf("the disk is full: %w", custody.ErrUnavailable)
	}
	return l.Ledger.Commit(ctx, ch)
}

// TestRule10ReadOnlyLedger: a database that can be read and not written is one
// that is away. The row still says in_use and nothing is left to do on it, but
// live has closed the session: the device is told to lock all the same.
func TestRule10ReadOnlyLedger(t *testing.T) {
	full := false
	w, p, _ := ready(t, wrapper{ledger: func(l custody.Ledger) custody.Ledger { return readOnlyLedger{l, &full} }})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	p.connect()
	w.converse(p)
	if c := w.want(p, custody.InUse); c.Run.Active() {
		t.Fatalf("the open plan has not ended: %+v", c.Run)
	}
	full = true
	if cmd := w.pull(p); cmd != nil {
		t.Fatalf("an open session's device was told %s", cmd.Request)
	}
	w.stores.advance(3 * time.Minute)
	w.sweep(0, false)
	w.want(p, custody.InUse)
	cmd, err := w.servers[1].Exchange(w.ctx, p.report(plan.StatusIdle, ""), nil)
	if err != nil || cmd == nil || cmd.Request != "DeviceLock" {
		t.Fatalf("told %+v, %v; want DeviceLock", cmd, err)
	}
	full = false
	p.connect()
	w.converse(p)
	w.want(p, custody.Locked)
	if e := w.stores.entries[p.id]; e[len(e)-1].Kind == custody.KindOwed {
		t.Fatal("the owed entry is the last: the lock was not written after it")
	}
}

// slowSettle runs before the first settling of what was owed.
type slowSettle struct {
	custody.Live
	before *func()
}

func (l slowSettle) Settle(ctx context.Context, id custody.DeviceID, n int) error {
	if f := *l.before; f != nil {
		*l.before = nil
		f()
	}
	return l.Live.Settle(ctx, id, n)
}

// TestRule10WhatIsOwedIsWrittenOnce: also when another server changes the row,
// or this one dies, between writing and settling (P4).
func TestRule10WhatIsOwedIsWrittenOnce(t *testing.T) {
	for name, between := range map[string]func(w *ward, p *ipad){
		"another server": func(w *ward, p *ipad) { w.must(w.apply(1, p, custody.Resume{By: "ada"})) },
		"a crash":        func(*ward, *ipad) { panic(crash{}) },
	} {
		full := false
		var before func()
		w, p, _ := ready(t, wrapper{
			ledger: func(l custody.Ledger) custody.Ledger { return readOnlyLedger{l, &full} },
			live:   func(l custody.Live) custody.Live { return slowSettle{l, &before} },
		})
		w.must(w.apply(0, p, custody.Claim{By: "ada"}))
		full = true
		w.stores.advance(3 * time.Minute)
		w.sweep(0, false)
		if _, err := w.servers[1].Exchange(w.ctx, p.report(plan.StatusIdle, ""), nil); err != nil {
			t.Fatal(err)
		}
		full = false
		before = func() { between(w, p) }
		w.stores.advance(6 * time.Second)
		w.sweep(0, false)
		_ = w.apply(1, p, custody.Return{By: "ada"})
		w.want(p, custody.Wiping)
		n := 0
		for _, e := range w.stores.entries[p.id] {
			if e.Kind == custody.KindOwed {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s: the owed entry is %d times in history", name, n)
		}
	}
}

// TestConnectBetweenResumeAndItsGrant: live still shows the lock that the
// resume has ended; that is no session which live has closed.
func TestConnectBetweenResumeAndItsGrant(t *testing.T) {
	var between func()
	w, p, _ := ready(t, wrapper{live: func(l custody.Live) custody.Live {
		return spyLive{l, func(m custody.Mirror) {
			if f := between; f != nil && m.Grant {
				between = nil
				f()
			}
		}}
	}})
	w.must(w.apply(0, p, custody.Claim{By: "ada"}))
	w.idle(p)
	between = func() { w.pull(p) }
	w.must(w.apply(0, p, custody.Resume{By: "ada"}))
	w.want(p, custody.InUse)
}
