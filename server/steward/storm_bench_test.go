package steward_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/beside"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/live/livetest"
	"github.com/padwarden/padwarden/server/steward"
)

// BenchmarkLockStorm: 10,000 sessions come to their deadline at one moment, as
// after lunch. What is measured begins with that deadline and ends with the
// last lock that is committed with its history, published and passed on as a
// nudge, by a steward that sweeps as the product's does. In the first round all
// devices then come at once, and are told and do what there is.
//
// The floor takes the same rows through the same compare-and-sets, with the same
// lines of history, in groups as large as the ledger's, each with one pipeline
// of a script that sets a row in Redis if it is the next one. It does nothing else.
func BenchmarkLockStorm(b *testing.B) {
	const sessions = 10_000
	server := livetest.StartServer(b)
	claims := openCrowd(b, server).claim(b, 0, sessions)
	for round := range beside.Rounds {
		sides := []func(*testing.B){
			func(b *testing.B) { openCrowd(b, server).storm(b, claims, round == 0) },
			func(b *testing.B) { openFloor(b, server).storm(b, claims) },
		}
		if round%2 == 1 {
			slices.Reverse(sides)
		}
		ok := b.Run(fmt.Sprintf("round=%d", round+1), func(b *testing.B) {
			if b.N > 1 {
				b.Skip("run it with -benchtime 1x")
			}
			for _, side := range sides {
				side(b)
			}
			b.ReportMetric(0, "ns/op")
		})
		if !ok {
			return
		}
	}
}

func (c *crowd) storm(b *testing.B, claims []custody.Change, answered bool) {
	s, stop := c.run(b.Context())
	defer stop()
	ready(b, s.Ready)
	rows := c.load(b, claims)
	l := expectLocks(len(rows))
	c.watch.Store(l)
	at := time.Now().Add(2 * time.Second)
	for some := range slices.Chunk(rows, 250) {
		lock := time.Until(at)
		c.publish(b, some, func(int) time.Duration { return lock })
	}
	if left := time.Until(at); left < 200*time.Millisecond {
		b.Fatalf("it took until %s before their deadline to open the sessions", left)
	}
	l.wait(b, 60*time.Second)
	ms := func() float64 { return float64(time.Since(at).Microseconds()) / 1000 }
	b.ReportMetric(ms(), "storm-ms")
	if answered {
		c.answer(b, s, rows)
		b.ReportMetric(ms(), "acked-ms")
	}
}

// answer lets all devices come and do what they are told.
func (c *crowd) answer(b *testing.B, s *steward.Steward, rows []custody.Custody) {
	if err := beside.AtOnce(64, len(rows), func(_, i int) error { return connect(b.Context(), s, rows[i].Device) }); err != nil {
		b.Fatal(err)
	}
	unconfirmed := 0
	for _, row := range rows {
		now, err := c.ledger.Custody(b.Context(), row.Device)
		if err != nil {
			b.Fatal(err)
		}
		if now.State != custody.Locked || now.Run.Active() || now.Lock.Acknowledged.At.IsZero() {
			unconfirmed++
		}
	}
	if unconfirmed > 0 {
		b.Fatalf("%d of %d devices are not locked and acknowledged", unconfirmed, len(rows))
	}
}
