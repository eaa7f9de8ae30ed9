package console

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

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
	IdleMs   int64 // since the last touch, while open
	LockMs   int64 // until it locks; 0: no idle deadline
	Since    time.Time
	Cause    custody.Cause
	Evidence string
	Note     string // why it is unproven, or for whom it is kept
	Lock     *lockView
	Slow     *custody.Slow
	Ready    *readyView
	Against  []Trouble // known against it beside its custody

	Isolation custody.Isolation
}

// count is one number of the summary.
type count struct {
	State custody.State
	N     int
}

// poolPage is what the pool view's template is given.
type poolPage struct {
	Who    identity.Staff
	CSRF   string
	Ward   string // the filter
	Wards  []ledger.Ward
	Counts []count
	Paces  []paceLine
	Queued bool
	Urgent int            // emergencies that nobody has reviewed
	Waits  []approvalView // for a second person
	Trials []trialLine
	Rows   []row
}

func (s *Console) showPool(ctx context.Context, c *fiber.Ctx, who asker) error {
	ward, err := askedWard(c, who)
	if err != nil {
		return err
	}
	wards, err := s.wards(ctx, who)
	if err != nil {
		return err
	}
	rows, err := s.rows(ctx, who, ward)
	if err != nil {
		return err
	}
	waits, err := s.approvalViews(ctx, who, ward)
	if err != nil {
		return err
	}
	shown := map[string]string{}
	for _, w := range wards {
		if ward == "" || w.ID == ward {
			shown[w.ID] = w.Name
		}
	}
	return s.render(c, fiber.StatusOK, "pool.html", poolPage{
		Who: who.Staff, CSRF: s.Identity.CSRF(who.session), Ward: ward, Wards: wards, Counts: counts(rows),
		Paces: s.paceLines(ctx, shown), Trials: s.trialLines(ctx, wards, shown), Queued: s.Queued, Urgent: s.urgent(ctx, who), Waits: waits, Rows: rows,
	})
}

// wards are those that who may see.
func (s *Console) wards(ctx context.Context, who asker) ([]ledger.Ward, error) {
	all, err := s.Ledger.Wards(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(w ledger.Ward) bool { return allowed(who, identity.View, w.ID) != nil }), nil
}

func counts(rows []row) []count {
	n := map[custody.State]int{}
	for _, r := range rows {
		n[r.State]++
	}
	all := make([]count, len(summary))
	for i, state := range summary {
		all[i] = count{State: state, N: n[state]}
	}
	return all
}

// rows are the devices of ward, or of all wards that who may see.
func (s *Console) rows(ctx context.Context, who asker, ward string) ([]row, error) {
	loaded, err := s.load(ctx, who, ward)
	if err != nil {
		return nil, err
	}
	names := s.names()
	rows := make([]row, 0, len(loaded))
	for _, d := range loaded {
		rows = append(rows, d.row(names(ctx, d.custody.Holder)))
	}
	return rows, nil
}

// device is all that is known of one device.
type device struct {
	ledger.Device
	custody custody.Custody
	session custody.Session
	policy  custody.Policy
	pace    custody.Pace // only while it is being wiped
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
		r.IdleMs, r.LockMs = d.idle()
	}
	if c.State == custody.Clean && c.Reserved.For != "" {
		r.Note = "Kept for a moment for who took it over."
	}
	return r
}

// idle is how long ago the last touch was and how long it may still last, in ms.
func (d device) idle() (idle, lock int64) {
	idle = max(d.session.Now.Sub(d.session.Touched).Milliseconds(), 0)
	if !d.session.LockAt.IsZero() {
		lock = max(d.session.LockAt.Sub(d.session.Now).Milliseconds(), 1)
	}
	return idle, lock
}
