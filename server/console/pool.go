package console

import (
	"cmp"
	"context"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
)

// row is one device as the pool view shows it.
type row struct {
	ID       custody.DeviceID
	Name     string
	Ward     string
	State    custody.State
	Epoch    int64
	Version  int64
	Holder   string // a name
	Open     bool
	Warned   bool
	Touched  time.Time // the last touch, while open
	LockAt   time.Time // when it locks; zero: no idle deadline
	Since    time.Time
	Cause    custody.Cause
	Evidence string
	Note     string // why it is unproven, or for whom it is kept
	Lock     *lockView
	Slow     *custody.Slow
	Ready    *readyView
	Against  []Trouble // known against it beside its custody

	WardName    string
	Sort        string // its place among the others
	Isolation   custody.Isolation
	Hands       custody.Hands
	NeedsHands  bool
	Unreachable *unreachable
	ReadyBy     time.Time // being wiped: when nine of ten of the ward's were ready; zero: nothing can be said
	Low         bool      // its battery is
	Look        bool      // clean, and of no use until somebody has looked at it
}

// poolPage is what the pool view's template is given.
type poolPage struct {
	Who     identity.Staff
	CSRF    string
	Filter  filter
	Wards   []ledger.Ward
	Summary summaryView
	Paces   []paceLine
	Queued  bool
	Urgent  int            // emergencies that nobody has reviewed
	Waits   []approvalView // for a second person
	Trials  []trialLine
	Rows    template.HTML // as they were rendered for everybody
	Shown   int
	Bulk    bool   // who looks may do something, too
	Since   string // the picture it is made of
	Now     time.Time
}

func (s *Console) showPool(ctx context.Context, c *fiber.Ctx, who asker) error {
	f, err := askedFilter(c, who)
	if err != nil {
		return err
	}
	p, err := s.board.look(ctx)
	if err != nil {
		return err
	}
	v := &seat{console: s, who: who, filter: f, speech: browser.Speech(c, s.words), rights: map[string]bool{}}
	rows, n, err := v.rows(p)
	if err != nil {
		return err
	}
	wards := slices.DeleteFunc(slices.Clone(p.wards), func(w ledger.Ward) bool { return !v.may(w.ID) })
	names := map[string]string{}
	for _, w := range wards {
		if v.covers(w.ID) {
			names[w.ID] = w.Name
		}
	}
	now := p.now(s)
	return s.render(c, fiber.StatusOK, "pool.html", poolPage{
		Who: who.Staff, CSRF: s.Identity.CSRF(who.session), Filter: f, Wards: wards, Summary: p.summary(f, v.covers, now),
		Paces: s.paceLines(ctx, names), Trials: s.trialLines(ctx, wards, names), Queued: s.Queued, Urgent: p.pressing(v.may),
		Waits: s.approvalsFor(who, p.waits, v.covers), Rows: rows, Shown: n, Bulk: who.Role != identity.Auditor, Since: p.place(), Now: now,
	})
}

// rows are those of the picture that are seen from the seat, and how many.
func (v *seat) rows(p *picture) (template.HTML, int, error) {
	var b strings.Builder
	n := 0
	for e := range v.seen(p) {
		html, err := e.html(v.console, v.face())
		if err != nil {
			return "", 0, err
		}
		b.WriteString(html)
		n++
	}
	return template.HTML(b.String()), n, nil // by our own templates, which escape
}

// wards are those that who may see.
func (s *Console) wards(ctx context.Context, who asker) ([]ledger.Ward, error) {
	all, err := s.Ledger.Wards(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(w ledger.Ward) bool { return allowed(who, identity.View, w.ID) != nil }), nil
}

// device is all that is known of one device.
type device struct {
	ledger.Device
	custody custody.Custody
	session custody.Session
	policy  custody.Policy
	pace    custody.Pace  // only while it is being wiped
	said    said          // of itself
	reach   time.Duration // beyond which it is called unreachable
	// troubles are what is known against it beside its custody.
	troubles []Trouble
}

// load reads the devices of ward ("" for all) that who may see.
func (s *Console) load(ctx context.Context, who asker, ward string) ([]device, error) {
	inventory, err := s.Ledger.Devices(ctx, ward)
	if err != nil {
		return nil, err
	}
	rows := make(map[custody.DeviceID]custody.Custody, len(inventory))
	if err := s.Ledger.Rows(ctx, 0, func(c custody.Custody) error { rows[c.Device] = c; return nil }); err != nil {
		return nil, err
	}
	loaded := make([]device, 0, len(inventory))
	ids := make([]custody.DeviceID, 0, len(inventory))
	for _, d := range inventory {
		c, ok := rows[d.ID]
		if !ok || allowed(who, identity.View, c.Ward) != nil {
			continue
		}
		loaded, ids = append(loaded, device{Device: d, custody: c}), append(ids, d.ID)
	}
	slices.SortStableFunc(loaded, func(a, b device) int {
		return cmp.Or(cmp.Compare(a.custody.Ward, b.custody.Ward), cmp.Compare(a.Name, b.Name))
	})
	sessions, gauge := s.sessions(ctx, ids...), s.gauge(ctx)
	for i := range loaded {
		gauge(&loaded[i])
		s.trouble(&loaded[i])
		loaded[i].session = sessions[loaded[i].ID]
	}
	return loaded, nil
}

