package app

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/beside"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/live/livetest"
)

const (
	feedViewers = 500
	feedChanges = 200             // in a second
	feedFor     = 3 * time.Second // a round
	perManager  = 8               // pages that one manager has open: more are refused
)

// BenchmarkFeed is how long a change takes until it has reached everybody who
// looks: 500 pages of a pool of 2,000 iPads, of which 200 change in a second. A
// change begins when it is asked for, at its own time whether or not those before
// it have ended, and has come when a viewer has read the device's new row from
// its event stream. One that does not come is an error.
//
// The viewers are readers of a socket that look for rows and do nothing else: they
// share the processors with the server, and 500 browsers would be what is measured.
func BenchmarkFeed(b *testing.B) {
	f := newFeed(b)
	for round := range beside.Rounds {
		if !b.Run(fmt.Sprintf("round=%d", round+1), func(b *testing.B) { f.round(b, round) }) {
			return
		}
	}
}

// feed is a server, its viewers, and what they have to see.
type feed struct {
	*rush
	versions []atomic.Int64 // of each device, as the last change left it
	asked    []atomic.Int64 // when the change that is waited for was asked for; 0: none is
	viewers  []*feedViewer
	broken   atomic.Pointer[error] // the first stream's that ended
}

// feedViewer is one page. Only its own goroutine writes took.
type feedViewer struct {
	known atomic.Int64 // devices of which it has seen a row
	seen  atomic.Int64 // changes that came this round
	took  []time.Duration
	last  []int64 // the version that was seen of each device
}

// newFeed starts a server on SQLite and a redis-server, with a pool of clean iPads
// and everybody looking at it.
func newFeed(b *testing.B) *feed {
	f := &feed{rush: &rush{b: b}, versions: make([]atomic.Int64, poolSize), asked: make([]atomic.Int64, poolSize)}
	f.a = serveBench(b, Config{Data: b.TempDir(), Redis: "redis://" + livetest.StartServer(b).Addr})
	f.must(beside.AtOnce(64, poolSize, func(_, i int) error { return f.clean(i) }))
	ctx, leave := context.WithCancel(context.Background())
	var all sync.WaitGroup
	b.Cleanup(func() { leave(); all.Wait() })
	var session string
	for i := range feedViewers {
		if i%perManager == 0 {
			session = f.watcher(i / perManager)
		}
		v := &feedViewer{last: make([]int64, poolSize)}
		f.viewers = append(f.viewers, v)
		stream := f.open(ctx, session)
		all.Go(func() {
			if err := f.follow(v, stream); ctx.Err() == nil {
				f.broken.CompareAndSwap(nil, &err)
			}
		})
	}
	return f
}

// serveBench runs a server with a ward, 4B, until the benchmark ends.
func serveBench(b *testing.B, c Config) *App {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	a, err := Open(ctx, c)
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
	})
	policy := custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)
	if err := a.Ledger.AddWard(ctx, ledger.Ward{ID: "4B", Name: "4B", Policy: policy}); err != nil {
		b.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); a.Steward.Ready() != nil; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatal(a.Steward.Ready())
		}
	}
	return a
}

func feedDevice(i int) custody.DeviceID { return custody.DeviceID(fmt.Sprintf("D%04d", i)) }

// clean brings iPad i in, proven clean.
func (f *feed) clean(i int) error {
	ctx, id := context.Background(), feedDevice(i)
	if err := f.a.Ledger.AddDevice(ctx, ledger.Device{ID: id, Ward: "4B", Name: string(id)}); err != nil {
		return err
	}
	row, err := f.a.Ledger.Custody(ctx, id)
	if err != nil {
		return err
	}
	next := row
	next.State, next.Enrolment, next.Version = custody.Clean, "certificate", row.Version+1
	f.versions[i].Store(next.Version)
	return f.a.Ledger.Commit(ctx, custody.Change{Prev: row, Next: next})
}

// open asks for the pool's event stream, as a page does that has just been loaded.
func (f *feed) open(ctx context.Context, session string) io.Reader {
	f.b.Helper()
	address := strings.TrimPrefix(f.a.URL, "http://")
	conn, err := net.Dial("tcp", address)
	f.must(err)
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "GET /console/events HTTP/1.1\r\nHost: %s\r\nCookie: padwarden_staff=%s\r\n\r\n", address, session)
	f.must(err)
	answer, err := http.ReadResponse(bufio.NewReaderSize(conn, 16<<10), nil)
	f.must(err)
	if answer.StatusCode != http.StatusOK {
		f.b.Fatalf("a viewer: %s", answer.Status)
	}
	return answer.Body
}

