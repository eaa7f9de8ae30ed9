package console

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones of the tests, wherever they run

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/plan"
	"github.com/padwarden/padwarden/web"
)

// mondays is a ward where so many iPads were taken at 07:00 on the last Mondays,
// the last first, counted for so many days.
func mondays(now time.Time, days int, ns ...int) *wardUse {
	u := &wardUse{since: now.AddDate(0, 0, -days)}
	for week, n := range ns {
		at := now.AddDate(0, 0, -7*(week+1))
		u.counts = append(u.counts, custody.Use{At: time.Date(at.Year(), at.Month(), at.Day(), 7, 0, 0, 0, now.Location()), Kind: custody.UseOpened, N: n})
	}
	slices.Reverse(u.counts)
	return u
}

// used is a desk in UTC, whose ward 4B changes shifts.
func used(t *testing.T, of map[string]*wardUse, changes ...string) *desk {
	t.Helper()
	d := newDesk(t, func(c *Config) { c.Zone = time.UTC })
	d.used, d.policy.ShiftChanges = of, changes
	return d
}

// At 06:40 ward 4B has four clean iPads, one that is usually ready at 06:43, and
// two that need hands.
func TestTheManagersForecast(t *testing.T) {
	now := newDesk(t).now
	for name, row := range map[string]struct {
		used    *wardUse
		changes []string
		want    []string
	}{
		"one is short": {mondays(now, 60, 8, 7, 6, 8, 9, 5), []string{"07:00", "14:30"}, []string{
			"07:00 needs 8; 4 clean, 3 can be made ready, 1 short.", "07:00 needs 8 · 4 clean · 3 fixable · 1 short", "on this weekday, the last first: 8, 7, 6, 8, 9, 5. Four in five",
			"no re-enrolment since: needs hands.", "Usually ready between 06:42 and 06:43; no promise."}},
		"all can be made ready": {mondays(now, 60, 7, 7, 7, 7, 7, 7), []string{"07:00"}, []string{"07:00 needs 7; 4 clean, 3 can be made ready, enough then.", "07:00 needs 7 · 4 clean · 3 fixable<"}},
		"enough":                {mondays(now, 60, 1, 2, 3, 4), []string{"07:00"}, []string{"07:00 needs 3; 4 clean, enough."}}, // two Mondays of six without anybody
		"one day":               {mondays(now, 8, 9), []string{"07:00"}, []string{"07:00 needs 9; 4 clean, 3 can be made ready, 2 short.", "One day is not much to go by."}},
		"three days":            {mondays(now, 22, 9, 8, 7), []string{"07:00"}, []string{"07:00 needs 9;", "Only 3 days are known, so the highest counts."}},
		"no day":                {mondays(now, 3), []string{"07:00"}, []string{"07:00: 4 clean; not enough days yet to say how many are needed.", "from 06:30 to 08:00 of the same weekday"}},
		"nothing at all":        {nil, nil, []string{"4 clean; no shift change is known yet.", "not enough days yet to find its busiest hours", "Nothing was counted yet."}},
	} {
		d := used(t, map[string]*wardUse{"4B": row.used}, row.changes...)
		cookie, _ := d.signedIn(identity.Manager, "4B")
		status, body, _ := d.ask("GET", "/console/use?ward=4B", "", as(cookie, ""))
		wards, _ := d.Wards(t.Context())
		views, err := d.console.forecastLines(t.Context(), wards[:1], "4B")
		if err != nil {
			t.Fatal(err)
		}
		var line strings.Builder
		if err := d.console.pages[d.console.words.English()].ExecuteTemplate(&line, "forecast-line", views); err != nil {
			t.Fatal(err)
		}
		body += line.String()
		for _, want := range row.want {
			if status != 200 || !strings.Contains(body, want) {
				t.Errorf("%s: %d, it does not say %q", name, status, want)
			}
		}
		if strings.Contains(body, evil) {
			t.Errorf("%s: a name is not escaped", name)
		}
		if got := strings.Contains(body, "</b> <span>needed</span>"); got == (name == "no day" || name == "nothing at all") {
			t.Errorf("%s: a need is made up or missing", name)
		}
	}
}

