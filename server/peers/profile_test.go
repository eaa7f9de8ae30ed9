package peers

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/app"
	"github.com/padwarden/padwarden/server/beside"
	"github.com/padwarden/padwarden/server/identity"
)

// BenchmarkHere does the same as the benchmarks beside the peers with the server
// in this process, so that go test -cpuprofile shows where its time goes.
func BenchmarkHere(b *testing.B) {
	st := &stage{}
	redis := "127.0.0.1:" + freePort(b)
	startRedis(b, redis)
	c := app.Config{Data: b.TempDir(), Redis: "redis://" + redis + "/0", Organisation: "St Elsewhere", Housekeeping: app.Housekeeping{Facts: -1, Lists: -1}}
	st.populate(b, c, stay{enrolled: devices, fresh: 3000})
	token, err := app.MintToken(b.Context(), c, identity.Staff{Name: "bench", Role: identity.Administrator}, time.Hour)
	must(b, err)
	a, err := app.Open(b.Context(), c)
	must(b, err)
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
	})
	s := &server{name: "padwarden"}
	s.at(a.URL[strings.LastIndexByte(a.URL, ':')+1:])
	s.enqueue = s.ping(token)
	for deadline := time.Now().Add(30 * time.Second); s.answers("/readyz")() != nil; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatal(s.answers("/readyz")())
		}
	}
	b.Run("idle", func(b *testing.B) {
		b.ReportAllocs()
		fail(b, beside.AtOnce(connections, b.N, func(_, i int) error {
			answer, err := s.send(st.enrolled[i%devices].idle)
			if err == nil && len(answer) > 0 {
				err = errors.New("a command for an idle device")
			}
			return err
		}))
	})
	next := 0
	b.Run("enrol", func(b *testing.B) {
		b.ReportAllocs()
		from := next
		next += b.N
		if next > len(st.fresh) {
			b.Fatalf("there are %d devices", len(st.fresh))
		}
		fail(b, beside.AtOnce(connections, b.N, func(_, i int) error { return s.enrol(st.fresh[from+i]) }))
	})
	b.Run("round-trip", func(b *testing.B) {
		b.ReportAllocs()
		fail(b, beside.AtOnce(connections, b.N, func(_, i int) error { return s.roundTrip(b, st.enrolled[i%devices]) }))
	})
}
