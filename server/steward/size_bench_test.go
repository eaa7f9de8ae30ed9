package steward_test

import (
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/live/livetest"
)

// BenchmarkSessionMemory is what an open session takes in memory: of Redis, by
// its own account, and of the server, as its process' resident memory grows from
// a steward over an empty hospital to one over 100,000 open sessions that has
// published all rows, swept and beaten. Both once what can be given back is.
func BenchmarkSessionMemory(b *testing.B) {
	const sessions = 100_000
	if _, err := os.Stat("/proc/self/statm"); err != nil {
		b.Skip("without /proc: a process' resident memory is read from there")
	}
	c := openCrowd(b, livetest.StartServer(b))
	for b.Loop() {
		s, stop := c.run(b.Context())
		ready(b, s.Ready)
		c.publish(b, c.claimed(b, 0, 1), func(int) time.Duration { return time.Hour }) // what is made once is made now
		redis, server := c.redisBytes(b), resident(b)
		stop()
		for first := 1; first < sessions; first += 5_000 {
			last := min(first+5_000, sessions)
			c.publish(b, c.claimed(b, first, last), func(int) time.Duration { return time.Hour })
		}
		s, stop = c.run(b.Context())
		ready(b, s.Ready)
		time.Sleep(2 * time.Second) // some beats and sweeps
		redis, server = c.redisBytes(b)-redis, resident(b)-server
		stop()
		b.ReportMetric(float64(redis)/sessions, "redis-bytes")
		b.ReportMetric(float64(server)/sessions, "server-bytes")
		b.ReportMetric(float64(redis+server)/sessions, "session-bytes")
		b.ReportMetric(0, "ns/op")
	}
}

// resident is the memory of this process, in bytes.
func resident(b *testing.B) int64 {
	runtime.GC()
	debug.FreeOSMemory()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Fatal(err)
	}
	pages, err := strconv.ParseInt(regexp.MustCompile(`^\d+ (\d+)`).FindStringSubmatch(string(statm))[1], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// redisBytes is the memory that Redis accounts for.
func (c *crowd) redisBytes(b *testing.B) int64 {
	info, err := c.redis.Client.Info(b.Context(), "memory").Result()
	if err != nil {
		b.Fatal(err)
	}
	n, err := strconv.ParseInt(regexp.MustCompile(`(?m)^used_memory:(\d+)`).FindStringSubmatch(info)[1], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return n
}
