package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/identity/keytest"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/live/livetest"
)

// rush is a whole server on SQLite and a Redis of its own, with a clean iPad and
// a clinician for each tap. The pages are HTTP clients over loopback.
type rush struct {
	b       *testing.B
	a       *App
	redis   livetest.Redis
	web     fasthttp.HostClient
	cookies []string
	shown   []string // what each page says that it shows, with a touch
	keys    []*keytest.Key
}

const rushPIN = "582947"

func newRush(b *testing.B, n int) *rush {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	redis := livetest.StartServer(b).Fresh(b)
	a, err := Open(ctx, Config{Data: b.TempDir(), Redis: redis.URL})
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
	r := &rush{b: b, a: a, redis: redis, cookies: make([]string, n), keys: make([]*keytest.Key, n)}
	r.web = fasthttp.HostClient{Addr: strings.TrimPrefix(a.URL, "http://"), MaxConns: 512, ReadTimeout: 30 * time.Second}
	policy := custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)
	r.must(a.Ledger.AddWard(ctx, ledger.Ward{ID: "4B", Name: "4B", Policy: policy}))
	for i := range n {
		r.add(i)
	}
	for deadline := time.Now().Add(time.Minute); a.Steward.Ready() != nil; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatal(a.Steward.Ready())
		}
	}
	return r
}

func (r *rush) must(err error) {
	r.b.Helper()
	if err != nil {
		r.b.Fatal(err)
	}
}

// add brings iPad and clinician i in. All have one PIN: making each a hash of
// its own would take longer than what is measured.
func (r *rush) add(i int) {
	ctx, id, who := r.b.Context(), rushIPad(i), rushClinician(i)
	r.must(r.a.Ledger.AddDevice(ctx, ledger.Device{ID: id, Ward: "4B", Name: string(id)}))
	row, err := r.a.Ledger.Custody(ctx, id)
	r.must(err)
	next := row
	next.State, next.Enrolment, next.Version = custody.Clean, "certificate", row.Version+1
	r.must(r.a.Ledger.Commit(ctx, custody.Change{Prev: row, Next: next}))
	r.must(r.a.Ledger.AddClinician(ctx, ledger.Clinician{ID: who, Name: who, Active: true}))
	hash, err := r.a.Identity.Badge(card(i))
	r.must(err)
	r.must(r.a.Ledger.AddBadge(ctx, ledger.Badge{Hash: hash, Clinician: who}))
	if i == 0 {
		r.must(r.a.Identity.SetPIN(ctx, who, rushPIN))
	} else {
		first, err := r.a.Ledger.Clinician(ctx, "c0000")
		r.must(err)
		r.must(r.a.Ledger.SetPIN(ctx, who, first.PIN))
	}
	_, header := r.ask("GET", "/kiosk/start/"+r.a.keys.KioskSecret(id, next.Epoch, next.Run.ID), "", "")
	r.cookies[i], _, _ = strings.Cut(header, ";")
}

func rushIPad(i int) custody.DeviceID { return custody.DeviceID(fmt.Sprintf("D%04d", i)) }

func rushClinician(i int) string { return fmt.Sprintf("c%04d", i) }

func card(i int) string { return fmt.Sprintf("00%08d", 48210000+i) }

// ask sends one request and returns its body and cookie.
func (r *rush) ask(method, path, cookie, body string) (said, setCookie string) {
	status, said, setCookie := r.try(method, path, cookie, body)
	if status >= 400 {
		r.b.Errorf("%s %s: %d %.200s", method, path, status, said)
	}
	return said, setCookie
}

func (r *rush) try(method, path, cookie, body string) (status int, said, setCookie string) {
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	req.Header.SetMethod(method)
	req.SetRequestURI(r.a.URL + path)
	req.Header.Set("Cookie", cookie)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if body != "" {
		req.Header.SetContentType("application/json")
		req.SetBodyString(body)
	}
	if err := r.web.Do(req, res); err != nil {
		return 599, err.Error(), ""
	}
	return res.StatusCode(), string(res.Body()), string(res.Header.Peek("Set-Cookie"))
}

func field(text, name string) string {
	var v map[string]json.RawMessage
	_ = json.Unmarshal([]byte(text), &v) // what is missing is "", and the next step fails
	var s string
	_ = json.Unmarshal(v[name], &s)
	return s
}

func whole(text, name string) (n int64) {
	var v map[string]json.RawMessage
	_ = json.Unmarshal([]byte(text), &v)
	_ = json.Unmarshal(v[name], &n)
	return n
}

// byPIN badges clinician i in at iPad i.
func (r *rush) byPIN(i int) {
	s, _ := r.ask("GET", "/kiosk/state", r.cookies[i], "")
	s, _ = r.ask("POST", "/kiosk/tap", r.cookies[i], fmt.Sprintf(`{"badge":%q,"nonce":%q}`, card(i), field(s, "nonce")))
	s, _ = r.ask("POST", "/kiosk/pin", r.cookies[i], fmt.Sprintf(`{"pin":%q,"nonce":%q}`, rushPIN, field(s, "nonce")))
	r.opened(i, s)
}