// one reads one device, if who may see it.
func (s *Console) one(ctx context.Context, who asker, id custody.DeviceID) (device, error) {
	c, err := s.Ledger.Custody(ctx, id)
	if err != nil {
		return device{}, err
	}
	if err := allowed(who, identity.View, c.Ward); err != nil {
		return device{}, err
	}
	known, err := s.Ledger.Device(ctx, id)
	d := device{Device: known, custody: c, session: s.sessions(ctx, id)[id]}
	d.session.Now = cmp.Or(d.session.Now, s.now()) // one that live has not
	s.gauge(ctx)(&d)
	s.trouble(&d)
	return d, err
}

// sessions are those that can be read. The rest show as locked: live may be
// stricter than custody, and what cannot be told is not open.
func (s *Console) sessions(ctx context.Context, ids ...custody.DeviceID) map[custody.DeviceID]custody.Session {
	sessions, err := s.Live.Sessions(ctx, ids...)
	if err != nil {
		s.Log.Warn("sessions cannot be read", "err", err)
	}
	return sessions
}

// names looks clinicians' names up, each once.
func (s *Console) names() func(context.Context, string) string {
	known := map[string]string{}
	return func(ctx context.Context, id string) string {
		name, ok := known[id]
		if !ok && id != "" {
			name = id
			if who, err := s.Ledger.Clinician(ctx, id); err == nil {
				name = who.Name
			}
			known[id] = name
		}
		return name
	}
}

// open reports whether the session is held open in live.
func (d device) open() bool {
	return d.custody.State == custody.InUse && d.session.Open && d.session.Epoch == d.custody.Epoch
}

func (d device) state() custody.State {
	if d.custody.State == custody.InUse && !d.open() {
		return custody.Locked
	}
	return custody.Shown(d.custody, d.policy)
}

func (d device) row(holder string) row {
	c := d.custody
	r := row{
		ID: d.ID, Name: d.Name, Ward: c.Ward, State: d.state(), Epoch: c.Epoch, Version: c.Version,
		Holder: holder, Since: c.Since, Cause: c.Cause, Note: c.Reason, Evidence: evidence(d.state(), c),
		Isolation: c.Isolation,
	}
	r.Lock, r.Slow, r.Ready, r.Against = d.lock(), d.slow(), d.ready(), d.troubles
	switch r.State {
	case custody.Isolated:
		r.Since = c.Isolation.At
	case custody.Sealed:
		r.Since = c.Downtime.At
	}
	if c.Run.Waits != "" && (c.State == custody.Wiping || r.State == custody.Locked || c.Downtime.On()) && c.Run.Active() {
		r.Note = c.Run.Waits
	}
	if r.State == custody.Reset {
		r.Note = fmt.Sprintf("Below this ward's grade (%s), offered because its policy says so. %s", gradeWords[d.policy.LeastGrade], c.Proof.Grade.Kept())
	}
	if r.State == custody.Clean || r.State == custody.Reset || r.State == custody.Isolated || r.State == custody.Sealed || r.State == custody.InUse {
		r.Cause = "" // it says why the device was last wiped
	}
	if d.open() {
		r.Open, r.Warned = true, d.session.Warned
		if c.Assurance == custody.AssuranceBreakGlass {
			r.Against = append([]Trouble{{Kind: "emergency", Sentence: "Opened in an emergency, by a badge alone.", Since: c.Since, Severe: true}}, r.Against...)
		}
		r.Touched, r.LockAt = d.session.Touched, d.session.LockAt
	}
	if c.State == custody.Clean && c.Reserved.For != "" {
		r.Note = "Kept for a moment for who took it over."
	}
	r.Hands, r.NeedsHands, r.Unreachable, r.ReadyBy = c.Hands, custody.NeedsHands(c), d.unreachable(), d.readyBy()
	r.Low, r.Look = d.said.Low, r.State == custody.Clean && d.against() != ""
	r.Sort = sorted(&r)
	return r
}

// clock is idle of an open session, and nothing of any other.
func (d device) clock() (idle, lock int64) {
	if !d.open() {
		return 0, 0
	}
	return d.idle()
}

// idle is how long ago the last touch was and how long it may still last, in ms.
func (d device) idle() (idle, lock int64) {
	idle = max(d.session.Now.Sub(d.session.Touched).Milliseconds(), 0)
	if !d.session.LockAt.IsZero() {
		lock = max(d.session.LockAt.Sub(d.session.Now).Milliseconds(), 1)
	}
	return idle, lock
}