// What a row begins with, and where in it the version is (web/console/pool.html).
const (
	rowStart     = `<li id="row-`
	versionStart = `data-version="`
	rowHead      = 512 // both are within so many bytes
)

// follow looks for rows until the stream ends, and notes those that are waited for.
func (f *feed) follow(v *feedViewer, stream io.Reader) error {
	buf, n := make([]byte, 32<<10), 0
	for {
		more, err := stream.Read(buf[n:])
		now := time.Now().UnixNano()
		rest := buf[:n+more]
		for {
			i := bytes.Index(rest, []byte(rowStart))
			if i < 0 {
				rest = rest[max(0, len(rest)-len(rowStart)+1):]
				break
			}
			rest = rest[i:]
			if len(rest) < rowHead && err == nil {
				break // its head is not all here yet
			}
			f.saw(v, rest[:min(rowHead, len(rest))], now)
			rest = rest[len(rowStart):]
		}
		n = copy(buf, rest)
		if err != nil {
			return fmt.Errorf("a viewer's stream ended: %w", err)
		}
	}
}

// saw takes in the head of a row.
func (f *feed) saw(v *feedViewer, head []byte, now int64) {
	i, err := strconv.Atoi(string(head[len(rowStart)+1 : len(rowStart)+5])) // D0000
	at := bytes.Index(head, []byte(versionStart))
	if err != nil || i >= poolSize || at < 0 {
		return
	}
	text, _, _ := bytes.Cut(head[at+len(versionStart):], []byte(`"`))
	version, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || version <= v.last[i] {
		return
	}
	if v.last[i] == 0 {
		v.known.Add(1)
	}
	v.last[i] = version
	if asked := f.asked[i].Load(); asked > 0 && version > f.versions[i].Load() {
		v.took = append(v.took, time.Duration(now-asked))
		v.seen.Add(1)
	}
}

// round has its share of the iPads change, each once, and waits until everybody
// has seen it.
func (f *feed) round(b *testing.B, round int) {
	const changes = feedChanges * int(feedFor/time.Second)
	for _, v := range f.viewers {
		v.took = make([]time.Duration, 0, changes)
		v.seen.Store(0)
	}
	f.wait(b, poolSize, "of the pool's rows", func(v *feedViewer) int64 { return v.known.Load() })
	start := time.Now()
	var versions [changes]int64
	var errs [changes]error
	var all sync.WaitGroup
	for i := range changes {
		at := start.Add(time.Duration(i) * time.Second / feedChanges)
		time.Sleep(time.Until(at))
		all.Go(func() {
			n := round*changes + i
			f.asked[n%poolSize].Store(at.UnixNano())
			var e custody.Event = custody.Isolate{By: "staff:bench", Why: "a benchmark"}
			if n/poolSize%2 == 1 {
				e = custody.Release{By: "staff:bench", Why: "a benchmark"}
			}
			row, err := f.a.Steward.Apply(context.Background(), feedDevice(n%poolSize), e)
			versions[i], errs[i] = row.Version, err
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			b.Fatal(err)
		}
	}
	f.wait(b, int64(changes), "of the changes", func(v *feedViewer) int64 { return v.seen.Load() })
	var took []time.Duration
	for _, v := range f.viewers {
		took = append(took, v.took...)
	}
	for i, version := range versions {
		k := (round*changes + i) % poolSize
		f.asked[k].Store(0)
		f.versions[k].Store(version)
	}
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(ms(took[(len(took)-1)/2]), "p50-ms")
	b.ReportMetric(ms(took[(len(took)-1)*99/100]), "p99-ms")
	b.ReportMetric(ms(took[len(took)-1]), "max-ms")
	b.ReportMetric(0, "ns/op") // the pace's, which says nothing
}

// wait waits until each viewer has n of something.
func (f *feed) wait(b *testing.B, n int64, what string, has func(*feedViewer) int64) {
	b.Helper()
	const most = 20 * time.Second
	for deadline := time.Now().Add(most); ; time.Sleep(10 * time.Millisecond) {
		var missed int64
		for _, v := range f.viewers {
			missed += n - has(v)
		}
		if missed == 0 {
			return
		}
		if err := f.broken.Load(); err != nil {
			b.Fatal(*err)
		}
		if time.Now().After(deadline) {
			b.Fatalf("%d of %d %s did not come to a viewer in %s", missed, n*feedViewers, what, most)
		}
	}
}
