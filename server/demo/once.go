package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/padwarden/padwarden/server/sim"
)

// ErrBroken: a scenario did not happen, or a promise did not hold.
var ErrBroken = errors.New("the demo is broken")

// scenario is one flow of a ward's day on iPads of its own. play tells what
// happens as it happens; all of happens must have been told at the end.
type scenario struct {
	name    string
	play    func(ctx context.Context, h *Hospital, tell func(event, detail string)) error
	happens []string
}

// Once plays every scenario, prints the timeline, has the observer judge the
// promises, and answers ErrBroken unless all happened and all held.
func Once(ctx context.Context, h *Hospital) error {
	ready, cancel := context.WithTimeout(ctx, 40*time.Second)
	defer cancel()
	if err := h.Ready(ready); err != nil {
		return err
	}
	l := &timeline{h: h, out: h.o.Out, told: map[string]bool{}}
	l.say("wards", "ready", fmt.Sprintf("%d iPads enrolled by SCEP, configured and proven clean", len(h.Fleet.Devices())))
	l.together(ctx, byDay)
	l.together(ctx, lastOfAll) // empties Redis under everybody
	verdict, err := h.Judge(ctx)
	if err != nil {
		return err
	}
	missing := l.missing(append(byDay, lastOfAll...))
	l.print("\n%s", verdict)
	for _, v := range h.apns.Violations() {
		missing = append(missing, "APNs refused a push: "+v.What)
	}
	for _, m := range missing {
		l.print("missing: %s\n", m)
	}
	if len(missing) > 0 || !verdict.Held() {
		return ErrBroken
	}
	l.print("all scenarios happened, P1-P5 held, %d pushes, %.1f s\n", h.apns.Accepted(), time.Since(h.started).Seconds())
	return nil
}

// timeline prints what happens and remembers it.
type timeline struct {
	h    *Hospital
	mu   sync.Mutex
	out  io.Writer
	told map[string]bool
	errs []string
}

func (l *timeline) print(format string, a ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.out, format, a...)
}

func (l *timeline) say(scenario, event, detail string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told[scenario+"\x00"+event] = true
	fmt.Fprintf(l.out, "%6.1fs  %-18s %-22s %s\n", time.Since(l.h.started).Seconds(), scenario, event, detail)
}

// together plays scenarios at the same time, each on its own iPads.
func (l *timeline) together(ctx context.Context, ss []scenario) {
	var wg sync.WaitGroup
	for i, s := range ss {
		wg.Go(func() {
			time.Sleep(time.Duration(i) * 300 * time.Millisecond) // nobody's taps are simultaneous
			tell := func(event, detail string) { l.say(s.name, event, detail) }
			if err := s.play(ctx, l.h, tell); err != nil {
				l.mu.Lock()
				l.errs = append(l.errs, s.name+": "+err.Error())
				l.mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// missing lists what should have happened and did not.
func (l *timeline) missing(ss []scenario) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	missing := append([]string(nil), l.errs...)
	for _, s := range ss {
		for _, event := range s.happens {
			if !l.told[s.name+"\x00"+event] {
				missing = append(missing, s.name+": "+event)
			}
		}
	}
	return missing
}

// Judge reads every iPad's history through the API and answers with the
// observer's verdict.
func (h *Hospital) Judge(ctx context.Context) (sim.Verdict, error) {
	if err := h.readHistories(ctx); err != nil {
		return sim.Verdict{}, err
	}
	return h.Observer.Verdict(), nil
}

// readHistories gives the observer what the API tells of every iPad.
func (h *Hospital) readHistories(ctx context.Context) error {
	token, err := h.looker(ctx)
	if err != nil {
		return err
	}
	for _, d := range h.Fleet.Devices() {
		body, err := h.get(ctx, "/api/v1/devices/"+d.Serial()+"/history", token)
		if err != nil {
			return fmt.Errorf("reading the history of %s: %w", d.Serial(), err)
		}
		var history struct{ Entries json.RawMessage }
		if err := json.Unmarshal(body, &history); err != nil {
			return fmt.Errorf("reading the history of %s: %w", d.Serial(), err)
		}
		h.Observer.History(d.Serial(), history.Entries)
	}
	return nil
}

func (h *Hospital) get(ctx context.Context, path, token string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.App.URL+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", res.Status, strings.TrimSpace(string(body)))
	}
	return body, err
}

// person and iPad by number: scenarios name theirs.
func (h *Hospital) at(person int, device string) at {
	return at{h: h, p: h.people[person], d: h.Fleet.Device("PW" + device)}
}
