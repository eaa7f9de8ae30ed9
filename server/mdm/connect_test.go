package mdm_test

import (
	"bytes"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/mdm/ca"
	"github.com/padwarden/padwarden/server/plan"
	"github.com/padwarden/padwarden/server/plan/encode"
)

func (s *server) last() plan.Report {
	s.t.Helper()
	_, reports := s.steward.heard()
	if len(reports) == 0 {
		s.t.Fatal("the steward got no report")
	}
	return reports[len(reports)-1]
}

func TestReports(t *testing.T) { drivers(t, testReports) }

func testReports(t *testing.T, serve opener) {
	s := serve(t, custody.SharedIPad, "S1")
	p := s.ipad("S1").enrol(1, 1)
	yes := true
	base := plan.Report{Device: "S1", Channel: plan.DeviceChannel, Enrolment: ca.Hash(p.cert), Queued: s.nano != nil}
	for _, c := range []struct {
		status, command, more string
		want                  func(*plan.Report)
	}{
		{"Idle", "", "<key>Surprise</key><dict/>", func(*plan.Report) {}},
		{"NotNow", "c1", "", func(r *plan.Report) { r.Command = "c1" }},
		{"Acknowledged", "c2", `<key>Users</key><array><dict><key>UserName</key><string>ana</string><key>IsLoggedIn</key><true/><key>DataUsed</key><integer>5</integer></dict>` +
			`<dict><key>UserName</key><string>ben</string><key>HasDataToSync</key><true/></dict></array>`,
			func(r *plan.Report) {
				r.Command, r.Listed = "c2", true
				r.Users = []plan.User{{Name: "ana", LoggedIn: true}, {Name: "ben", HasDataToSync: true}}
			}},
		{"Acknowledged", "c3", `<key>Users</key><array/>`, func(r *plan.Report) { r.Command, r.Listed = "c3", true }},
		{"Acknowledged", "c4", `<key>Users</key><array><dict><key>IsLoggedIn</key><false/></dict></array>`,
			func(r *plan.Report) { r.Command, r.Listed, r.Users = "c4", true, []plan.User{{}} }},
		{"Acknowledged", "c5", `<key>ProfileList</key><array><dict><key>PayloadIdentifier</key><string>com.padwarden.kiosk</string><key>IsManaged</key><true/></dict></array>`,
			func(r *plan.Report) { r.Command, r.Profiles = "c5", []string{"com.padwarden.kiosk"} }},
		{"Acknowledged", "c6", `<key>SecurityInfo</key><dict><key>PasscodePresent</key><true/><key>HardwareEncryptionCaps</key><integer>3</integer></dict>`,
			func(r *plan.Report) { r.Command, r.HasPasscode = "c6", &yes }},
		{"Acknowledged", "c7", `<key>MessageResult</key><string>NoPasscodeSet</string>`,
			func(r *plan.Report) { r.Command, r.MessageResult = "c7", "NoPasscodeSet" }},
		{"Acknowledged", "a1", `<key>InstalledApplicationList</key><array><dict><key>Identifier</key><string>org.example.charts</string><key>Installing</key><false/></dict><dict/>` +
			`<dict><key>Identifier</key><string>` + strings.Repeat("x", 200) + `</string></dict></array>`,
			func(r *plan.Report) {
				r.Command, r.AppsListed, r.Apps = "a1", true, []string{"org.example.charts", "", ""}
			}},
		{"Acknowledged", "a2", `<key>InstalledApplicationList</key><array/>`, func(r *plan.Report) { r.Command, r.AppsListed = "a2", true }},
		{"Acknowledged", "a3", `<key>ManagedApplicationList</key><dict><key>org.example.charts</key><dict><key>Status</key><string>Managed</string></dict></dict>`,
			func(r *plan.Report) { r.Command, r.Managed = "a3", map[string]string{"org.example.charts": "Managed"} }},
		{"Acknowledged", "a4", `<key>ManagedApplicationList</key><dict/>`, func(r *plan.Report) { r.Command, r.Managed = "a4", map[string]string{} }},
		{"Acknowledged", "i1", `<key>QueryResponses</key><dict><key>BatteryLevel</key><real>0.09</real><key>IsActivationLockEnabled</key><true/></dict>`,
			func(r *plan.Report) { level := 0.09; r.Command, r.Battery, r.ActivationOn = "i1", &level, &yes }},
		{"Acknowledged", "i2", `<key>QueryResponses</key><dict><key>BatteryLevel</key><integer>1</integer></dict>`,
			func(r *plan.Report) { level := 1.0; r.Command, r.Battery = "i2", &level }},
		{"Acknowledged", "i3", `<key>QueryResponses</key><dict><key>BatteryLevel</key><string>0.09</string><key>IsActivationLockEnabled</key><integer>1</integer></dict>`,
			func(r *plan.Report) { r.Command = "i3" }},
		{"Acknowledged", "i4", `<key>QueryResponses</key><string>none</string>`, func(r *plan.Report) { r.Command = "i4" }},
		{"Error", "c8", `<key>ErrorChain</key><array><dict><key>ErrorCode</key><integer>12072</integer><key>ErrorDomain</key><string>MDM</string><key>LocalizedDescription</key><string>x</string><key>USEnglishDescription</key><string>logged in</string></dict></array>`,
			func(r *plan.Report) { r.Command, r.Errors, r.ErrorText = "c8", []int{12072}, "MDM 12072 logged in" }},
	} {
		var status int
		if c.command == "" {
			status, _ = p.send(connectType, pair("Status", c.status)+c.more)
		} else {
			status, _ = p.report(c.status, c.command, c.more)
		}
		want := base
		want.Status = c.status
		c.want(&want)
		got := s.last()
		got.Facts = nil // TestFacts
		if status != http.StatusOK || !reflect.DeepEqual(got, want) {
			t.Errorf("%s %s: %d\n got %+v\nwant %+v", c.status, c.command, status, got, want)
		}
	}
	// What a proof is read from must be whole, or there is no report.
	for _, list := range []string{`<key>Users</key><string>none</string>`, `<key>Users</key><array><string>ana</string></array>`, `<key>ProfileList</key><dict/>`,
		`<key>InstalledApplicationList</key><dict/>`, `<key>InstalledApplicationList</key><array><string>a</string></array>`,
		`<key>ManagedApplicationList</key><array/>`, `<key>ManagedApplicationList</key><dict><key>a</key><string>Managed</string></dict>`} {
		s.refused(list, http.StatusBadRequest, "report", func() (int, []byte) { return p.report("Acknowledged", "c9", list) })
	}
	s.refused("no status", http.StatusBadRequest, "message", func() (int, []byte) { return p.send(connectType, pair("CommandUUID", "c")) })
}

