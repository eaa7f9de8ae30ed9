package demo

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/app"
	"github.com/padwarden/padwarden/server/sim"
)

// TestAnIPadRenewsItsIdentity over the real protocols: eight months on it is
// told to, goes on under its new certificate with all that is on it, and is
// wiped and proven by it.
func TestAnIPadRenewsItsIdentity(t *testing.T) {
	var later atomic.Int64
	h := hospital(t, func(a *app.App) {
		a.Engine.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	a := h.at(0, "4E-01")
	if _, err := a.badgeIn(ctx); err != nil {
		t.Fatal(err)
	}
	if err := a.opens(ctx); err != nil {
		t.Fatal(err)
	}
	before := a.d.Truth()
	later.Store(int64(250 * 24 * time.Hour))
	for a.d.Truth().Certificate == before.Certificate {
		if _, err := a.d.Page().Touch(ctx); err != nil {
			t.Fatalf("it never renewed: %v", err)
		}
		if err := h.App.Engine.NudgeExpiring(ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
	}
	later.Store(0)
	after := a.d.Truth()
	if after.Erased != before.Erased || len(after.Canaries) != len(before.Canaries) || !after.Enrolled {
		t.Fatalf("renewed: %+v", after)
	}
	was, err := h.App.Ledger.Certificate(ctx, before.Certificate)
	if err != nil || was.Superseded.IsZero() || !was.Revoked.IsZero() {
		t.Errorf("the old certificate: %+v, %v", was, err)
	}
	c, err := h.App.Ledger.Custody(ctx, "PW4E-01")
	if err != nil || c.Enrolment != before.Certificate || c.Holder == "" {
		t.Errorf("custody noticed: %+v, %v", c, err)
	}
	if _, err := a.d.Page().Return(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := a.wakes(ctx, "clean", func(s sim.PageState) bool { return s.State == "clean" }); err != nil {
		t.Fatal(err)
	}
	if x := a.d.Truth(); x.Erased != before.Erased+1 || len(x.Canaries) != 0 {
		t.Errorf("%+v", x)
	}
	if now, err := h.App.Ledger.Certificate(ctx, after.Certificate); err != nil || now.Revoked.IsZero() {
		t.Errorf("the certificate of before the erase stands: %+v, %v", now, err)
	}
}
