package browser

import (
	"bufio"
	"context"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/problem"
)

const (
	flushWithin = 10 * time.Second // a viewer that takes no bytes for so long is dropped
	retryMillis = "retry: 2000\n\n"
)

// Streams bounds the event streams that are open at once, in all and per
// owner (a device, a staff session).
type Streams struct {
	Total, Each int

	mu   sync.Mutex
	open map[string]int
	all  int
}

// take returns how to give the place back, or a 503 problem.
func (s *Streams) take(owner string) (func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= s.Total || s.open[owner] >= s.Each {
		return nil, problem.New(fiber.StatusServiceUnavailable, "too_many_streams", "Too many pages are open at once. Close one and try again.")
	}
	if s.open == nil {
		s.open = make(map[string]int)
	}
	s.open[owner]++
	s.all++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.all--
		if s.open[owner]--; s.open[owner] == 0 {
			delete(s.open, owner)
		}
	}, nil
}

// Sink writes the events of one stream. After an error the viewer is gone.
type Sink struct {
	w        *bufio.Writer
	deadline func(time.Time) error
}

// NewSink writes events to w, whatever stands behind it.
func NewSink(w *bufio.Writer) *Sink {
	return &Sink{w: w, deadline: func(time.Time) error { return nil }}
}

// Frame is one event as it is sent: made once, it can be sent to many. Data may
// hold line breaks, and is never without a line: an event without data is none
// (HTML, 9.2.6).
func Frame(name, data string) string {
	var b strings.Builder
	b.Grow(len(name) + len(data) + len("event: \ndata: \n\n"))
	b.WriteString("event: " + name + "\n")
	if data == "" {
		b.WriteString("data: \n")
	}
	for line := range strings.Lines(data) {
		b.WriteString("data: " + strings.TrimRight(line, "\r\n") + "\n")
	}
	b.WriteByte('\n')
	return b.String()
}

// Event sends one event.
func (s *Sink) Event(name, data string) error { return s.send(Frame(name, data)) }

// Frames sends pieces of events, flushed together. They need not be in memory at once.
func (s *Sink) Frames(pieces iter.Seq[string]) error {
	if err := s.deadline(time.Now().Add(flushWithin)); err != nil {
		return err
	}
	for text := range pieces {
		if _, err := s.w.WriteString(text); err != nil {
			return err
		}
	}
	return s.w.Flush()
}

// Beat sends a comment, so that a viewer that is gone is noticed.
func (s *Sink) Beat() error { return s.send(": beat\n\n") }

func (s *Sink) send(text string) error {
	if err := s.deadline(time.Now().Add(flushWithin)); err != nil {
		return err
	}
	if _, err := s.w.WriteString(text); err != nil {
		return err
	}
	return s.w.Flush()
}

// Serve answers c with a stream of server-sent events that play writes. The
// stream ends when play returns; play must return when ctx ends or a write
// fails. c must not be used in play: it belongs to the next request by then.
func (s *Streams) Serve(ctx context.Context, c *fiber.Ctx, owner string, play func(context.Context, *Sink)) error {
	leave, err := s.take(owner)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "text/event-stream; charset=utf-8")
	c.Set("X-Accel-Buffering", "no")
	c.Context().SetConnectionClose() // its write deadlines are its own
	conn := c.Context().Conn()
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		defer leave()
		sink := &Sink{w: w, deadline: conn.SetWriteDeadline}
		if sink.send(retryMillis) == nil {
			play(ctx, sink)
		}
	})
	return nil
}

// Pump calls show at once, then after each signal of changed, and every beat
// sends a heartbeat, until ctx ends, changed is closed or either fails.
func Pump[T any](ctx context.Context, sink *Sink, changed <-chan T, beat time.Duration, show func(first bool, what T) error, idle func() error) {
	var none T
	if show(true, none) != nil {
		return
	}
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case what, ok := <-changed:
			if !ok || show(false, what) != nil {
				return
			}
		case <-tick.C:
			if idle() != nil || sink.Beat() != nil {
				return
			}
		}
	}
}