func TestExchangeAnswers(t *testing.T) { drivers(t, testExchangeAnswers) }

func testExchangeAnswers(t *testing.T, serve opener) {
	s := serve(t, custody.ReturnToService, "S1")
	p := s.ipad("S1").enrol(1, 1)
	if status, b := p.idle(); status != http.StatusOK || len(b) != 0 {
		t.Errorf("nothing to do: %d %q", status, b)
	}
	s.steward.set(func(e *ear) {
		e.next = func(plan.Report) *plan.Command {
			return &plan.Command{UUID: "u", Body: []byte("<plist>command</plist>")}
		}
	})
	if status, b := p.idle(); status != http.StatusOK || string(b) != "<plist>command</plist>" {
		t.Errorf("a command: %d %q", status, b)
	}
	for _, err := range []error{custody.ErrUnavailable, custody.ErrStale, custody.ErrNotFound} {
		s.steward.set(func(e *ear) { e.err, e.reports = err, nil })
		if status, _ := p.idle(); status != http.StatusServiceUnavailable {
			t.Errorf("%v: %d", err, status)
		}
	}
	s.steward.set(func(e *ear) { e.err, e.reports = custody.ErrStale, nil })
	p.idle()
	if _, reports := s.steward.heard(); len(reports) != 3 && s.nano == nil { // a webhook is not repeated, so the steward is asked until patience ends
		t.Errorf("asked %d times after ErrStale", len(reports))
	}
}

