package mdm_test

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// TestFacts: what Apple describes is read, what is of another type or without
// sense is left out, and lists are bounded.
func TestFacts(t *testing.T) {
	s := serve(t, custody.SharedIPad, "S1")
	p := s.ipad("S1").enrol(1, 1)
	text := func(key, v string) string { return "<key>" + key + "</key><string>" + v + "</string>" }
	answers := func(inside string) string { return "<key>QueryResponses</key><dict>" + inside + "</dict>" }
	for name, row := range map[string]struct {
		more string
		want []plan.Fact
	}{
		"all of it": {answers(text("ModelName", "iPad") + text("OSVersion", "18.2") + text("SupplementalOSVersionExtra", "(a)") + text("BuildVersion", "22C152") +
			`<key>BatteryLevel</key><real>0.5</real><key>AvailableDeviceCapacity</key><real>40.25</real><key>IsSupervised</key><true/><key>IsMDMLostModeEnabled</key><false/>`),
			[]plan.Fact{{Kind: "model", Value: "iPad"}, {Kind: "build", Value: "22C152"}, {Kind: "os", Value: "18.2 (a)"}, {Kind: "supervised", Value: true},
				{Kind: "lost_mode", Value: false}, {Kind: "free_gb", Value: 40.25}, {Kind: "battery", Value: 0.5}}},
		"of other types": {answers(`<key>ModelName</key><true/><key>OSVersion</key><integer>18</integer><key>BatteryLevel</key><string>full</string>` +
			`<key>AvailableDeviceCapacity</key><string>40</string><key>IsSupervised</key><integer>1</integer>`), nil},
		"without sense": {answers(`<key>BatteryLevel</key><real>-1</real><key>AvailableDeviceCapacity</key><real>-3</real>` + text("ModelName", "")), nil},
		"too long":      {answers(text("ModelName", strings.Repeat("x", 500))), []plan.Fact{{Kind: "model", Value: strings.Repeat("x", 128)}}},
		"whole numbers": {answers(`<key>BatteryLevel</key><integer>1</integer><key>AvailableDeviceCapacity</key><integer>40</integer>`),
			[]plan.Fact{{Kind: "free_gb", Value: 40.0}, {Kind: "battery", Value: 1.0}}},
		"timers": {answers(`<key>UserSessionTimeout</key><integer>900</integer><key>TemporarySessionTimeout</key><integer>0</integer><key>TemporarySessionOnly</key><true/>`),
			[]plan.Fact{{Kind: "timers", Value: plan.SharedTimers{User: 15 * time.Minute, GuestsOnly: true}}}},
		"timers without sense": {answers(`<key>UserSessionTimeout</key><integer>-1</integer><key>TemporarySessionTimeout</key><integer>0</integer>`), nil},
		"one timer":            {answers(`<key>UserSessionTimeout</key><integer>60</integer><key>TemporarySessionTimeout</key><string>0</string>`), nil},
		"a passcode":           {`<key>SecurityInfo</key><dict><key>PasscodePresent</key><false/></dict>`, []plan.Fact{{Kind: "passcode", Value: false}}},
		"profiles": {`<key>ProfileList</key><array><dict>` + text("PayloadIdentifier", "a.b") + text("PayloadUUID", "U") + `</dict><dict/></array>`,
			[]plan.Fact{{Kind: "profiles", Value: []plan.ProfileFact{{Identifier: "a.b", UUID: "U"}}}}},
		"no profiles": {`<key>ProfileList</key><array/>`, []plan.Fact{{Kind: "profiles", Value: []plan.ProfileFact{}}}},
		"apps": {`<key>InstalledApplicationList</key><array><dict>` + text("Identifier", "a.b") + `</dict><dict/></array>`,
			[]plan.Fact{{Kind: "apps", Value: []string{"a.b"}}}},
	} {
		if status, _ := p.report("Acknowledged", "c", row.more); status != http.StatusOK || !reflect.DeepEqual(s.last().Facts, row.want) {
			t.Errorf("%s: %d\n got %+v\nwant %+v", name, status, s.last().Facts, row.want)
		}
	}
	var many strings.Builder
	for i := range 300 {
		many.WriteString("<dict>" + text("PayloadIdentifier", fmt.Sprint("p", i)) + "</dict>")
	}
	if status, _ := p.report("Acknowledged", "c", `<key>ProfileList</key><array>`+many.String()+`</array>`); status != http.StatusOK {
		t.Fatal(status)
	}
	if list := s.last().Facts[0].Value.([]plan.ProfileFact); len(list) != 200 || len(s.last().Profiles) != 300 {
		t.Errorf("%d profiles are kept to be read, %d for the plan", len(list), len(s.last().Profiles))
	}
}
