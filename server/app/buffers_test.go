package app

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"sync"
	"testing"

	"github.com/gofiber/fiber/v2"
)

// kept is what a handler keeps of one request, for longer than the request lasts.
type kept struct{ want, param, query, header, cookie string }

// Threat 29: fasthttp uses a request's buffers again for the next one. What a
// handler of this server keeps of a request stays what it was, however many
// requests follow on the same connections. The routes are added to the running
// server's own fiber app, so its configuration is what is tried.
func TestNothingOfARequestIsOverwritten(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	a, err := Open(ctx, Config{Data: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	var mu sync.Mutex
	var all []kept
	a.http.Get("/healthz/canary/:id", func(c *fiber.Ctx) error { // below a path that every host has
		mu.Lock()
		defer mu.Unlock()
		all = append(all, kept{string(append([]byte(nil), c.Params("id")...)), c.Params("id"), c.Query("q"), c.Get("X-Canary"), c.Cookies("canary")})
		return nil
	})
	go func() { done <- a.Run(ctx) }()
	const workers, each = 8, 100
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: workers}}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for n := range each {
				id := fmt.Sprintf("canary-%d-%03d", w, n)
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL+"/healthz/canary/"+id+"?q="+id, nil)
				if err != nil {
					t.Error(err)
					return
				}
				r.Header.Set("X-Canary", id)
				r.AddCookie(&http.Cookie{Name: "canary", Value: id})
				answer, err := client.Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				_ = answer.Body.Close()
			}
		})
	}
	wg.Wait()
	if len(all) != workers*each {
		t.Fatalf("%d of %d requests came", len(all), workers*each)
	}
	for _, k := range all {
		if k != (kept{k.want, k.want, k.want, k.want, k.want}) {
			t.Fatalf("what was kept of %s has become %+v", k.want, k)
		}
	}
}

// Threat 30: fiber below 2.52.11 made guessable ids where the system had no
// randomness left, among other faults. No session or token of ours is fiber's.
func TestFiberIsNoOlder(t *testing.T) {
	text, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`gofiber/fiber/v2 v2\.(\d+)\.(\d+)`).FindSubmatch(text)
	if m == nil {
		t.Fatal("go.mod names no fiber v2")
	}
	minor, _ := strconv.Atoi(string(m[1]))
	patch, _ := strconv.Atoi(string(m[2]))
	if minor < 52 || minor == 52 && patch < 11 {
		t.Errorf("fiber v2.%d.%d is older than 2.52.11", minor, patch)
	}
}