// TestTheGatesLook: an idle device is not read twice. One that reports something
// is: what it says is kept first, and the steward looks at it after that.
func TestTheGatesLook(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	p := s.ipad("S1").enrol(1, 1)
	looks := func(of func()) (all []*custody.Look) {
		s.steward.set(func(e *ear) { e.looks = nil })
		of()
		s.steward.set(func(e *ear) { all = e.looks })
		return all
	}
	if all := looks(func() { p.idle() }); len(all) != 1 || all[0] == nil || all[0].Row.Device != "S1" {
		t.Errorf("idle: %+v", all)
	}
	if all := looks(func() { p.report("Acknowledged", "u", "") }); len(all) != 1 || all[0] != nil {
		t.Errorf("a report: %+v", all)
	}
	s.steward.set(func(e *ear) { e.err = custody.ErrStale })
	if all := looks(func() { p.idle() }); len(all) != 3 || all[0] == nil || all[1] != nil || all[2] != nil {
		t.Errorf("after another change: %+v", all)
	}
	s.steward.set(func(e *ear) { e.err = nil })
	s.store.setDown(true)
	if all := looks(func() { p.idle() }); len(all) != 1 || all[0] != nil {
		t.Errorf("with the store away: %+v", all)
	}
}

func TestErrandsWaitBehindThePlan(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	p := s.old("S1", almostExpired) // its renewal is the errand
	command := &plan.Command{UUID: "u", Body: []byte("plan")}
	s.steward.set(func(e *ear) { e.next = func(plan.Report) *plan.Command { return command } })
	if _, b := p.idle(); string(b) != "plan" {
		t.Errorf("first %q", b)
	}
	s.steward.set(func(e *ear) { e.next = nil })
	if _, b := p.report("NotNow", "u", ""); len(b) != 0 {
		t.Errorf("after NotNow %q", b)
	}
	_, errand := p.idle()
	_, id := told(errand)
	if id == "" {
		t.Fatalf("then %q", errand)
	}
	if _, b := p.report("Acknowledged", "u", ""); !bytes.Equal(b, errand) || len(s.store.errands) != 1 {
		t.Errorf("the plan's report ended it: %q", b)
	}
	if _, b := p.report("NotNow", id, ""); len(b) != 0 || len(s.store.errands) != 1 {
		t.Errorf("NotNow ended it: %q", b)
	}
	if _, b := p.report("Acknowledged", id, ""); len(b) != 0 || len(s.store.errands) != 0 {
		t.Errorf("its own report did not end it: %q", b)
	}
}

// Hand-over rule 4: nothing that opens, locks or wipes goes by the user channel.
func TestTheUserChannelNeverReachesExchange(t *testing.T) {
	drivers(t, testTheUserChannelNeverReachesExchange)
}

func testTheUserChannelNeverReachesExchange(t *testing.T, serve opener) {
	s := serve(t, custody.SharedIPad, "S1")
	p := s.ipad("S1").enrol(1, 1)
	s.steward.set(func(e *ear) {
		e.next = func(plan.Report) *plan.Command { return &plan.Command{UUID: "u", Body: []byte("a device's command")} }
	})
	s.store.errands = []ledger.Errand{
		{UUID: "d", Device: "S1", Body: []byte("device"), Expires: time.Now().Add(time.Hour)},
		{UUID: "b", Device: "S1", User: "ben", Body: []byte("ben's"), Expires: time.Now().Add(time.Hour)},
		{UUID: "a", Device: "S1", User: "ana", Body: []byte("ana's"), Expires: time.Now().Add(time.Hour)},
	}
	as := func(user, inside string) string {
		status, b := p.send(connectType, asUser(user)+inside)
		if status != http.StatusOK {
			t.Errorf("%s: %d", user, status)
		}
		return string(b)
	}
	if got := as("ana", pair("Status", "Idle")); got != "ana's" {
		t.Errorf("ana got %q", got)
	}
	if got := as("ana", pair("Status", "NotNow")+pair("CommandUUID", "a")); got != "" {
		t.Errorf("ana got %q after NotNow", got)
	}
	as("ana", pair("Status", "Acknowledged")+pair("CommandUUID", "b")) // not hers to end
	if got := as("ana", pair("Status", "Acknowledged")+pair("CommandUUID", "a")); got != "" {
		t.Errorf("ana got %q once hers was done", got)
	}
	if got := as("ben", pair("Status", "Idle")); got != "ben's" {
		t.Errorf("ben got %q", got)
	}
	if _, reports := s.steward.heard(); len(reports) != 0 {
		t.Errorf("Exchange was called: %+v", reports)
	}
}

