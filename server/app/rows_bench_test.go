package app

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/redis/go-redis/v9"
	"github.com/valyala/fasthttp"
	"golang.org/x/crypto/argon2"

	"github.com/padwarden/padwarden/server/beside"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
)

// The benchmarks of this file put what happens at an iPad's page, over HTTP and
// with everything that a server does, beside what it is made of.

// stopwatch adds up the time of what is measured, and not of what prepares it.
type stopwatch struct{ spent time.Duration }

func (w *stopwatch) Spent() time.Duration { return w.spent }

// time runs do for 0 to n-1 from so many goroutines.
func (w *stopwatch) time(b *testing.B, many, n int, do func(i int) error) {
	start := time.Now()
	err := beside.AtOnce(many, n, func(_, i int) error { return do(i) })
	w.spent += time.Since(start)
	if err != nil {
		b.Fatal(err)
	}
}

// untimed is for what prepares.
func untimed(b *testing.B, many, n int, do func(i int) error) {
	b.Helper()
	new(stopwatch).time(b, many, n, do)
}

// cleanAgain makes iPad i what it was before anybody took it.
func (r *rush) cleanAgain(i int) error {
	row, err := r.a.Ledger.Custody(r.b.Context(), rushIPad(i))
	if err != nil || row.State == custody.Clean {
		return err
	}
	next := custody.Custody{Device: row.Device, Ward: row.Ward, State: custody.Clean, Epoch: row.Epoch, Version: row.Version + 1,
		Since: row.Since, Enrolment: row.Enrolment, Head: row.Head}
	return r.a.Ledger.Commit(r.b.Context(), custody.Change{Prev: row, Next: next})
}

// touching is how many pages tell of a touch at once.
const touching = 64

// BenchmarkTouches is a touch as the page tells it, beside a bare fiber handler
// that runs one script of as many keys and arguments on the same Redis. Both
// get the same requests, from the same client.
func BenchmarkTouches(b *testing.B) {
	r := newRush(b, touching)
	untimed(b, touching, touching, func(i int) error {
		_, err := r.a.Steward.Apply(b.Context(), rushIPad(i), custody.Claim{By: rushClinician(i)})
		return err
	})
	// The pages' first touches, after which they show the rows as they are.
	r.shown = make([]string, touching)
	untimed(b, touching, touching, func(i int) error {
		s, err := r.say("POST", "/kiosk/touch", i, `{"epoch":1}`)
		r.shown[i] = fmt.Sprintf(`{"epoch":1,"version":%d}`, whole(s, "version"))
		return err
	})
	floor := fasthttp.HostClient{Addr: bareTouch(b, r.redis.URL), MaxConns: r.web.MaxConns, ReadTimeout: r.web.ReadTimeout}
	side := func(unit string, web *fasthttp.HostClient) beside.Side {
		return beside.Side{Unit: unit, Do: func(b *testing.B, n int) {
			untimed(b, touching, n, func(i int) error { return r.touch(web, i%touching) })
		}}
	}
	beside.Run(b, side("touches/s", &r.web), side("bare/s", &floor))
}

// touch is what the page of iPad i sends while its holder works.
func (r *rush) touch(web *fasthttp.HostClient, i int) error {
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	req.Header.SetMethod("POST")
	req.SetRequestURI("http://" + web.Addr + "/kiosk/touch")
	req.Header.Set("Cookie", r.cookies[i])
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.SetContentType("application/json")
	req.SetBodyString(r.shown[i])
	if err := web.Do(req, res); err != nil {
		return err
	}
	if res.StatusCode() != 200 {
		return fmt.Errorf("%d %.200s", res.StatusCode(), res.Body())
	}
	return nil
}

// bareTouch serves the floor, and returns its address.
func bareTouch(b *testing.B, url string) string {
	o, err := redis.ParseURL(url)
	if err != nil {
		b.Fatal(err)
	}
	o.MaxRetries = -1
	client := redis.NewClient(o)
	script := redis.NewScript("return 1")
	keys, args := []string{"{bare}1", "{bare}2", "{bare}3", "{bare}4"}, []any{"bucket", "D0001", 1, 1}
	bare := fiber.New(fiber.Config{DisableStartupMessage: true})
	bare.Post("/kiosk/touch", func(c *fiber.Ctx) error {
		if err := script.Run(c.Context(), client, keys, args...).Err(); err != nil {
			return err
		}
		return c.JSON(fiber.Map{"ok": true})
	})
	return serveBare(b, bare, client.Close)
}

func serveBare(b *testing.B, bare *fiber.App, end func() error) string {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- bare.Listener(socket) }()
	b.Cleanup(func() {
		if err := errors.Join(bare.ShutdownWithTimeout(time.Second), <-served, end()); err != nil {
			b.Error(err)
		}
	})
	return socket.Addr().String()
}

// pins is how many iPads there are to badge in at: the same badge at the same
// iPad within three seconds would be one tap.
const pins = 256

// BenchmarkPINs is a person's badge and PIN at a clean iPad: the page's state,
// the tap, the PIN, and the session open. Beside it the hash alone, at the same
// cost. Both have four times as many under way as there are cores, and hash as many
// at once as there are cores.
func BenchmarkPINs(b *testing.B) {
	r := newRush(b, pins)
	cores := runtime.GOMAXPROCS(0)
	next := 0
	var ours stopwatch
	salt, cost := make([]byte, 16), identity.DefaultCost
	turns := make(chan struct{}, cores)
	beside.Run(b,
		beside.Side{Unit: "signins/s", Spent: ours.Spent, Do: func(b *testing.B, n int) {
			for n > 0 {
				some := min(n, pins)
				first := next
				at := func(i int) int { return (first + i) % pins }
				untimed(b, touching, some, func(i int) error { return r.cleanAgain(at(i)) })
				ours.time(b, 4*cores, some, func(i int) error { return r.signIn(at(i)) })
				next, n = next+some, n-some
			}
		}},
		beside.Side{Unit: "argon2id/s", Do: func(b *testing.B, n int) {
			untimed(b, 4*cores, n, func(i int) error {
				turns <- struct{}{}
				argon2.IDKey([]byte(rushPIN), salt, cost.Passes, cost.MemoryKiB, cost.Parallel, 32)
				<-turns
				return nil
			})
		}},
	)
}

// signIn is byPIN with an error.
func (r *rush) signIn(i int) error {
	s, err := r.say("GET", "/kiosk/state", i, "")
	if err == nil {
		s, err = r.say("POST", "/kiosk/tap", i, fmt.Sprintf(`{"badge":%q,"nonce":%q}`, card(i), field(s, "nonce")))
	}
	if err == nil {
		s, err = r.say("POST", "/kiosk/pin", i, fmt.Sprintf(`{"pin":%q,"nonce":%q}`, rushPIN, field(s, "nonce")))
	}
	return r.isOpen(i, s, err)
}

func (r *rush) isOpen(i int, s string, err error) error {
	if err == nil && field(s, "state") != string(custody.InUse) {
		err = fmt.Errorf("iPad %d: %.200s", i, s)
	}
	return err
}

// say asks as the page of iPad i.
func (r *rush) say(method, path string, i int, body string) (string, error) {
	status, said, _ := r.try(method, path, r.cookies[i], body)
	if status >= 400 {
		return "", fmt.Errorf("%s %s: %d %.200s", method, path, status, said)
	}
	return said, nil
}
