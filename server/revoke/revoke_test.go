package revoke

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
	"github.com/padwarden/padwarden/server/live"
	"github.com/padwarden/padwarden/server/live/livetest"
	"github.com/padwarden/padwarden/server/plan"
	"github.com/padwarden/padwarden/server/steward"
)

// house is a real ledger, a Redis whose clock is the test's, a steward, and the
// looks of two servers.
type house struct {
	*Revoker
	t       *testing.T
	l       *ledger.Ledger
	live    *live.Live
	steward *steward.Steward
	redis   livetest.Redis
	now     time.Time
}

// silent reaches no device.
type silent struct{}

func (silent) Nudge(context.Context, custody.DeviceID) error { return nil }
func (silent) Inputs(context.Context, custody.Custody) (plan.Inputs, error) {
	return plan.Inputs{}, nil
}

var cardA, cardB, cardBen = []byte("ada's card, by its HMAC"), []byte("ada's spare card, also"), []byte("ben's card, by its HMAC")

func newHouse(t *testing.T, devices int) *house {
	t.Helper()
	h := &house{t: t, l: ledgertest.Open(t, ledgertest.SQLite(t)), redis: livetest.Miniredis(t), now: time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC)}
	var err error
	if h.live, err = live.Open(t.Context(), live.Options{URL: h.redis.URL, Trial: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.live.Close() })
	h.steward = steward.New(steward.Options{Ledger: h.l, Live: h.live, Driver: silent{}, NewID: uuid.NewString})
	h.Revoker = &Revoker{Ledger: h.l, Steward: h.steward, Now: func() time.Time { return h.now }}
	for _, row := range ledgertest.Populate(t, h.l, devices) {
		clean := ledgertest.Advance(row, custody.KindClean)
		clean.Next.State, clean.Next.Enrolment = custody.Clean, "cert"
		h.must(h.l.Commit(t.Context(), clean))
	}
	for id, cards := range map[string][][]byte{"ada": {cardA, cardB}, "ben": {cardBen}} {
		h.must(h.l.AddClinician(t.Context(), ledger.Clinician{ID: id, Name: id, Active: true}))
		for _, card := range cards {
			h.must(h.l.AddBadge(t.Context(), ledger.Badge{Hash: card, Clinician: id}))
		}
	}
	for range 3 { // adopts the buckets of an empty Redis, and publishes
		h.must(h.steward.Reconcile(t.Context()))
	}
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) apply(id custody.DeviceID, e custody.Event) custody.Custody {
	h.t.Helper()
	row, err := h.steward.Apply(h.t.Context(), id, e)
	h.must(err)
	return row
}

// claim opens a session by a badge and its PIN.
func (h *house) claim(id custody.DeviceID, who string, card []byte) {
	h.t.Helper()
	h.apply(id, custody.Claim{By: who, How: custody.AssuranceBadgePIN, With: custody.BadgeCredential(card)})
}

func (h *house) row(id custody.DeviceID) custody.Custody {
	h.t.Helper()
	row, err := h.l.Custody(h.t.Context(), id)
	h.must(err)
	return row
}

// wantOut fails unless the session of the device has ended by a revocation, for
// its page too.
func (h *house) wantOut(id custody.DeviceID) {
	h.t.Helper()
	row := h.row(id)
	if row.State != custody.Wiping || row.Cause != custody.CauseRevoked {
		h.t.Errorf("%s is %s (%s)", id, row.State, row.Cause)
	}
	if _, err := h.live.Touch(h.t.Context(), id, row.Epoch); !errors.Is(err, custody.ErrLocked) {
		h.t.Errorf("a touch of %s is answered %v", id, err)
	}
}

func (h *house) wantIn(id custody.DeviceID) {
	h.t.Helper()
	row := h.row(id)
	if row.State != custody.InUse {
		h.t.Errorf("%s is %s (%s)", id, row.State, row.Cause)
	}
	if _, err := h.live.Touch(h.t.Context(), id, row.Epoch); err != nil {
		h.t.Errorf("a touch of %s: %v", id, err)
	}
}

func (h *house) end(who string) []custody.DeviceID {
	h.t.Helper()
	rows, err := h.End(h.t.Context(), who)
	h.must(err)
	var ids []custody.DeviceID
	for _, row := range rows {
		ids = append(ids, row.Device)
	}
	slices.Sort(ids)
	return ids
}

