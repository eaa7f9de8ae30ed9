package trial_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/trial"
	"github.com/padwarden/padwarden/server/trial/trialtest"
)

// desk is an office over one iPad.
type desk struct {
	t testing.TB
	*trialtest.Store
	*trial.Office
	now time.Time
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{t: t, Store: trialtest.New(kiosk), now: trialtest.Start}
	key, err := trial.OpenKey(context.Background(), d.Store)
	if err != nil {
		t.Fatal(err)
	}
	d.Office = &trial.Office{Store: d.Store, Key: key, World: trial.Hardware, Because: "Apple", Version: "1.2.3", Driver: "embedded", Now: func() time.Time { return d.now }}
	return d
}

func (d *desk) begin() (trial.Claim, trial.Beginning) {
	d.t.Helper()
	signed, err := d.Begin(context.Background(), "DMPX01")
	if err != nil {
		d.t.Fatal(err)
	}
	var b trial.Beginning
	if err := json.Unmarshal(signed.Body, &b); err != nil {
		d.t.Fatal(err)
	}
	return trial.Claim{Beginning: signed, Called: "iPad (10th generation)"}, b
}

// walked is a claim of steps that went well.
func (d *desk) walked(names ...string) trial.Claim {
	d.t.Helper()
	c, b := d.begin()
	for _, name := range names {
		after := int64(len(all(d.t, d.Store)))
		goes[name](d.Store)
		h := all(d.t, d.Store)
		s := b.Steps[slices.IndexFunc(b.Steps, func(s trial.Step) bool { return s.Name == name })]
		tried := trial.Tried{Name: name, Outcome: trial.Passed, After: after, Until: int64(len(h)), Marks: trial.Match(s, h[after:]).Cited()}
		for _, q := range s.Questions() {
			answer := q.Want
			if answer == "" {
				answer = "the page"
			}
			tried.Answers = append(tried.Answers, answer)
		}
		c.Steps = append(c.Steps, tried)
	}
	return c
}

func (d *desk) filed(c trial.Claim) trial.Table {
	d.t.Helper()
	signed, err := d.File(context.Background(), c, "Ada")
	if err != nil {
		d.t.Fatal(err)
	}
	t, err := trial.Verify(signed, d.Public())
	if err != nil {
		d.t.Fatal(err)
	}
	return t
}

var everything = []string{"open", "lock", "resume", "wipe", "wifi", "restart", "battery"}

func TestATrialIsSigned(t *testing.T) {
	d := newDesk(t)
	table := d.filed(d.walked(everything...))
	for _, p := range table.Plans {
		if p.Outcome != trial.Passed {
			t.Errorf("plan %s: %s", p.Goal, p.Outcome)
		}
	}
	if len(table.Plans) != 3 || len(table.Steps) != 7 || table.By != "Ada" || table.World != trial.Hardware || table.Version != "1.2.3" || table.Driver != "embedded" ||
		table.Model != "iPad13,18" || table.OSVersion != "18.2" || table.Build != "22C152" || table.Called != "iPad (10th generation)" {
		t.Errorf("%+v", table)
	}
	if took := table.Steps[4].TookMs; took != 122_000 {
		t.Errorf("Wi-Fi loss took %d ms", took)
	}
	kept, err := d.Tables(t.Context())
	if err != nil || len(kept) != 1 || kept[0].Table.Device != "DMPX01" {
		t.Errorf("%v %+v", err, kept)
	}
}

// A step that proves a plan and was not tried leaves the plan untried, and one
// that failed fails it.
func TestAPlanIsTriedByAllOfItsSteps(t *testing.T) {
	d := newDesk(t)
	c := d.walked("open", "lock", "wipe")
	c.Steps[1].Outcome, c.Steps[1].Note = trial.Failed, "It showed a name."
	table := d.filed(c)
	got := map[custody.Goal]trial.Outcome{}
	for _, p := range table.Plans {
		got[p.Goal] = p.Outcome
	}
	if got[custody.GoalOpen] != trial.NotTried || got[custody.GoalLock] != trial.Failed || got[custody.GoalWipe] != trial.Passed {
		t.Errorf("%v", got)
	}
}

