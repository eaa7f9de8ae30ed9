package console

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
)

// ear is a viewer's end that keeps what came, and can be made to take nothing for a while.
type ear struct {
	mu   sync.Mutex
	text strings.Builder
	deaf sync.Mutex
}

func (e *ear) Write(p []byte) (int, error) {
	e.deaf.Lock()
	defer e.deaf.Unlock()
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.text.Write(p)
}

func (e *ear) heard() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.text.String()
}

func (e *ear) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.text.Reset()
}

// until waits for what a viewer is to hear.
func (e *ear) until(t *testing.T, want string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !strings.Contains(e.heard(), want); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %q; heard:\n%.4000s", want, e.heard())
		}
	}
}

// badges is whose sessions there are, and can change.
type badges struct {
	Identity
	mu    sync.Mutex
	staff identity.Staff
	ended error
}

func (b *badges) StaffSession(context.Context, string, bool) (identity.Staff, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.staff, b.ended
}

func (b *badges) become(s identity.Staff, ended error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.staff, b.ended = s, ended
}

// sit opens a stream of the pool, of whoever who says.
func (d *desk) sit(t *testing.T, who *badges, f filter) (e *ear, over <-chan struct{}) {
	t.Helper()
	e = &ear{}
	v := &seat{console: d.console, who: asker{Staff: who.staff, session: "s"}, filter: f, speech: d.console.words.English(), sink: browser.NewSink(bufio.NewWriter(e)), seq: -1, beat: -1}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); v.serve(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	e.until(t, "event: summary")
	return e, done
}

func looking(d *desk, wards ...string) *badges {
	b := &badges{Identity: d.ids, staff: identity.Staff{ID: "1", Name: "Maria", Role: identity.Manager, Wards: wards}}
	d.console.Identity = b
	return b
}

// readings counts what the board reads and what is rendered.
type readings struct {
	Ledger
	custody, rows atomic.Int64
}

func (c *readings) Custody(ctx context.Context, id custody.DeviceID) (custody.Custody, error) {
	c.custody.Add(1)
	return c.Ledger.Custody(ctx, id)
}

func (c *readings) Rows(ctx context.Context, d time.Duration, each func(custody.Custody) error) error {
	c.rows.Add(1)
	return c.Ledger.Rows(ctx, d, each)
}

// However many look, a change is read once.
func TestAChangeIsReadOnceForAllViewers(t *testing.T) {
	c := &readings{}
	d := newDesk(t, func(config *Config) { c.Ledger, config.Ledger, config.Beat = config.Ledger, c, time.Hour })
	who := looking(d, "4B")
	var ears []*ear
	for range 20 {
		e, _ := d.sit(t, who, filter{View: viewTable})
		ears = append(ears, e)
	}
	before, rows := c.custody.Load(), c.rows.Load()
	if _, err := d.Apply(t.Context(), "DMQX00", custody.Isolate{By: "m", Why: "norovirus"}); err != nil {
		t.Fatal(err)
	}
	for _, e := range ears {
		e.until(t, "norovirus")
	}
	if n := c.custody.Load() - before; n > 2 || c.rows.Load() != rows {
		t.Errorf("20 viewers of one change: its row was read %d times, all rows %d times", n, c.rows.Load()-rows)
	}
}

// A viewer that takes nothing is kept nothing for, and is shown everything once it does.
func TestWhoFallsBehindIsShownEverything(t *testing.T) {
	d := newDesk(t, func(c *Config) { c.Beat = time.Hour })
	who := looking(d, "4B")
	slow, _ := d.sit(t, who, filter{View: viewCards})
	slow.deaf.Lock()
	slow.forget()
	for i := range ring + 10 { // each is a picture of its own
		d.console.board.reading.Lock()
		row := d.rows["DMQX00"]
		row.Version++
		row.Reason = ""
		row.Isolation = custody.Isolation{By: "m", Why: fmt.Sprintf("the %dth", i), At: d.now}
		d.mu.Lock()
		d.rows["DMQX00"] = row
		d.mu.Unlock()
		if err := d.console.board.read(t.Context(), what{ids: map[custody.DeviceID]struct{}{"DMQX00": {}}}); err != nil {
			t.Error(err)
		}
		d.console.board.reading.Unlock()
		if i == 0 {
			time.Sleep(20 * time.Millisecond) // it is at this one while the others come
		}
	}
	slow.deaf.Unlock()
	slow.until(t, "event: snapshot")
	slow.until(t, fmt.Sprintf("the %dth", ring+9))
	if n := strings.Count(slow.heard(), "event: device"); n > 1 {
		t.Errorf("%d changes were kept for it", n)
	}
}