// P7: at once, on every device, open or locked, and nobody else's.
func TestARevokedPersonHoldsNoSession(t *testing.T) {
	h := newHouse(t, 4)
	h.claim("D000", "ada", cardA)
	h.claim("D001", "ada", cardB)
	h.apply("D001", custody.LockNow{By: "staff:Maria"})
	h.claim("D002", "ben", cardBen)
	h.apply("D003", custody.Claim{By: "ada", How: custody.AssurancePasskey, With: "passkey:1"})
	if got := h.end(""); len(got) > 0 {
		t.Fatalf("ended %v, and nobody was revoked", got)
	}
	h.must(h.l.SetActive(t.Context(), "ada", false))
	if got := h.end("ben"); len(got) > 0 {
		t.Errorf("ended %v for ben", got)
	}
	if got := fmt.Sprint(h.end("ada")); got != "[D000 D001 D003]" {
		t.Errorf("ended %s", got)
	}
	for _, id := range []custody.DeviceID{"D000", "D001", "D003"} {
		h.wantOut(id)
	}
	h.wantIn("D002")
	if got := h.end(""); len(got) > 0 {
		t.Errorf("ended again: %v", got)
	}
}

// A badge's revocation ends what it opened; the same person's other badge and
// passkey go on.
func TestARevokedBadge(t *testing.T) {
	h := newHouse(t, 4)
	h.claim("D000", "ada", cardA)
	h.claim("D001", "ada", cardB)
	h.apply("D002", custody.Claim{By: "ada", How: custody.AssurancePasskey, With: "passkey:1"})
	h.claim("D003", "ben", cardBen)
	h.must(h.l.RevokeBadge(t.Context(), cardA, h.now))
	if got := fmt.Sprint(h.end("ada")); got != "[D000]" {
		t.Errorf("ended %s", got)
	}
	h.wantOut("D000")
	for _, id := range []custody.DeviceID{"D001", "D002", "D003"} {
		h.wantIn(id)
	}
}

// A badge that is lent ends by its date, with no revocation and nobody asking.
func TestABadgeThatEnds(t *testing.T) {
	h := newHouse(t, 1)
	lent, until := []byte("a lent card, by its HMAC"), h.now.Add(time.Hour)
	h.must(h.l.AddBadge(t.Context(), ledger.Badge{Hash: lent, Clinician: "ben", Expires: until}))
	h.claim("D000", "ben", lent)
	h.now = until.Add(-time.Millisecond)
	if got := h.end(""); len(got) > 0 {
		t.Fatalf("ended %v before its time", got)
	}
	h.now = until
	if got := fmt.Sprint(h.end("")); got != "[D000]" {
		t.Errorf("ended %s", got)
	}
	h.wantOut("D000")
}

