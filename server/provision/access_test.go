package provision

import (
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/badge"
	"github.com/padwarden/padwarden/server/custody"
)

// What a ward asks of people comes with its file, and what it leaves out is as
// recommended.
func TestWhatAWardAsksOfPeople(t *testing.T) {
	read := func(access string) HospitalWard {
		t.Helper()
		f, err := parseJSON([]byte(`{"wards":[{"id":"w","name":"W","fleet":"return-to-service","target":"kiosk-app"` + access + `}]}`))
		if err != nil {
			t.Fatal(err)
		}
		return *f.wishes[0].ward
	}
	w := read(`,"pin_digits":8,"passkey_every":"12h","break_glass":"10m","second_device":"move","badges":{"wiegand":26,"shows":"card","facility":17}`)
	p := w.policy()
	if p.LeastPIN() != 8 || p.PasskeyEvery != 12*time.Hour || p.BreakGlass != 10*time.Minute || p.SecondDevice != custody.SecondMove || p.Validate() != nil ||
		w.Badges != (badge.Format{Wiegand: 26, Shows: badge.Card, Facility: 17}) {
		t.Errorf("%+v, %+v", p, w.Badges)
	}
	if p := read("").policy(); p.LeastPIN() != 6 || p.PasskeyEvery != 0 || p.BreakGlass != 15*time.Minute || p.Validate() != nil {
		t.Errorf("left out: %+v", p)
	}
	if p := read(`,"break_glass":"0s"`).policy(); p.BreakGlass != 0 || p.Validate() != nil {
		t.Errorf("none: %+v", p)
	}
	p = read(`,"web_apps":[{"name":"Charting","url":"https://charts.example.org/"}]`).policy()
	if len(p.WebApps) != 1 || p.WebApps[0] != (custody.WebApp{Name: "Charting", URL: "https://charts.example.org/"}) || p.Validate() != nil {
		t.Errorf("its apps: %+v", p.WebApps)
	}
	if p := read(`,"web_apps":[{"name":"Charting","url":"http://charts.example.org/"}]`).policy(); p.Validate() == nil {
		t.Error("an app without https")
	}
	for _, bad := range []string{`"passkey_every":12`, `"break_glass":"soon"`} {
		if _, err := parseJSON([]byte(`{"wards":[{` + bad + `}]}`)); err == nil || !strings.Contains(err.Error(), "like") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
