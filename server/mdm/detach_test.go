package mdm

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
)

// Each of 200 devices at once sends its own canary in address and header; what
// the server kept of a request is read after all have been answered, when
// fiber has long reused its buffers. Without detach most show another device's.
func TestDetachedRequestsStayTheirDevices(t *testing.T) {
	const devices, rounds = 200, 3
	var mu sync.Mutex
	var kept []*http.Request
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d, err := detach(context.Background(), r, 1<<10)
		if err != nil {
			t.Error(err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		kept = append(kept, d)
	})
	app := fiber.New(fiber.Config{Immutable: true, ReadBufferSize: 32 << 10, DisableStartupMessage: true})
	app.Put("/mdm", adaptor.HTTPHandler(h))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = app.Listener(ln) }()
	defer func() { _ = app.ShutdownWithTimeout(2 * time.Second) }()

	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: devices}}
	var wg sync.WaitGroup
	for n := range devices {
		wg.Go(func() {
			id := fmt.Sprintf("device-%04d", n)
			for range rounds {
				req, _ := http.NewRequest(http.MethodPut, "http://"+ln.Addr().String()+"/mdm?id="+id, strings.NewReader(id))
				req.Header.Set("X-Canary", id)
				resp, err := client.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				resp.Body.Close()
			}
		})
	}
	wg.Wait()
	client.CloseIdleConnections()

	seen := map[string]int{}
	wrong := 0
	for _, r := range kept {
		id := r.URL.Query().Get("id")
		if !strings.HasPrefix(id, "device-") || r.Header.Get("X-Canary") != id || r.RequestURI != "/mdm?id="+id || r.Method != http.MethodPut {
			wrong++
		}
		seen[id]++
	}
	for id, n := range seen {
		if n != rounds {
			t.Errorf("%q was kept %d times", id, n)
		}
	}
	if wrong > 0 || len(kept) != devices*rounds {
		t.Errorf("%d of %d late reads saw another device's request", wrong, len(kept))
	}
}