func TestACleanIPadThatIsOfNoUse(t *testing.T) {
	d := used(t, nil, "07:00")
	d.say("DMQX00", 9*time.Hour, "", map[string]string{plan.FactSeen: "true"})
	d.say("DMQX01", time.Hour, "", map[string]string{plan.FactSeen: "true", plan.FactBattery: "0.09"})
	d.say("DMQX02", time.Hour, "", map[string]string{plan.FactSeen: "true", plan.FactBattery: "0.8"})
	d.console.DeviceTroubles = func(id custody.DeviceID) []Trouble {
		if id == "DMQX03" {
			return []Trouble{{Kind: KindPush, Sentence: "It cannot be woken.", Severe: true}}
		}
		return nil
	}
	cookie, _ := d.signedIn(identity.Manager, "4B")
	_, body, _ := d.ask("GET", "/console/use/forecast?ward=4B", "", as(cookie, ""))
	for _, want := range []string{"07:00: 1 clean;", "Not seen for 9 h: go and look", "Its battery was low", "It cannot be woken."} {
		if !strings.Contains(body, want) {
			t.Errorf("it does not say %q:\n%s", want, body)
		}
	}
	if _, body, _ := d.ask("GET", "/console", "", as(cookie, "")); !strings.Contains(body, "<b>4</b> <span>Usable now</span> <small>3 of them need a look</small>") {
		t.Errorf("the pool's number of usable iPads does not say what the forecast says:\n%s", body)
	}
	d.console.Reach = -1 // iPads are never asked, so their silence means nothing
	if _, body, _ := d.ask("GET", "/console/use/forecast?ward=4B", "", as(cookie, "")); !strings.Contains(body, "07:00: 2 clean;") {
		t.Error("an iPad that is never asked counts as lost")
	}
}

// A shift changes by the clocks of the wards, wherever the server is.
func TestAForecastInAnotherZone(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	d := used(t, nil, "07:00", "14:30") // it is 07:40 there
	d.console.Zone = berlin
	d.used = map[string]*wardUse{"4B": {since: d.now.AddDate(0, 0, -60), counts: []custody.Use{{At: time.Date(2026, 2, 23, 13, 15, 0, 0, time.UTC), Kind: custody.UseOpened, N: 3}}}}
	cookie, _ := d.signedIn(identity.Manager, "4B")
	if _, body, _ := d.ask("GET", "/console/use?ward=4B", "", as(cookie, "")); !strings.Contains(body, "14:30 needs 0; 4 clean, enough.") || !strings.Contains(body, "first: 3, 0, 0, 0, 0, 0.") || !strings.Contains(body, "(CET)") {
		t.Errorf("it goes by another clock:\n%s", body)
	}
}

