package app

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/ledger"
)

// heardEvery is how often it is written down that a reader was heard, and
// heardWaiting how many may wait to be: a tap never waits for it.
const (
	heardEvery   = time.Minute
	heardWaiting = 64
)

// heard notes when badge readers were heard last. A request whose credential was
// refused is nobody's word.
type heard struct {
	ledger *ledger.Ledger
	now    func() time.Time

	mu    sync.Mutex
	last  map[string]time.Time // by reader; only those that were let in
	queue chan string
}

func newHeard(l *ledger.Ledger, now func() time.Time) *heard {
	return &heard{ledger: l, now: now, last: map[string]time.Time{}, queue: make(chan string, heardWaiting)}
}

// listen is the middleware of the readers' route.
func (h *heard) listen(c *fiber.Ctx) error {
	id := strings.Clone(c.Params("id"))
	err := c.Next()
	if status := c.Response().StatusCode(); err == nil && status != http.StatusUnauthorized && status < http.StatusInternalServerError {
		h.note(id)
	}
	return err
}

func (h *heard) note(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.now().Sub(h.last[id]) < heardEvery {
		return
	}
	select {
	case h.queue <- id:
		h.last[id] = h.now()
	default: // its next tap says it again
	}
}

// keep writes what was noted until ctx ends.
func (h *heard) keep(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case id := <-h.queue:
			short, cancel := context.WithTimeout(ctx, 5*time.Second)
			_ = h.ledger.Heard(short, id, h.now()) // the next tap says it again
			cancel()
		}
	}
}