// A table cannot be made up: each of these is refused, and nothing is kept.
func TestWhatIsNotSigned(t *testing.T) {
	refused := func(change func(d *desk, c *trial.Claim)) func(t *testing.T, d *desk, c *trial.Claim) error {
		return func(t *testing.T, d *desk, c *trial.Claim) error {
			change(d, c)
			_, err := d.File(t.Context(), *c, "Ada")
			return err
		}
	}
	for name, file := range map[string]func(t *testing.T, d *desk, c *trial.Claim) error{
		"a lock that was not confirmed": refused(func(_ *desk, c *trial.Claim) {
			c.Steps[1].Until--
			c.Steps[1].Marks = c.Steps[1].Marks[:1]
		}),
		"entries from before it began": refused(func(d *desk, c *trial.Claim) {
			fresh, _ := d.begin() // now, after all of it
			c.Beginning = fresh.Beginning
		}),
		"another entry's number": refused(func(_ *desk, c *trial.Claim) { c.Steps[1].Marks[1].Seq-- }),
		"another entry's hash":   refused(func(_ *desk, c *trial.Claim) { c.Steps[1].Marks[1].Hash = c.Steps[1].Marks[0].Hash }),
		"no entries":             refused(func(_ *desk, c *trial.Claim) { c.Steps[1].Marks = nil }),
		"one lock as evidence of two steps": refused(func(d *desk, c *trial.Claim) {
			r := c.Steps[1]
			r.Name, r.Answers = "restart", []string{"yes", "yes"}
			r.Marks = trial.Match(step(t, kiosk, "restart"), all(t, d.Store)[r.After:r.Until]).Cited()
			c.Steps = append(c.Steps, r)
		}),
		"a step twice":                refused(func(_ *desk, c *trial.Claim) { c.Steps = append(c.Steps, c.Steps[0]) }),
		"a step that there is not":    refused(func(_ *desk, c *trial.Claim) { c.Steps[0].Name = "fly" }),
		"eyes that saw otherwise":     refused(func(_ *desk, c *trial.Claim) { c.Steps[2].Answers[0] = "no" }),
		"eyes that did not see":       refused(func(_ *desk, c *trial.Claim) { c.Steps[2].Answers = nil }),
		"an outcome of their own":     refused(func(_ *desk, c *trial.Claim) { c.Steps[0].Outcome = "splendid" }),
		"history that is yet to come": refused(func(_ *desk, c *trial.Claim) { c.Steps[2].Until += 5 }),
		"a long note":                 refused(func(_ *desk, c *trial.Claim) { c.Steps[0].Note = strings.Repeat("x", 501) }),
		"nothing":                     refused(func(_ *desk, c *trial.Claim) { c.Steps = nil }),
		"another key's beginning": refused(func(_ *desk, c *trial.Claim) {
			other, _ := newDesk(t).begin()
			c.Beginning = other.Beginning
		}),
		"a beginning that was changed": refused(func(_ *desk, c *trial.Claim) {
			c.Beginning.Body = bytes.Replace(c.Beginning.Body, []byte(`"os_version":"18.2"`), []byte(`"os_version":"18.3"`), 1)
		}),
		"a table as a beginning": func(t *testing.T, d *desk, c *trial.Claim) error {
			signed, err := d.File(t.Context(), *c, "Ada")
			if err != nil {
				t.Fatal(err)
			}
			d.Filed = nil
			signed.Purpose = c.Beginning.Purpose
			c.Beginning = signed
			_, err = d.File(t.Context(), *c, "Ada")
			return err
		},
		"a plan that has changed": refused(func(d *desk, _ *trial.Claim) {
			d.Ward.ManagedApps = []custody.App{{BundleID: "org.example.charts"}}
		}),
		"another iPadOS":  refused(func(d *desk, _ *trial.Claim) { d.Record.OSVersion = "26.0" }),
		"another build":   refused(func(d *desk, _ *trial.Claim) { d.Record.Build = "22D1" }),
		"another ward":    refused(func(d *desk, _ *trial.Claim) { d.Row.Ward = "5A" }),
		"another world":   refused(func(d *desk, _ *trial.Claim) { d.World = trial.Simulated }),
		"a month later":   refused(func(d *desk, _ *trial.Claim) { d.now = d.now.Add(31 * 24 * time.Hour) }),
		"from the future": refused(func(d *desk, _ *trial.Claim) { d.now = d.now.Add(-2 * time.Hour) }),
	} {
		d := newDesk(t)
		c := d.walked("open", "lock", "resume")
		var no *custody.Refusal
		if err := file(t, d, &c); !errors.As(err, &no) || no.Sentence == "" || no.Code != trial.RefusedTrial {
			t.Errorf("%s: %v", name, err)
		}
		if len(d.Filed) != 0 {
			t.Errorf("%s: kept", name)
		}
	}
}

// What was walked and is well is signed, so that the refusals above are theirs.
func TestTheSameUnchangedIsSigned(t *testing.T) {
	d := newDesk(t)
	d.filed(d.walked("open", "lock", "resume"))
}

func TestAnIPadThatNobodyKnows(t *testing.T) {
	d := newDesk(t)
	d.Record.OSVersion = ""
	var no *custody.Refusal
	if _, err := d.Begin(t.Context(), "DMPX01"); !errors.As(err, &no) {
		t.Errorf("not enrolled: %v", err)
	}
	if _, err := d.Begin(t.Context(), "DMPX02"); !errors.Is(err, custody.ErrNotFound) {
		t.Errorf("not there: %v", err)
	}
}