// A push is best effort: what waits for a user's channel is pushed again with
// the device's next nudge.
func TestANudgeReachesTheUsersThatSomethingWaitsFor(t *testing.T) {
	s := serve(t, custody.SharedIPad, "S1")
	s.ipad("S1").enrol(1, 1)
	for _, user := range []string{"ana", "ben"} {
		s.store.pushes["S1|"+user] = ledger.Push{Device: "S1", User: user, Magic: user}
	}
	s.store.errands = []ledger.Errand{{UUID: "b", Device: "S1", User: "ben", Body: []byte("ben's"), Expires: time.Now().Add(time.Hour)}}
	if err := s.engine.Nudge(t.Context(), "S1"); err != nil {
		t.Fatal(err)
	}
	if n := len(s.push.pushed); n != 2 || s.push.pushed[1].Magic != "ben" {
		t.Errorf("pushed %+v, want the device and ben", s.push.pushed)
	}
}

// Hand-over rule 10: a lock does not wait for the ledger.
func TestConnectsWhileTheStoreIsDown(t *testing.T) {
	s := serve(t, custody.SharedIPad, "S1")
	p := s.ipad("S1").enrol(1, 1)
	s.store.setDown(true)
	s.steward.set(func(e *ear) {
		e.next = func(plan.Report) *plan.Command { return &plan.Command{UUID: "l", Body: []byte("lock")} }
	})
	if status, b := p.idle(); status != http.StatusOK || string(b) != "lock" {
		t.Errorf("answered %d %q", status, b)
	}
	if r := s.last(); r.Device != "S1" || r.Enrolment != ca.Hash(p.cert) {
		t.Errorf("report %+v", r)
	}
	s.steward.set(func(e *ear) { e.next = nil })
	if status, b := p.report("Acknowledged", "l", ""); status != http.StatusOK || len(b) != 0 {
		t.Errorf("with no lock to hand over: %d %q", status, b)
	}
	s.refused("a user's channel", http.StatusServiceUnavailable, "store_unavailable", func() (int, []byte) {
		return p.send(connectType, asUser("ana")+pair("Status", "Idle"))
	})
	foreign := *p
	foreign.cert = selfSigned(p.key)
	s.refused("a certificate that is not ours", http.StatusBadRequest, "certificate", foreign.idle)

	if err := s.engine.Nudge(t.Context(), "S1"); err != nil || len(s.push.pushed) != 1 || s.push.pushed[0].Magic != "magic" {
		t.Errorf("nudge by the mirror: %v, %+v", err, s.push.pushed)
	}
	if err := s.engine.Nudge(t.Context(), "S2"); err == nil {
		t.Error("a device nobody knows was nudged")
	}

	// A store that says nothing at all is as far away.
	s.store.setDown(false)
	s.store.silent.Store(true)
	if status, _ := p.idle(); status != http.StatusOK || s.last().Status != plan.StatusIdle {
		t.Errorf("a silent store: %d", status)
	}
	if err := s.engine.Nudge(t.Context(), "S1"); err != nil || len(s.push.pushed) != 2 {
		t.Errorf("nudge past a silent store: %v", err)
	}
}

// TestTheUnlockTokenIsForAWipeThatClearsAPasscode and is read for nothing else.
func TestTheUnlockTokenIsForAWipeThatClearsAPasscode(t *testing.T) {
	for _, row := range []struct {
		fleet  custody.FleetKind
		target custody.LockTarget
		goal   custody.Goal
		want   string
	}{
		{custody.ManagedApps, custody.TargetPasscode, custody.GoalWipe, "token"},
		{custody.ManagedApps, custody.TargetPasscode, custody.GoalLock, ""},
		{custody.ManagedApps, custody.TargetKioskApp, custody.GoalWipe, ""},
		{custody.ReturnToService, custody.TargetPasscode, custody.GoalWipe, ""},
	} {
		s := serve(t, row.fleet, "S1")
		s.store.mu.Lock()
		s.store.target = row.target
		s.store.mu.Unlock()
		c := custody.Custody{Device: "S1", Ward: "4B", Run: custody.Run{ID: 2, Goal: row.goal}}
		if in, err := s.engine.Inputs(t.Context(), c); err != nil || len(in.UnlockToken) > 0 {
			t.Errorf("%+v, none is kept: %q %v", row, in.UnlockToken, err)
		}
		if err := s.store.PutSecret(t.Context(), "S1", ledger.SecretUnlock, []byte("token")); err != nil {
			t.Fatal(err)
		}
		if in, err := s.engine.Inputs(t.Context(), c); err != nil || string(in.UnlockToken) != row.want {
			t.Errorf("%+v: %q %v", row, in.UnlockToken, err)
		}
	}
}

