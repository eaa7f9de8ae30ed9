package app

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/beside"
	"github.com/padwarden/padwarden/server/custody"
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
	asked   []atomic.Int64 // when each device's change of this round was asked for; 0: it has none
	viewers []*feedViewer
	bytes   atomic.Int64          // that all viewers have read
	broken  atomic.Pointer[error] // the first stream's that ended
}

// feedViewer is one page. Only its own goroutine writes took.
type feedViewer struct {
	told atomic.Int64 // 1: its stream says what time it is, and so has begun
	seen atomic.Int64 // changes that came this round
	took []time.Duration
	last []int64 // the version that was seen of each device
}

// newFeed is the pool with everybody looking at it.
func newFeed(b *testing.B) *feed {
	f := &feed{rush: newPool(b), asked: make([]atomic.Int64, poolSize)}
	ctx, leave := context.WithCancel(context.Background())
	var all sync.WaitGroup
	b.Cleanup(func() { leave(); all.Wait() })
	var session, since string
	for i := range feedViewers {
		if i%perManager == 0 {
			session = f.watcher(i / perManager)
		}
		if i == 0 {
			since = f.page(session)
		}
		v := &feedViewer{last: slices.Repeat([]int64{poolVersion}, poolSize)}
		f.viewers = append(f.viewers, v)
		stream := f.open(ctx, session, since)
		all.Go(func() {
			if err := f.follow(v, stream); ctx.Err() == nil {
				f.broken.CompareAndSwap(nil, &err)
			}
		})
	}
	return f
}

var pageSince = regexp.MustCompile(`data-since="([^"]+)"`)

// page loads the pool's page and returns what it says it was made of.
func (f *feed) page(session string) string {
	f.b.Helper()
	req, err := http.NewRequestWithContext(f.b.Context(), "GET", f.a.URL+"/console", nil)
	f.must(err)
	req.Header.Set("Cookie", "padwarden_staff="+session)
	answer, err := http.DefaultClient.Do(req)
	f.must(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	f.must(err)
	m := pageSince.FindSubmatch(body)
	if m == nil {
		f.b.Fatalf("the pool's page, %s, does not say what it was made of", answer.Status)
	}
	return string(m[1])
}

// open asks for the event stream of a page that has just been loaded: it is told
// what changes from then on.
func (f *feed) open(ctx context.Context, session, since string) io.Reader {
	f.b.Helper()
	address := strings.TrimPrefix(f.a.URL, "http://")
	conn, err := net.Dial("tcp", address)
	f.must(err)
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "GET /console/events?since=%s HTTP/1.1\r\nHost: %s\r\nCookie: padwarden_staff=%s\r\n\r\n", since, address, session)
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
		f.bytes.Add(int64(more))
		rest := buf[:n+more]
		if v.told.Load() == 0 && bytes.Contains(rest, []byte("event: now\n")) {
			v.told.Store(1)
		}
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
	v.last[i] = version
	if asked := f.asked[i].Load(); asked > 0 {
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
	f.wait(b, 1, "streams", func(v *feedViewer) int64 { return v.told.Load() })
	start, before := time.Now(), f.bytes.Load()
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
			_, errs[i] = f.a.Steward.Apply(context.Background(), poolPad(n%poolSize), e)
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			b.Fatal(err)
		}
	}
	f.wait(b, int64(changes), "rows that changed", func(v *feedViewer) int64 { return v.seen.Load() })
	read := float64(f.bytes.Load() - before)
	var took []time.Duration
	for _, v := range f.viewers {
		took = append(took, v.took...)
	}
	for i := range f.asked {
		f.asked[i].Store(0)
	}
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(ms(took[(len(took)-1)/2]), "p50-ms")
	b.ReportMetric(ms(took[(len(took)-1)*99/100]), "p99-ms")
	b.ReportMetric(ms(took[len(took)-1]), "max-ms")
	b.ReportMetric(read/feedFor.Seconds()/1e6, "MB/s")
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
			b.Fatalf("%d of %d %s did not come in %s", missed, n*feedViewers, what, most)
		}
	}
}