// An iPad that is updated and not erased is not the one that was tried before.
func TestAnIPadThatWasUpdated(t *testing.T) {
	said := func(os, build string) []ledger.Fact {
		return []ledger.Fact{{Kind: "os", Body: json.RawMessage(`"` + os + `"`)}, {Kind: "build", Body: json.RawMessage(`"` + build + `"`)}, {Kind: "battery", Body: json.RawMessage("0.5")}}
	}
	for name, c := range map[string]struct{ said, os, build string }{
		"the same": {"18.2 (a)", "18.2", "22C152"}, "an older one": {"17.7", "18.2", "22C152"}, "nonsense": {"x", "18.2", "22C152"},
		"a newer one": {"18.2.1", "18.2.1", "22C161"}, "one of two digits": {"26.0 (b)", "26.0 (b)", "22C161"},
	} {
		d := newDesk(t)
		d.Said = said(c.said, "22C161")
		if _, b := d.begin(); b.OSVersion != c.os || b.Build != c.build {
			t.Errorf("%s: %s %s", name, b.OSVersion, b.Build)
		}
	}
	d := newDesk(t)
	claim := d.walked("open")
	d.Said = said("26.0", "23A341")
	var no *custody.Refusal
	if _, err := d.File(t.Context(), claim, "Ada"); !errors.As(err, &no) || !strings.Contains(no.Sentence, "26.0") {
		t.Errorf("updated in the middle: %v", err)
	}
}

// An iPad that had named no build yet names one when it comes back.
func TestABuildThatWasNotKnown(t *testing.T) {
	d := newDesk(t)
	d.Record.Build = ""
	c := d.walked("open")
	d.Record.Build = "22C152"
	if table := d.filed(c); table.Build != "22C152" {
		t.Errorf("build %q", table.Build)
	}
}

func TestAHistoryThatDoesNotHold(t *testing.T) {
	d := newDesk(t)
	c := d.walked("open", "lock")
	d.Alter(6, func(e *custody.Entry) { e.Detail += "!" })
	if _, err := d.File(t.Context(), c, "Ada"); !errors.Is(err, ledger.ErrBroken) {
		t.Errorf("%v", err)
	}
}