func (r *rush) byKey(i int) {
	s, _ := r.ask("POST", "/kiosk/passkey/begin", r.cookies[i], `{}`)
	var asked struct {
		Ceremony string
		Options  json.RawMessage
	}
	if err := json.Unmarshal([]byte(s), &asked); err != nil {
		r.b.Error(err)
		return
	}
	answer, err := r.keys[i].Get(string(asked.Options))
	if err != nil {
		r.b.Error(err)
		return
	}
	s, _ = r.ask("POST", "/kiosk/passkey/finish", r.cookies[i], fmt.Sprintf(`{"ceremony":%q,"response":%s}`, asked.Ceremony, answer))
	r.opened(i, s)
}

func (r *rush) opened(i int, s string) {
	if field(s, "state") != string(custody.InUse) {
		r.b.Errorf("iPad %d: %.200s", i, s)
	}
}

// register gives each clinician a key.
func (r *rush) register() {
	origin := strings.Replace(r.a.URL, "127.0.0.1", "localhost", 1)
	at := identity.Place{Bind: "bench", Meter: "bench", Most: 1 << 30}
	for i := range r.keys {
		r.keys[i] = keytest.New(origin)
		asked, err := r.a.Passkeys.BeginRegister(r.b.Context(), ledger.ClinicianOwner(rushClinician(i)), "c", at)
		r.must(err)
		options, err := json.Marshal(asked.Options)
		r.must(err)
		made, err := r.keys[i].Create(string(options))
		r.must(err)
		_, err = r.a.Passkeys.Register(r.b.Context(), at, asked.ID, "key", made)
		r.must(err)
	}
}

// paced calls do for 0 to n-1, evenly over the time, whether those before have
// ended or not, and returns how long each took.
func paced(n int, over time.Duration, do func(int)) []time.Duration {
	took := make([]time.Duration, n)
	var wg sync.WaitGroup
	start := time.Now()
	for i := range n {
		time.Sleep(time.Until(start.Add(over * time.Duration(i) / time.Duration(n))))
		wg.Go(func() {
			from := time.Now()
			do(i)
			took[i] = time.Since(from)
		})
	}
	wg.Wait()
	slices.Sort(took)
	return took
}

func report(b *testing.B, took []time.Duration) {
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms-p99")
	b.ReportMetric(0, "ns/op") // the pace's, which says nothing
}

// BenchmarkShiftChange is 500 people at 500 iPads within a minute: from the tap
// to the session, by PIN and by passkey.
func BenchmarkShiftChange(b *testing.B) {
	const people, minute = 500, time.Minute
	b.Run("pin", func(b *testing.B) {
		r := newRush(b, people)
		b.ResetTimer() // one run is longer than what go test asks for
		report(b, paced(people, minute, r.byPIN))
	})
	b.Run("passkey", func(b *testing.B) {
		r := newRush(b, people)
		r.register()
		b.ResetTimer()
		report(b, paced(people, minute, r.byKey))
	})
}

// BenchmarkBadgeFlood is one person's badge and PIN, five a second, while 5,000
// taps of junk a second come: half from a page whose cookie was taken, half by
// somebody who pretends to be a reader (threat 27).
func BenchmarkBadgeFlood(b *testing.B) {
	const people, seconds, junk = 50, 10, 5000
	for _, flood := range []bool{false, true} {
		b.Run(map[bool]string{false: "calm", true: "flood"}[flood], func(b *testing.B) {
			r := newRush(b, people+1)
			b.ResetTimer()
			stop := make(chan struct{})
			var sent atomic.Int64
			var wg sync.WaitGroup
			if flood {
				wg.Go(func() { r.flood(junk, stop, &sent) })
			}
			report(b, paced(people, seconds*time.Second, r.byPIN))
			close(stop)
			wg.Wait()
			b.ReportMetric(float64(sent.Load())/seconds, "junk/s")
		})
	}
}

// flood sends junk at a pace until stop, on a bounded number of connections.
func (r *rush) flood(perSecond int, stop <-chan struct{}, sent *atomic.Int64) {
	work := make(chan int)
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for n := range work {
				body := fmt.Sprintf(`{"badge":"%010d","nonce":"junk"}`, n)
				if n%2 == 0 {
					r.try("POST", "/kiosk/tap", r.cookies[len(r.cookies)-1], body)
				} else {
					r.try("POST", "/api/v1/readers/dock/tap", "", body)
				}
				sent.Add(1)
			}
		})
	}
	start := time.Now()
	for n := 0; ; n++ {
		select {
		case <-stop:
			close(work)
			wg.Wait()
			return
		case work <- n:
		}
		if early := time.Until(start.Add(time.Second * time.Duration(n) / time.Duration(perSecond))); early > time.Millisecond {
			time.Sleep(early)
		}
	}
}