// The server died between writing the revocation and ending the session:
// another one makes up for it, within P7's minute.
func TestACrashInBetween(t *testing.T) {
	if Every+lookFor > time.Minute {
		t.Fatalf("a look every %s that may take %s does not keep P7", Every, lookFor)
	}
	h := newHouse(t, 2)
	h.claim("D000", "ada", cardA)
	h.claim("D001", "ben", cardBen)
	h.must(h.l.ChangePerson(t.Context(), ledger.PersonChange{ID: "ada", Revoke: [][]byte{cardA}, At: h.now}))
	other := *h.Revoker
	other.Every = 10 * time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { other.Run(ctx); close(done) }()
	defer func() { stop(); <-done }()
	for range 500 {
		if h.row("D000").State == custody.Wiping {
			h.wantOut("D000")
			h.wantIn("D001")
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("nobody ended the session")
}

// A tap that was verified before the revocation and claimed after the look.
func TestATapThatOvertookTheRevocation(t *testing.T) {
	h := newHouse(t, 1)
	h.must(h.l.SetActive(t.Context(), "ada", false))
	if got := h.end("ada"); len(got) > 0 {
		t.Fatalf("ended %v", got)
	}
	h.claim("D000", "ada", cardA)
	if got := fmt.Sprint(h.end("")); got != "[D000]" {
		t.Errorf("ended %s", got)
	}
}

// late answers sessions that were read before the device changed hands.
type late struct {
	Ledger
	sessions []ledger.RevokedSession
}

func (l late) RevokedSessions(context.Context, string, time.Time) ([]ledger.RevokedSession, error) {
	return l.sessions, nil
}

// One that was taken over meanwhile is somebody else's, and untouched.
func TestATakenOverDeviceIsLeftAlone(t *testing.T) {
	h := newHouse(t, 2)
	h.claim("D000", "ada", cardA)
	h.apply("D000", custody.LockNow{By: "staff:Maria"})
	h.apply("D000", custody.TakeOver{By: "ben"})
	h.claim("D001", "ben", cardBen)
	h.must(h.l.SetActive(t.Context(), "ada", false))
	before := []custody.Custody{h.row("D000"), h.row("D001")}
	if got := h.end(""); len(got) > 0 {
		t.Errorf("ended %v", got)
	}
	h.Revoker.Ledger = late{h.l, []ledger.RevokedSession{{Device: "D000", Event: custody.Revoke{Clinician: "ada"}}, {Device: "D001", Event: custody.Revoke{Clinician: "ada"}}}}
	_, err := h.End(t.Context(), "")
	h.must(err)
	for i, id := range []custody.DeviceID{"D000", "D001"} {
		if now := h.row(id); now.Version != before[i].Version {
			t.Errorf("%s went from %s to %s (%s)", id, before[i].State, now.State, now.Cause)
		}
	}
	h.Revoker.Ledger = h.l
	if list, err := h.Unreached(t.Context(), ""); err != nil || len(list) > 0 {
		t.Errorf("%+v %v", list, err)
	}
}

// deaf fails for one device.
type deaf struct {
	Steward
	id custody.DeviceID
}

func (d deaf) Apply(ctx context.Context, id custody.DeviceID, e custody.Event) (custody.Custody, error) {
	if id == d.id {
		return custody.Custody{}, custody.ErrUnavailable
	}
	return d.Steward.Apply(ctx, id, e)
}

func TestOneThatFailsKeepsNoOtherBack(t *testing.T) {
	h := newHouse(t, 3)
	for _, id := range []custody.DeviceID{"D000", "D001", "D002"} {
		h.claim(id, "ada", cardA)
	}
	h.must(h.l.SetActive(t.Context(), "ada", false))
	h.Revoker.Steward = deaf{h.steward, "D000"}
	if rows, err := h.End(t.Context(), ""); len(rows) != 2 || !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	h.wantOut("D001")
	h.wantOut("D002")
	h.Revoker.Steward = h.steward
	if got := fmt.Sprint(h.end("")); got != "[D000]" {
		t.Errorf("the next look ended %s", got)
	}
}

// What a revocation could not reach is listed until it comes, whatever is done
// meanwhile.
func TestTheUnreachableAreListed(t *testing.T) {
	h := newHouse(t, 3)
	seen := h.now.Add(-time.Hour)
	h.must(h.l.PutFacts(t.Context(), []ledger.Fact{{Device: "D000", Kind: plan.FactSeen, Observed: seen, Body: []byte("true")}}))
	h.claim("D000", "ada", cardA)
	h.claim("D001", "ada", cardA)
	h.claim("D002", "ben", cardBen)
	h.must(h.l.SetActive(t.Context(), "ada", false))
	h.end("ada")
	h.apply("D002", custody.Wipe{By: "staff:Maria"}) // not reached either, and nobody was revoked
	list := func() (ids []custody.DeviceID) {
		t.Helper()
		all, err := h.Unreached(t.Context(), "")
		h.must(err)
		for _, u := range all {
			ids = append(ids, u.Device)
		}
		return ids
	}
	all, err := h.Unreached(t.Context(), "ada")
	h.must(err)
	if len(all) != 2 || all[0].Name != "4B-00" || all[0].Ward != "4B" || all[0].Holder != "ada" || all[0].HolderName != "ada" || !all[0].Seen.Equal(seen) || !all[1].Seen.IsZero() || all[0].Since.IsZero() {
		t.Fatalf("%+v", all)
	}
	if ben, err := h.Unreached(t.Context(), "ben"); err != nil || len(ben) > 0 {
		t.Errorf("%+v %v", ben, err)
	}

	// D001 comes: its erase is handed over.
	row := h.row("D001")
	h.apply("D001", custody.Progress{Run: row.Run, HandOver: &custody.HandOver{Command: "c", Request: "EraseDevice", Step: "erase", Attempt: 1, Destructive: true}})
	if got := fmt.Sprint(list()); got != "[D000]" {
		t.Errorf("after D001 came: %s", got)
	}
	// D000 does not, for days: overdue, wiped again, lost.
	h.redis.Advance(72 * time.Hour)
	h.apply("D000", custody.Tick{})
	if row := h.row("D000"); row.State != custody.Unproven || fmt.Sprint(list()) != "[D000]" {
		t.Errorf("%s (%s), listed %v", row.State, row.Cause, list())
	}
	h.apply("D000", custody.Wipe{By: "staff:Maria"})
	if got := fmt.Sprint(list()); got != "[D000]" {
		t.Errorf("wiped again: %s", got)
	}
	h.apply("D000", custody.Lose{By: "staff:Maria", Why: "not in its dock", Message: "Call us."})
	if got := fmt.Sprint(list()); got != "[D000]" {
		t.Errorf("called lost: %s", got)
	}
}