// TestWhatAWipeNeeds: the device's own version and its bootstrap token where
// the ward keeps apps, and what on this side stands in the way.
func TestWhatAWipeNeeds(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	s.store.mu.Lock()
	d := s.store.devices["S1"]
	d.OSVersion = "18.2"
	s.store.devices["S1"] = d
	s.store.mu.Unlock()
	if err := s.store.PutSecret(t.Context(), "S1", ledger.SecretBootstrap, []byte("token")); err != nil {
		t.Fatal(err)
	}
	wipe := custody.Custody{Device: "S1", Ward: "4B", Run: custody.Run{ID: 2, Goal: custody.GoalWipe}}
	in, err := s.engine.Inputs(t.Context(), wipe)
	if want, _ := encode.ParseVersion("18.2"); err != nil || in.OS != want || in.Obstacle != "" || len(in.Bootstrap) > 0 {
		t.Errorf("%+v, %v", in, err)
	}
	s.store.mu.Lock()
	s.store.preserve = true
	s.store.mu.Unlock()
	if in, err := s.engine.Inputs(t.Context(), wipe); err != nil || string(in.Bootstrap) != "token" {
		t.Errorf("apps are kept: %q, %v", in.Bootstrap, err)
	}
	open := wipe
	open.Run.Goal = custody.GoalOpen
	if in, err := s.engine.Inputs(t.Context(), open); err != nil || len(in.Bootstrap) > 0 {
		t.Errorf("a token is read for an open: %q, %v", in.Bootstrap, err)
	}
	s.engine.PushExpires = time.Now().Add(-time.Minute)
	if in, err := s.engine.Inputs(t.Context(), wipe); err != nil || !strings.Contains(in.Obstacle, "push certificate has expired") {
		t.Errorf("with an expired push certificate: %q, %v", in.Obstacle, err)
	}
	s.engine.PushExpires = time.Now().Add(time.Minute)
	if in, err := s.engine.Inputs(t.Context(), wipe); err != nil || in.Obstacle != "" {
		t.Errorf("with a good one: %q, %v", in.Obstacle, err)
	}
}

func TestInputsAreBoundToTheRun(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	row := custody.Custody{Device: "S1", Ward: "4B", Epoch: 3, Run: custody.Run{ID: 12}}
	in, err := s.engine.Inputs(t.Context(), row)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := s.engine.Inputs(t.Context(), row)
	row.Run.ID++
	next, _ := s.engine.Inputs(t.Context(), row)
	if in.Challenge != again.Challenge || in.KioskURL != again.KioskURL || in.Challenge == next.Challenge || in.KioskURL == next.KioskURL {
		t.Error("secrets are not the run's")
	}
	if c, err := s.keys.VerifyChallenge(in.Challenge); err != nil || c.Device != "S1" || c.Epoch != 3 || c.Run != 12 {
		t.Errorf("challenge %+v, %v", c, err)
	}
	secret, ok := strings.CutPrefix(in.KioskURL, s.url+"/kiosk/start/")
	if d, e, r, err := s.keys.VerifyKioskSecret(secret); !ok || err != nil || d != "S1" || e != 3 || r != 12 {
		t.Errorf("kiosk link %s: %v %v %v %v", in.KioskURL, d, e, r, err)
	}
	if in.Policy.Fleet != custody.ReturnToService || in.ServerURL != s.url || in.Topic != topic {
		t.Errorf("inputs %+v", in)
	}
	s.store.setDown(true)
	if _, err := s.engine.Inputs(t.Context(), row); !errors.Is(err, custody.ErrUnavailable) {
		t.Error("no policy, no error")
	}
}
