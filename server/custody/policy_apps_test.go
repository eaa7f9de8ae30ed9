package custody

import (
	"fmt"
	"strings"
	"testing"
)

// A ward's apps are shown to everybody on it and are opened by a touch: what is
// no plain name or no https address is refused, and named.
func TestWebApps(t *testing.T) {
	chart := WebApp{Name: "Charting", URL: "https://charts.example.org/ward"}
	named := func(name string) []WebApp { return []WebApp{{Name: name, URL: chart.URL}} }
	at := func(address string) []WebApp { return []WebApp{{Name: "Charting", URL: address}} }
	many := func(n int) (apps []WebApp) {
		for i := range n {
			apps = append(apps, WebApp{Name: fmt.Sprint("App ", i), URL: fmt.Sprint("https://a.example.org/", i)})
		}
		return apps
	}
	for _, c := range []struct {
		apps []WebApp
		ok   bool
	}{
		{nil, true}, {many(24), true}, {many(25), false},
		{named("Charting"), true}, {named(strings.Repeat("ä", 40)), true}, {named(strings.Repeat("ä", 41)), false}, {named(""), false},
		{named("مخطط الجناح"), true}, {named(" Charting"), false}, {named("Chart\ning"), false}, {named("Chart\u202eing"), false}, {named("Chart\xff"), false},
		{named("<b>Charts</b>"), true}, // the page writes it as text
		{at("http://charts.example.org"), false}, {at("http://127.0.0.1:8123/charts"), true}, {at("http://[::1]/"), true}, {at("http://localhost:1/"), true},
		{at("http://localhost.example.org/"), false}, {at("http://127.0.0.1.example.org/"), false},
		{at("javascript:alert(1)"), false}, {at("data:text/html,x"), false}, {at("charts"), false}, {at("//charts.example.org"), false}, {at("https://"), false},
		{at("https://nurse:secret@charts.example.org/"), false}, {at("https://a.example.org/" + strings.Repeat("x", 2000)), false}, {at("https://a.example.org/\n"), false},
		{[]WebApp{chart, {Name: "CHARTING", URL: "https://other.example.org"}}, false},
		{[]WebApp{chart, {Name: "Charts", URL: chart.URL}}, false},
	} {
		p := kiosk
		p.WebApps = c.apps
		err := p.Validate()
		if (err == nil) != c.ok || err != nil && !strings.Contains(err.Error(), "web_apps") {
			t.Errorf("%.80q: %v", fmt.Sprint(c.apps), err)
		}
	}
}