// Every byte of a table is under its signature; the space around its parts is not.
func TestASignatureIsOfEveryByte(t *testing.T) {
	d := newDesk(t)
	signed, err := d.File(t.Context(), d.walked("open"), "Ada <\"&> Ü")
	if err != nil {
		t.Fatal(err)
	}
	pretty, err := json.MarshalIndent(signed, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	var again trial.Signed
	if err := json.Unmarshal(pretty, &again); err != nil {
		t.Fatal(err)
	}
	if table, err := trial.Verify(again, d.Public()); err != nil || table.By != "Ada <\"&> Ü" {
		t.Fatalf("indented: %v %q", err, table.By)
	}
	for i := range signed.Body {
		forged := signed
		forged.Body = slices.Clone(signed.Body)
		forged.Body[i] ^= 1
		if _, err := trial.Verify(forged, d.Public()); err == nil {
			t.Fatalf("byte %d (%q) was changed", i, signed.Body[i])
		}
	}
	begun, _ := d.begin()
	beginning := begun.Beginning
	beginning.Purpose = signed.Purpose
	for _, s := range []trial.Signed{begun.Beginning, beginning} {
		if _, err := trial.Verify(s, d.Public()); !errors.Is(err, trial.ErrForged) {
			t.Errorf("a beginning is taken for a table: %v", err)
		}
	}
	if _, err := trial.Verify(signed, newDesk(t).Public()); !errors.Is(err, trial.ErrForged) {
		t.Errorf("by another key: %v", err)
	}
	if _, err := trial.Verify(signed, nil); !errors.Is(err, trial.ErrForged) {
		t.Errorf("by no key: %v", err)
	}
}

// What was changed in the database, or put in another's place, is no table.
func TestATableThatWasTamperedWith(t *testing.T) {
	for name, change := range map[string]func(f *ledger.Trial){
		"its world":  func(f *ledger.Trial) { f.Body = strings.Replace(f.Body, "passed", "failed", 1) },
		"its device": func(f *ledger.Trial) { f.Device = "DMPX02" },
		"its id":     func(f *ledger.Trial) { f.ID = "00" },
		"its body":   func(f *ledger.Trial) { f.Body = "{" },
	} {
		d := newDesk(t)
		d.filed(d.walked("open"))
		for range 2 { // the second time it would be known already
			if kept, err := d.Tables(t.Context()); err != nil || len(kept) != 1 {
				t.Fatalf("unchanged: %v, %d", err, len(kept))
			}
		}
		change(&d.Filed[0])
		if kept, err := d.Tables(t.Context()); err != nil || len(kept) != 0 {
			t.Errorf("%s: %v, %d are shown", name, err, len(kept))
		}
	}
}

func TestWhatAWardsPlansStandAt(t *testing.T) {
	tables := func(d *desk) []trial.Filed {
		kept, err := d.Tables(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return kept
	}
	stand := func(d *desk, p custody.Policy, model string) map[custody.Goal]trial.Standing {
		all := map[custody.Goal]trial.Standing{}
		for _, s := range trial.Stand(d.Plans(p), tables(d), model) {
			all[s.Goal] = s
		}
		return all
	}
	d := newDesk(t)
	if s := stand(d, kiosk, ""); len(s) != 3 || s[custody.GoalWipe].Outcome != trial.NotTried || s[custody.GoalWipe].Table != nil {
		t.Fatalf("nothing was filed: %+v", s)
	}
	d.filed(d.walked(everything...))
	if s := stand(d, kiosk, "")[custody.GoalWipe]; s.Outcome != trial.Passed || s.Table.Model != "iPad13,18" || s.OnlySimulated {
		t.Errorf("tried: %+v", s)
	}
	other := kiosk
	other.ManagedApps = []custody.App{{BundleID: "org.example.charts"}}
	if s := stand(d, other, ""); s[custody.GoalWipe].Outcome != trial.NotTried || s[custody.GoalLock].Outcome != trial.Passed {
		t.Errorf("the wipe is another one and nothing else: %+v", s)
	}
	if s := stand(d, custody.DefaultPolicy(custody.ReturnToService, custody.TargetPasscode), ""); s[custody.GoalWipe].Outcome != trial.NotTried {
		t.Errorf("another target: %+v", s)
	}
	d.Record.Model, d.now = "iPad14,8", d.now.Add(time.Hour)
	c := d.walked("wipe")
	c.Steps[0].Outcome = trial.Failed
	d.filed(c)
	if s := stand(d, kiosk, "")[custody.GoalWipe]; s.Outcome != trial.Failed || s.Table.Model != "iPad14,8" {
		t.Errorf("the last counts: %+v", s)
	}
	if s := stand(d, kiosk, "iPad13,18")[custody.GoalWipe]; s.Outcome != trial.Passed {
		t.Errorf("of that model: %+v", s)
	}
}

// A simulation counts for nothing, however well it went.
func TestASimulationIsNotHardware(t *testing.T) {
	d := newDesk(t)
	d.World, d.Because = trial.Simulated, "simulated"
	table := d.filed(d.walked(everything...))
	kept, err := d.Tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range trial.Stand(d.Plans(kiosk), kept, "") {
		if s.Outcome != trial.NotTried || s.Table != nil || !s.OnlySimulated {
			t.Errorf("%s: %+v", s.Goal, s)
		}
	}
	if text := trial.Markdown(table, kept[0].Signed, d.Public()); !strings.Contains(text, "SIMULATED") {
		t.Error(text)
	}
}

// What people typed stays where it is put.
func TestMarkdownIsInert(t *testing.T) {
	d := newDesk(t)
	c := d.walked("open")
	c.Called = "a | b\n# c <script> \x1b[2J"
	text := trial.Markdown(d.filed(c), d.mustKeep(), d.Public())
	for _, bad := range []string{"\n# c", "<script>", "\x1b", "a | b"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q is in\n%s", bad, text)
		}
	}
}

func (d *desk) mustKeep() trial.Signed {
	kept, err := d.Tables(context.Background())
	if err != nil || len(kept) == 0 {
		d.t.Fatal(err)
	}
	return kept[0].Signed
}

// Whatever is filed is answered, and what is signed is borne out.
func FuzzClaim(f *testing.F) {
	d := newDesk(f)
	good := d.walked("open", "lock")
	seed, err := json.Marshal(good.Steps)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte(`[{"name":"open","outcome":"failed","after":-1,"until":9223372036854775807}]`))
	f.Add([]byte(`[{"name":"lock","outcome":"not_tried","marks":[{"seq":1}]},{"name":"wipe","outcome":"failed","after":1,"until":1}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var steps []trial.Tried
		if json.Unmarshal(text, &steps) != nil {
			return
		}
		signed, err := d.File(t.Context(), trial.Claim{Beginning: good.Beginning, Steps: steps}, "Ada")
		if err != nil {
			return
		}
		table, err := trial.Verify(signed, d.Public())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range table.Steps {
			if r.Outcome == trial.Passed && r.Name != "open" && r.Name != "lock" && r.Name != "restart" {
				t.Fatalf("%s passed without a history", r.Name)
			}
		}
	})
}
