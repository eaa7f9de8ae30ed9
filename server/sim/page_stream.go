package sim

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxEvent bounds one server-sent event.
const maxEvent = 64 << 10

// follow shows the present state and then every event, until the stream ends.
func (p *Page) follow(ctx context.Context, v view) error {
	s, err := p.state(ctx, v)
	if err != nil {
		return err
	}
	p.put(s)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, onHost(v.start, "/kiosk/events"), nil)
	if err != nil {
		return fmt.Errorf("following the page: %w", err)
	}
	req.Header.Set("Accept", "text/event-stream")
	resp, err := p.browser(v).Do(req)
	if err != nil {
		return fmt.Errorf("following the page: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return &httpError{http.MethodGet, req.URL.Path, resp.StatusCode}
	}
	return readEvents(resp.Body, func(name string, data []byte) error {
		if name != "state" {
			return nil
		}
		var s PageState
		if err := json.Unmarshal(data, &s); err != nil {
			return fmt.Errorf("reading an event: %w", err)
		}
		p.put(s)
		return nil
	})
}

// state asks for the state once.
func (p *Page) state(ctx context.Context, v view) (PageState, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var s PageState
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, onHost(v.start, "/kiosk/state"), nil)
	if err != nil {
		return s, fmt.Errorf("reading the page's state: %w", err)
	}
	body, err := roundTrip(p.browser(v), req)
	if err != nil {
		return s, fmt.Errorf("reading the page's state: %w", err)
	}
	if err := json.Unmarshal(body, &s); err != nil {
		return s, fmt.Errorf("reading the page's state: %w", err)
	}
	return s, nil
}

// readEvents reads server-sent events (WHATWG HTML, section 9.2) until an error or the end.
func readEvents(r io.Reader, each func(name string, data []byte) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 4096), maxEvent)
	name, data := "message", []byte(nil)
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case lines.Text() == "":
			if data != nil {
				if err := each(name, data); err != nil {
					return err
				}
			}
			name, data = "message", nil
		case field == "event":
			name = value
		case field == "data":
			if data != nil {
				data = append(data, '\n')
			}
			data = append(data, value...)
		}
		if len(data) > maxEvent {
			return errors.New("an event is too long")
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading events: %w", err)
	}
	return io.EOF
}

// onHost is path on the host that the start address is on.
func onHost(start, path string) string {
	u, err := url.Parse(start)
	if err != nil { // installProfile has parsed it
		return path
	}
	return u.Scheme + "://" + u.Host + path
}