func TestUseOverTheAPI(t *testing.T) {
	at := func(day, hour int) time.Time { return time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC) }
	d := used(t, nil, "07:00")
	d.used = map[string]*wardUse{
		"4B": {since: at(1, 9), held: 3, counts: []custody.Use{{At: at(1, 9), Kind: custody.UseOpened, N: 2}, {At: at(1, 9), Kind: custody.UseHeld, N: 2}, {At: at(1, 10), Kind: custody.UseIdle, N: 4}, {At: at(1, 22), Kind: custody.UseUnproven, Why: custody.CauseOverdue, N: 1}, {At: at(2, 1), Kind: custody.UseHeld, N: 1}},
			wipes: []endedWipe{{at(1, 22), custody.WipeTime{Took: 3 * time.Minute, Usable: 90 * time.Minute, N: 9}}, {at(1, 22), custody.WipeTime{Why: custody.CauseOverdue, N: 1}}}},
		"5A": {since: at(1, 8), held: 5, counts: []custody.Use{{At: at(1, 9), Kind: custody.UseResumed, N: 7}}},
	}
	var got struct {
		Wards     []string
		Step      string
		Zone      string
		Since     time.Time
		Lines     []useLineJSON
		Total     useLineJSON
		Forecasts []forecastJSON
	}
	read := func(path, cookie string) {
		t.Helper()
		status, body, _ := d.ask("GET", path, "", as(cookie, ""))
		if err := json.Unmarshal([]byte(body), &got); err != nil || status != 200 {
			t.Fatalf("%s: %d %s %v", path, status, body, err)
		}
	}
	cookie, _ := d.signedIn(identity.Manager, "4B")
	read("/api/v1/use?ward=4B&from=2026-03-01&to=2026-03-01", cookie)
	if len(got.Lines) != 24 || got.Step != "hour" || got.Zone != "UTC" || !got.Since.Equal(at(1, 9)) || !slices.Equal(got.Wards, []string{"4B"}) {
		t.Errorf("%+v", got)
	}
	if l := got.Lines[8]; l.Counted {
		t.Errorf("before counting began: %+v", l)
	}
	if l := got.Lines[9]; !l.Counted || l.BadgeIns != 2 || l.InUse != 2 || l.Resumes != 0 {
		t.Errorf("09:00: %+v", l)
	}
	if l := got.Lines[22]; l.Unproven[custody.CauseOverdue] != 1 || l.Wipe != (timesJSON{9, 1, 180_000, 180_000, 0}) || l.Usable.P50Ms != 5_400_000 {
		t.Errorf("22:00: %+v", l)
	}
	if got.Total.IdleLocks != 4 || got.Total.InUse != 2 || got.Total.BadgeIns != 2 {
		t.Errorf("%+v", got.Total)
	}
	if f := got.Forecasts; len(f) != 1 || f[0].Known || f[0].Clean != 4 || f[0].CleanInTime != 1 || f[0].NeedHands != 2 || len(f[0].Hands) != 2 || !f[0].At.Equal(at(2, 7)) {
		t.Errorf("%+v", f)
	}
	read("/api/v1/use?from=2026-03-01&to=2026-03-01", cookie) // all of hers
	if !slices.Equal(got.Wards, []string{"4B"}) || got.Total.Resumes != 0 {
		t.Errorf("another's ward is in it: %+v", got)
	}
	cookie, _ = d.signedIn(identity.Auditor)
	read("/api/v1/use?from=2026-03-01T09:00:00Z&to=2026-03-01T10:00:00Z", cookie)
	if len(got.Lines) != 1 || got.Total.InUse != 7 || got.Total.Resumes != 7 || got.Total.BadgeIns != 2 {
		t.Errorf("both wards: %+v", got)
	}
	read("/api/v1/use?ward=4B", cookie)
	if len(got.Lines) != 28 || got.Step != "day" || got.Lines[0].Counted || !got.Lines[26].Counted {
		t.Errorf("%d lines of a %s", len(got.Lines), got.Step)
	}
}

func TestUseAsAFile(t *testing.T) {
	at := func(day, hour int) time.Time { return time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC) }
	d := used(t, nil)
	d.used = map[string]*wardUse{"4B": {since: at(1, 0), counts: []custody.Use{
		{At: at(1, 9), Kind: custody.UseOpened, N: 2}, {At: at(1, 9), Kind: custody.UseHeld, N: 2}, {At: at(1, 22), Kind: custody.UseUnproven, Why: custody.CauseOverdue, N: 1}, {At: at(1, 22), Kind: custody.UseUnproven, Why: custody.CauseFailed, N: 2}}, held: 2,
		wipes: []endedWipe{{at(1, 22), custody.WipeTime{Took: 3 * time.Minute, Usable: 90 * time.Minute, N: 9}}}}}
	cookie, _ := d.signedIn(identity.Manager, "4B")
	status, body, header := d.ask("GET", "/console/use.csv?ward=4B&from=2026-02-28&to=2026-03-02", "", as(cookie, ""))
	if status != 200 || header.Get("Content-Type") != "text/csv; charset=utf-8; header=present" || header.Get("Content-Disposition") != `attachment; filename="padwarden-use-4B-2026-02-28-2026-03-02.csv"` {
		t.Fatalf("%d %v", status, header)
	}
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil || !strings.HasSuffix(body, "\r\n") {
		t.Fatal(err)
	}
	// From the first hour that was counted to the one that is not over: 24 of Sunday, 7 of Monday.
	if len(rows) != 1+24+7 || !slices.Equal(rows[0], useColumns) {
		t.Errorf("%d rows, %v", len(rows), rows[0])
	}
	want := "4B|4B Surgery|2026-03-01T22:00:00Z|2026-03-01T23:00:00Z|0|0|2|0|0|3|failed 2; overdue 1|9|0|180|180|180|5400|5400"
	if got := strings.Join(rows[23], "|"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if rows[10][4] != "2" || rows[10][6] != "2" || rows[9][6] != "0" || rows[10][13] != "" {
		t.Errorf("%v", rows[9:11])
	}
	for _, name := range []string{"anna", "Anna", "Berg", "emil", "Maria", "DMQX"} {
		if strings.Contains(body, name) {
			t.Errorf("%s is in the file", name)
		}
	}
	cookie, _ = d.signedIn(identity.Administrator)
	if _, body, header := d.ask("GET", "/console/use.csv?from=2026-03-01&to=2026-03-01", "", as(cookie, "")); !strings.Contains(header.Get("Content-Disposition"), "padwarden-use-all-wards-2026-03-01-2026-03-01.csv") || strings.Count(body, "\r\n") != 25 {
		t.Errorf("all wards: %v, %d lines", header, strings.Count(body, "\r\n"))
	}
	d.used["4B"].err = errors.New("the database is away")
	if _, body, _ := d.ask("GET", "/console/use.csv?ward=4B", "", as(cookie, "")); !strings.Contains(body, "This file is not complete") || strings.Contains(body, "away") {
		t.Errorf("a file that ends early does not say so: %q", body)
	}
	d.console.exports.Store(maxExports)
	if status, body, _ := d.ask("GET", "/console/use.csv?ward=4B", "", as(cookie, "")); status != 503 || !strings.Contains(body, "Others are downloading") {
		t.Errorf("one more file: %d", status)
	}
}