// Whoever loses a ward has its rows taken away, and hears no more of it; and a
// stream ends with its session.
func TestRightsAreReadAnewWhileSomebodyLooks(t *testing.T) {
	d := newDesk(t, func(c *Config) { c.Beat = 20 * time.Millisecond })
	who := looking(d, "4B", "5A")
	e, over := d.sit(t, who, filter{View: viewCards})
	e.until(t, "row-DMQX20")
	who.become(identity.Staff{ID: "1", Name: "Maria", Role: identity.Manager, Wards: []string{"4B"}}, nil)
	e.forget()
	e.until(t, "event: snapshot")
	if _, err := d.Apply(t.Context(), "DMQX20", custody.Isolate{By: "m", Why: "norovirus"}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Apply(t.Context(), "DMQX00", custody.Isolate{By: "m", Why: "another"}); err != nil {
		t.Fatal(err)
	}
	e.until(t, "another")
	if strings.Contains(e.heard(), "DMQX20") || strings.Contains(e.heard(), "norovirus") {
		t.Error("the ward that was lost is told of")
	}
	who.become(identity.Staff{}, identityEnded)
	select {
	case <-over:
	case <-time.After(10 * time.Second):
		t.Error("the stream outlives its session")
	}
}

var identityEnded = &custody.Refusal{Code: identity.RefusedStaff, Sentence: "You are not signed in."}

// Under a filter a row comes as it begins to match, and goes as it does not any more.
func TestTheStreamIsFiltered(t *testing.T) {
	d := newDesk(t, func(c *Config) { c.Beat = time.Hour })
	who := looking(d, "4B")
	e, _ := d.sit(t, who, filter{View: viewCards, Show: showMine})
	if strings.Contains(e.heard(), "row-DMQX14") {
		t.Fatal("what nobody has is called mine")
	}
	if _, err := d.Apply(t.Context(), "DMQX14", custody.Assign{By: "staff:Maria", Who: "staff:Maria"}); err != nil {
		t.Fatal(err)
	}
	e.until(t, "row-DMQX14")
	if _, err := d.Apply(t.Context(), "DMQX00", custody.Isolate{By: "m", Why: "norovirus"}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Apply(t.Context(), "DMQX14", custody.Assign{By: "staff:Maria", From: "staff:Maria"}); err != nil {
		t.Fatal(err)
	}
	e.until(t, "event: gone\ndata: DMQX14\n")
	if strings.Contains(e.heard(), "DMQX00") {
		t.Error("what does not match was told")
	}
}

// A page is told what came after it was made; one of another board is shown everything.
func TestAPageGoesOnFromItsPicture(t *testing.T) {
	d := newDesk(t)
	cookie, _ := d.signedIn(identity.Manager, "4B")
	_, page, _ := d.ask("GET", "/console", "", as(cookie, ""))
	_, rest, _ := strings.Cut(page, `data-since="`)
	since, _, _ := strings.Cut(rest, `"`)
	if _, err := d.Apply(t.Context(), "DMQX00", custody.Isolate{By: "m", Why: "norovirus"}); err != nil {
		t.Fatal(err)
	}
	next := d.watch(cookie, "/console/events?since="+since)
	if row, _ := next("device"); !strings.Contains(row, "norovirus") {
		t.Errorf("%s", row)
	}
	next = d.watch(cookie, "/console/events?since=another."+strings.SplitN(since, ".", 2)[1])
	if rows, ok := next("snapshot"); !ok || !strings.Contains(rows, "row-DMQX10") {
		t.Errorf("%s", rows)
	}
}

func TestTheFilterIsTheAddress(t *testing.T) {
	d := newDesk(t)
	d.publish(custody.Custody{Device: "DMQX41", Ward: "4B", State: custody.Clean, Epoch: 1, Version: 1})
	d.devices = append(d.devices, ledger.Device{ID: "DMQX41", Ward: "4B", Name: "جناح"})
	cookie, _ := d.signedIn(identity.Manager, "4B")
	for query, want := range map[string]string{
		"show=hands": "DMQX14 DMQX15", "show=clean&q=4b-02": "DMQX01", "q=ANNA": "DMQX10", "q=dmqx1+anna": "DMQX10", "show=unconfirmed": "DMQX12",
		"q=%D8%AC%D9%86%D8%A7%D8%AD": "DMQX41", "show=in_use&view=table": "DMQX10", "q=nothing-at-all": "", "show=nonsense&q=4b-10": "DMQX10", "ward=4B&show=wiping": "DMQX13",
	} {
		status, page, _ := d.ask("GET", "/console?"+query, "", as(cookie, ""))
		var got []string
		for _, part := range strings.Split(page, `id="row-`)[1:] {
			id, _, _ := strings.Cut(part, `"`)
			got = append(got, id)
		}
		if strings.Join(got, " ") != want || status != 200 {
			t.Errorf("%s: %d, %q, want %q", query, status, got, want)
		}
		if (want == "") != strings.Contains(page, `id="none">`) {
			t.Errorf("%s: says that there is nothing, or does not", query)
		}
	}
	if status, _, _ := d.ask("GET", "/console?q="+strings.Repeat("x", maxQuery+1), "", as(cookie, "")); status != 400 {
		t.Errorf("a query without end: %d", status)
	}
	if status, _, _ := d.ask("GET", "/console?ward=5A&q=x", "", as(cookie, "")); status != 403 {
		t.Errorf("another ward: %d", status)
	}
}

func TestAnEmptyPoolSaysSo(t *testing.T) {
	d := newDesk(t)
	d.devices = nil
	cookie, _ := d.signedIn(identity.Manager, "4B")
	if _, page, _ := d.ask("GET", "/console", "", as(cookie, "")); !strings.Contains(page, "There are no iPads here yet.") || !strings.Contains(page, `<b>0</b> <span>Usable now`) {
		t.Error("an empty pool says nothing")
	}
}

// A board that nobody looks at is put away, and wakes with what is true then.
func TestTheBoardSleepsWhileNobodyLooks(t *testing.T) {
	d := newDesk(t)
	b := d.console.board
	if _, err := b.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b.unwatched(b.life) {
		t.Fatal("put away under somebody's eyes")
	}
	b.reading.Lock()
	b.asked = time.Now().Add(-2 * sleepAfter)
	b.reading.Unlock()
	if !b.unwatched(b.life) || len(b.devices) != 0 {
		t.Fatal("still awake")
	}
	if _, err := d.Apply(t.Context(), "DMQX00", custody.Isolate{By: "m", Why: "norovirus"}); err != nil {
		t.Fatal(err)
	}
	p, err := b.look(t.Context())
	if err != nil || p.tallies["4B"].Isolation != 1 {
		t.Errorf("%+v, %v", p.tallies["4B"], err)
	}
}
