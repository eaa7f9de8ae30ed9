package console

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/errand"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/plan"
)

// housekeepingView is what a device's page shows of what it said of itself.
type housekeepingView struct {
	Seen    time.Time
	Facts   []factView
	Lists   []listView
	Ping    pingView
	Battery int // percent; negative: not known
	// BatteryAt is when it said so.
	BatteryAt time.Time
	MayPing   bool
}

type factView struct {
	Label, Value string
	At           time.Time
}

type listView struct {
	Label string
	Items []string
	At    time.Time
}

// pingView is how the last ping goes.
type pingView struct {
	Says  string
	Waits bool
}

// housekeeping reads what a device's page shows. What cannot be read is left
// out: the page is about custody first.
func (s *Console) housekeeping(ctx context.Context, who asker, d device) housekeepingView {
	v := housekeepingView{MayPing: s.Errands != nil && allowed(who, identity.Ping, d.custody.Ward) == nil && d.custody.Enrolment != "" &&
		d.custody.State != custody.Enrolling && d.custody.State != custody.Retired}
	list, err := s.Ledger.Facts(ctx, d.ID)
	if err == nil {
		v.Ping, err = s.pingView(ctx, d.custody)
	}
	if err != nil {
		s.Log.Warn("what a device said of itself cannot be read", "device", d.ID, "err", err)
	}
	v.Seen, v.Battery = lastSeen(list), -1
	for _, f := range list {
		if f.Kind == plan.FactBattery {
			v.Battery, v.BatteryAt = percent(f.Body), f.Observed
		}
	}
	v.Facts, v.Lists = factViews(list)
	return v
}

func (s *Console) pingView(ctx context.Context, row custody.Custody) (pingView, error) {
	a, there, err := s.lastPing(ctx, row.Device)
	if err != nil || !there {
		return pingView{}, err
	}
	now := s.now()
	return pingView{Says: pingSays(a, row, now), Waits: a.Answered.IsZero() && now.Before(a.Expires)}, nil
}

// pingSays is how a ping goes, in a sentence, with what to do where it is over
// and nothing came.
func pingSays(a ledger.Ask, row custody.Custody, now time.Time) string {
	took := fmt.Sprintf("%.1f s", a.Answered.Sub(a.Asked).Seconds())
	if a.Answered.Sub(a.Asked) < 100*time.Millisecond {
		took = "less than 0.1 s"
	}
	switch {
	case a.Outcome == plan.StatusAcknowledged:
		return fmt.Sprintf("Answered in %s.", took)
	case a.Outcome == errand.Overtaken:
		return fmt.Sprintf("Not answered: %s", a.Says)
	case !a.Answered.IsZero() && a.Says == "":
		return fmt.Sprintf("Answered in %s, but with an error.", took)
	case !a.Answered.IsZero():
		return fmt.Sprintf("Answered in %s, but with an error: %s.", took, strings.TrimRight(a.Says, "."))
	case !now.Before(a.Expires) && a.HandedOver.IsZero() && !errand.Free(row):
		return "Not asked: what is under way on this iPad went first. Try again when it is done."
	case !now.Before(a.Expires):
		return fmt.Sprintf("No answer in %.0f min. It may be switched off, out of Wi-Fi range, or locked with a passcode since a restart: go and look.",
			a.Expires.Sub(a.Asked).Minutes())
	case !a.HandedOver.IsZero():
		return "It has connected and was asked. No answer yet."
	case !errand.Free(row):
		return "Waits until what is under way on this iPad is done. No answer yet."
	}
	return "Asked to connect. No answer yet."
}

// factWords are the facts in the order they are shown, and how.
var factWords = []struct {
	kind, label string
	say         func(json.RawMessage) string
}{
	{plan.FactModel, "Model", quoted},
	{plan.FactOS, "iPadOS", quoted},
	{plan.FactBuild, "Build", quoted},
	{plan.FactBattery, "Battery", func(b json.RawMessage) string {
		return number64(b, func(n float64) string { return fmt.Sprintf("%.0f %%", n*100) })
	}},
	{plan.FactFree, "Free space", func(b json.RawMessage) string {
		return number64(b, func(n float64) string { return fmt.Sprintf("%.1f GB", n) })
	}},
	{plan.FactSupervised, "Supervised", either("yes", "no")},
	{plan.FactPasscode, "Passcode", either("set", "none")},
	{plan.FactLostMode, "Lost Mode", either("on", "off")},
}

func quoted(b json.RawMessage) string {
	var s string
	_ = json.Unmarshal(b, &s) // what is of another kind shows as nothing
	return s
}

func number64(b json.RawMessage, say func(float64) string) string {
	var n float64
	if json.Unmarshal(b, &n) != nil {
		return ""
	}
	return say(n)
}

func either(yes, no string) func(json.RawMessage) string {
	return func(b json.RawMessage) string {
		switch string(b) {
		case "true":
			return yes
		case "false":
			return no
		}
		return ""
	}
}

// factViews says each fact in words. One of a form that is not known is left out.
func factViews(list []ledger.Fact) (facts []factView, lists []listView) {
	by := map[string]ledger.Fact{}
	for _, f := range list {
		by[f.Kind] = f
	}
	for _, w := range factWords {
		if f, ok := by[w.kind]; ok {
			if text := w.say(f.Body); text != "" {
				facts = append(facts, factView{w.label, text, f.Observed})
			}
		}
	}
	if f, ok := by[plan.FactProfiles]; ok {
		var entries []plan.ProfileFact
		if json.Unmarshal(f.Body, &entries) == nil {
			v := listView{Label: "Profiles", At: f.Observed}
			for _, e := range entries {
				v.Items = append(v.Items, e.Identifier)
			}
			lists = append(lists, v)
		}
	}
	if f, ok := by[plan.FactApps]; ok {
		v := listView{Label: "Managed apps", At: f.Observed}
		if json.Unmarshal(f.Body, &v.Items) == nil {
			lists = append(lists, v)
		}
	}
	return facts, lists
}

// now is the server's clock, by which errands are asked and facts observed.
func (s *Console) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}
