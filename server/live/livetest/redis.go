// Package livetest holds the conformance suite of custody.Live, and the two
// kinds of Redis it runs on: miniredis with a clock of its own, and a real
// redis-server started for the test.
package livetest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/live"
)

// Redis is one empty Redis to test against.
type Redis struct {
	URL string
	// Unit is a span that the test can wait for: the suite's timings are
	// multiples of it.
	Unit time.Duration
	// Crowd is how many devices the largest test uses: miniredis sorts a whole
	// set for every range.
	Crowd int
	// Advance moves Redis' TIME on by at least d, and lets keys expire.
	Advance func(d time.Duration)
	// Client looks at what is stored, and breaks it.
	Client redis.UniversalClient
}

// Miniredis starts a Redis inside the process whose clock stands still until
// it is advanced.
func Miniredis(t testing.TB) Redis {
	t.Helper()
	m := miniredis.NewMiniRedis()
	if err := m.Start(); err != nil {
		t.Fatalf("starting miniredis: %v", err)
	}
	t.Cleanup(m.Close)
	now := time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC)
	m.SetTime(now)
	m.ClockTTL(true)
	r := Redis{URL: "redis://" + m.Addr(), Unit: time.Minute, Crowd: 2_000}
	var passed atomic.Int64
	r.Advance = func(d time.Duration) { m.SetTime(now.Add(time.Duration(passed.Add(int64(d))))) }
	r.Client = client(t, r.URL)
	return r
}

// Server is a redis-server process on a free loopback port.
type Server struct {
	Addr string
	db   atomic.Int64
}

const databases = 256

// StartServer starts a redis-server that ends with the test, or skips the test
// where there is none on PATH. More arguments are added to its command line.
func StartServer(t testing.TB, args ...string) *Server {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("skipped: no redis-server on PATH (on Debian: apt-get install redis-server)")
	}
	port := freePort(t)
	var log bytes.Buffer
	cmd := exec.Command(binary, append([]string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
		"--maxmemory-policy", "noeviction", "--databases", fmt.Sprint(databases), "--dir", t.TempDir()}, args...)...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting redis-server: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // this process alone, by its pid
		_ = cmd.Wait()
	})
	s := &Server{Addr: "127.0.0.1:" + port}
	c := client(t, "redis://"+s.Addr)
	for range 100 {
		if c.Ping(context.Background()).Err() == nil {
			return s
		}
		time.Sleep(20 * time.Millisecond)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	t.Fatalf("redis-server did not come up:\n%s", log.String())
	return nil
}

// Fresh returns a database of the server that no test has used yet.
func (s *Server) Fresh(t testing.TB) Redis {
	t.Helper()
	n := s.db.Add(1)
	if n >= databases {
		t.Fatal("every database of the redis-server is used")
	}
	r := Redis{URL: fmt.Sprintf("redis://%s/%d", s.Addr, n), Unit: 100 * time.Millisecond, Crowd: 10_000}
	r.Advance = func(d time.Duration) { time.Sleep(d + time.Millisecond) }
	r.Client = client(t, r.URL)
	return r
}

// Open opens a Live on the Redis and adopts every bucket.
func Open(t testing.TB, r Redis) *live.Live {
	t.Helper()
	l := OpenOnly(t, r)
	for n := range custody.Buckets {
		if err := l.Adopt(t.Context(), custody.BucketState{Bucket: n, ID: BucketID(n), Beat: 1}); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// BucketID is the id that Open gives a bucket.
func BucketID(n int) string { return fmt.Sprintf("bucket-%02d", n) }

// OpenOnly opens a Live that expects no ids yet.
func OpenOnly(t testing.TB, r Redis) *live.Live {
	t.Helper()
	l, err := live.Open(context.Background(), live.Options{URL: r.URL, Poll: 2 * time.Millisecond, Timeout: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return l
}

func client(t testing.TB, url string) redis.UniversalClient {
	t.Helper()
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(o)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()[strings.LastIndex(l.Addr().String(), ":")+1:]
}