func TestCellsAreNoFormulas(t *testing.T) {
	for text, want := range map[string]string{"4B": "4B", "": "", "=1+1": "'=1+1", "+49": "'+49", "-3": "'-3", "@SUM(A1)": "'@SUM(A1)", "\tx": "'\tx", "\rx": "'\rx", "＝1": "'＝1", "a=b": "a=b", "Östlich": "Östlich"} {
		if got := plainCell(text); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
	if got := fileName("4B/..\"\r\nSet-Cookie: x; Ä"); got != "4B------Set-Cookie--x---" {
		t.Errorf("%q", got)
	}
}

// Bad input has a sentence, and nothing of another's ward is told.
func TestBadRangesAndWards(t *testing.T) {
	d := used(t, nil)
	manager, _ := d.signedIn(identity.Manager, "4B")
	administrator, _ := d.signedIn(identity.Administrator)
	for _, row := range []struct {
		path, cookie string
		status       int
		says         string
	}{
		{"/console/use?ward=5A", manager, 403, "You may not do this on this ward"},
		{"/console/use.csv?ward=5A", manager, 403, "You may not"},
		{"/console/use/forecast?ward=5A", manager, 403, "You may not"},
		{"/api/v1/use?ward=5A", manager, 403, "You may not"},
		{"/console/use?ward=9Z", administrator, 404, "nothing here by that name"},
		{"/api/v1/use?ward=9Z", administrator, 404, "nothing here by that name"},
		{"/console/use.csv?ward=9Z", administrator, 404, "nothing here by that name"},
		{"/console/use?days=3", manager, 400, "Choose 1, 7 or 28 days."},
		{"/console/use?days=-1", manager, 400, "Choose 1, 7 or 28 days."},
		{"/console/use?days=many", manager, 400, "Choose 1, 7 or 28 days."},
		{"/api/v1/use?from=2026-03-02&to=2026-03-01", manager, 400, "Turn them round."},
		{"/api/v1/use?from=2026-03-02T07:00:00Z&to=2026-03-02T07:00:00Z", manager, 400, "Turn them round."},
		{"/api/v1/use?from=2026-03-02", manager, 400, "Give both days"},
		{"/api/v1/use?from=yesterday&to=2026-03-02", manager, 400, "Give both days"},
		{"/api/v1/use?from=2026-02-30&to=2026-03-02", manager, 400, "Give both days"},
		{"/api/v1/use?from=0000-01-01&to=0000-01-02", manager, 400, "Give both days"},
		{"/api/v1/use?from=2025-01-01&to=2026-03-02", manager, 400, "more than 400 days"},
		{"/api/v1/use?from=0001-01-01&to=9999-12-31", manager, 400, "more than 400 days"},
		{"/console/use.csv?from=2025-01-01&to=2026-03-02", manager, 400, "more than 400 days"},
		{"/api/v1/use?from=2025-01-27&to=2026-03-02", manager, 200, `"step":"day"`}, // 400 days
		{"/api/v1/use?from=1970-01-01&to=1970-01-02", manager, 200, `"counted":false`},
		{"/api/v1/use?from=2099-01-01&to=2099-01-02", manager, 200, `"counted":false`},
	} {
		status, body, header := d.ask("GET", row.path, "", as(row.cookie, ""))
		if status != row.status || !strings.Contains(body, row.says) {
			t.Errorf("%s: %d, want %d and %q: %.300s", row.path, status, row.status, row.says, body)
		}
		if strings.HasPrefix(row.path, "/api/") && status >= 400 && header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: its trouble is %s", row.path, header.Get("Content-Type"))
		}
	}
	if status, _, _ := d.ask("GET", "/api/v1/use", ""); status != 401 {
		t.Errorf("not signed in: %d", status)
	}
}

