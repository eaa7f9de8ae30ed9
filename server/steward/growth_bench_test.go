package steward_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/beside"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/live/livetest"
	"github.com/padwarden/padwarden/server/steward"
)

// sizes are the hospitals whose costs are put beside each other, taking turns.
var sizes = []struct {
	name    string
	devices int
}{{"1k", 1_000}, {"10k", 10_000}, {"100k", 100_000}}

// sometimes is the stride at which devices are taken: it comes by all of them,
// so that a large store cannot live on what it has just read.
const sometimes = 7919

// atOnce is how many people claim or touch at the same time.
const atOnce = 16

// BenchmarkGrowthClaim is what a claim costs, with everything behind the sign-in
// of the person: SQL with history, Redis, and the open session in it.
func BenchmarkGrowthClaim(b *testing.B) {
	server := livetest.StartServer(b)
	var sides []beside.Side
	for _, size := range sizes {
		c := openCrowd(b, server)
		for first := 0; first < size.devices; first += 10_000 {
			c.clean(b, first, min(first+10_000, size.devices))
		}
		s, next := c.steward(), 0
		var spent time.Duration
		sides = append(sides, beside.Side{Unit: "claim-µs-" + size.name, Each: true,
			Spent: func() time.Duration { return spent },
			Do: func(b *testing.B, n int) {
				for n > 0 { // in parts, for in the smallest store all are soon in use
					part := min(n, 500)
					spent += c.claims(b, s, next, part, size.devices)
					next, n = next+part, n-part
				}
			}})
	}
	beside.Run(b, sides...)
}

// claims claims n devices, from the first in the stride's order, and makes them
// clean again. It returns how long the claims took.
func (c *crowd) claims(b *testing.B, s *steward.Steward, first, n, of int) time.Duration {
	at := func(i int) custody.DeviceID { return device((first + i) * sometimes % of) }
	start := time.Now()
	err := beside.AtOnce(atOnce, n, func(_, i int) error {
		_, err := s.Apply(b.Context(), at(i), custody.Claim{By: fmt.Sprint("clinician-", i)})
		return err
	})
	took := time.Since(start)
	if err == nil {
		err = beside.AtOnce(64, n, func(_, i int) error { return c.reset(b.Context(), at(i)) })
	}
	if err != nil {
		b.Fatal(err)
	}
	return took
}

// reset makes a device clean again, whatever it was.
func (c *crowd) reset(ctx context.Context, id custody.DeviceID) error {
	row, err := c.ledger.Custody(ctx, id)
	if err != nil {
		return err
	}
	next := cleanAt(id, time.Now().UTC())
	next.Epoch, next.Version, next.Head = row.Epoch, row.Version+1, row.Head
	return c.ledger.Commit(ctx, custody.Change{Prev: row, Next: next})
}

// BenchmarkGrowthTouch is what a touch of an open session costs.
func BenchmarkGrowthTouch(b *testing.B) {
	server := livetest.StartServer(b)
	var sides []beside.Side
	for _, size := range sizes {
		c := openCrowd(b, server)
		for first := 0; first < size.devices; first += 10_000 {
			c.publish(b, c.claimed(b, first, min(first+10_000, size.devices)), func(int) time.Duration { return time.Hour })
		}
		next := 0
		sides = append(sides, beside.Side{Unit: "touch-µs-" + size.name, Each: true, Do: func(b *testing.B, n int) {
			err := beside.AtOnce(atOnce, n, func(_, i int) error {
				_, err := c.live.Touch(b.Context(), device((next+i)*sometimes%size.devices), 1)
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
			next += n
		}})
	}
	beside.Run(b, sides...)
}