// 2,000 iPads that need hands are counted, and forty of them named.
func TestALargeWardIsNotNamedWhole(t *testing.T) {
	d := used(t, nil, "07:00")
	for i := range 2000 {
		id := custody.DeviceID(fmt.Sprintf("L%04d", i))
		d.devices = append(d.devices, ledger.Device{ID: id, Ward: "5A", Name: "‮" + strings.Repeat("long ", 40)})
		d.publish(custody.Custody{Device: id, Ward: "5A", State: custody.Unproven, Version: 1, Reason: "Enrolled for the first time: what is on it is unknown. Wipe it."})
	}
	cookie, _ := d.signedIn(identity.Administrator)
	_, body, _ := d.ask("GET", "/console/use?ward=5A", "", as(cookie, ""))
	if n := strings.Count(body, `id="of-L`); n != maxNamed || !strings.Contains(body, "and 1,960 more") || !strings.Contains(body, "07:00: 1 clean;") {
		t.Errorf("%d are named", n)
	}
	d.devices, d.rows = nil, map[custody.DeviceID]custody.Custody{}
	if status, body, _ := d.ask("GET", "/console/use?ward=5A", "", as(cookie, "")); status != 200 || !strings.Contains(body, "07:00: 0 clean;") {
		t.Errorf("a ward without iPads: %d", status)
	}
}

// The page is German for who reads German; only what the iPads are called, and
// what other parts of the catalogue have, is not looked for.
func TestUseInGerman(t *testing.T) {
	d := used(t, nil, "07:00")
	d.used = map[string]*wardUse{"4B": pastWeeks(d.now, 7), "5A": mondays(d.now, 22, 9, 8, 7)}
	cookie, _ := d.signedIn(identity.Administrator)
	german := func(r *http.Request) {
		r.Header.Set("Cookie", cookie)
		r.Header.Set("Accept-Language", "de")
	}
	_, body, _ := d.ask("GET", "/console/use?ward=4B&days=28", "", german)
	_, more, _ := d.ask("GET", "/console/use?days=1", "", german)
	_, few, _ := d.ask("GET", "/console/use?ward=5A&days=7", "", german)
	body += more + few
	for _, want := range []string{`lang="de"`, "07:00 braucht 10; 4 sauber, 3 lassen sich bereit machen, 3 fehlen.", "Nur 3 Tage sind bekannt", "Mo 16", "Die Zahlen als Tabelle"} {
		if !strings.Contains(body, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	raw, err := fs.ReadFile(web.FS, "words/de/use.json")
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]any
	if err := json.Unmarshal(raw, &texts); err != nil {
		t.Fatal(err)
	}
	de := d.console.words.Match("de", "")
	for _, missed := range de.Missed() {
		if page, err := fs.ReadFile(web.FS, "console/use.html"); err != nil || strings.Contains(string(page), `"`+missed+`"`) {
			t.Errorf("%q has no German", missed)
		}
	}
	for key := range texts { // whole plain texts would stand in the page as they are
		if !strings.Contains(key, "%") && len(key) > 12 && strings.Contains(body, ">"+key+"<") {
			t.Errorf("%q is shown in English", key)
		}
	}
}
