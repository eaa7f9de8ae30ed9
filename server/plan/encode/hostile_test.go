package encode_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// slot is a place where somebody's text enters what is sent: how to render it,
// and where it is found in the decoded document.
type slot struct {
	render  func(s string) ([]byte, error)
	find    func(d dict) any
	display bool // for people: made printable, never refused for its characters
	prefix  string
}

func command(key string) func(dict) any {
	return func(d dict) any { return d["Command"].(dict)[key] }
}

func at(payloadType, key string) func(dict) any {
	return func(d dict) any { return payload(d, payloadType)[key] }
}

var slots = map[string]slot{
	"user name":    {render: func(s string) ([]byte, error) { return encode.DeleteUser(id, s, false) }, find: command("UserName")},
	"identifier":   {render: func(s string) ([]byte, error) { return encode.RemoveProfile(id, s) }, find: command("Identifier")},
	"command uuid": {render: func(s string) ([]byte, error) { return encode.UserList(s) }, find: func(d dict) any { return d["CommandUUID"] }},
	"query":        {render: func(s string) ([]byte, error) { return encode.DeviceInformation(id, s) }, find: func(d dict) any { return command("Queries")(d).([]any)[0] }},
	"lock message": {render: func(s string) ([]byte, error) { return encode.DeviceLock(id, s) }, find: command("Message"), display: true},
	"lost phone":   {render: func(s string) ([]byte, error) { return encode.EnableLostMode(id, encode.LostMode{Phone: s}) }, find: command("PhoneNumber"), display: true},
	"footnote":     {render: func(s string) ([]byte, error) { return encode.LockScreen(encode.LockScreenParams{Footnote: s}) }, find: at("com.apple.shareddeviceconfiguration", "LockScreenFootnote"), display: true},
	"web clip":     {render: func(s string) ([]byte, error) { return encode.WebClip("https://h.example/" + s) }, find: at("com.apple.webClip.managed", "URL"), prefix: "https://h.example/"},
	"kiosk": {render: func(s string) ([]byte, error) {
		return encode.Kiosk(encode.KioskParams{URL: "https://h.example/" + s, AppLock: true})
	}, find: at("com.apple.webClip.managed", "URL"), prefix: "https://h.example/"},
	"kiosk browser": {render: func(s string) ([]byte, error) {
		return encode.Kiosk(encode.KioskParams{URL: page, AppLock: true, BundleID: s})
	}, find: at("com.apple.webClip.managed", "TargetApplicationBundleIdentifier")},
	"clinical app": {render: func(s string) ([]byte, error) { return encode.Clinical("com.apple.a", "zz."+s) }, find: func(d dict) any { return at("com.apple.applicationaccess", "allowListedAppBundleIDs")(d).([]any)[2] }, prefix: "zz."},
	"ssid": {render: func(s string) ([]byte, error) {
		return encode.WiFi(encode.WiFiParams{SSID: s, Passphrase: "passphrase"})
	}, find: at("com.apple.wifi.managed", "SSID_STR")},
	"passphrase":   {render: func(s string) ([]byte, error) { return encode.WiFi(encode.WiFiParams{SSID: "ward", Passphrase: s}) }, find: at("com.apple.wifi.managed", "Password")},
	"organisation": {render: enrolWith(func(p *encode.EnrolmentParams, s string) { p.Organisation = s }), find: func(d dict) any { return d["PayloadOrganization"] }, display: true},
	"topic":        {render: enrolWith(func(p *encode.EnrolmentParams, s string) { p.Topic = "com.apple.mgmt." + s }), find: at("com.apple.mdm", "Topic"), prefix: "com.apple.mgmt."},
	"server":       {render: enrolWith(func(p *encode.EnrolmentParams, s string) { p.ServerURL = "https://h.example/" + s }), find: serverOf, prefix: "https://h.example/"},
	"challenge":    {render: enrolWith(func(p *encode.EnrolmentParams, s string) { p.Challenge = s }), find: func(d dict) any { return at("com.apple.security.scep", "PayloadContent")(d).(dict)["Challenge"] }},
	"serial":       {render: enrolWith(func(p *encode.EnrolmentParams, s string) { p.Serial = s }), find: subjectOf},
	"app":          {render: func(s string) ([]byte, error) { return encode.RemoveApplication(id, s) }, find: command("Identifier")},
	"licensed app": {render: func(s string) ([]byte, error) { return encode.InstallApplication(id, custody.App{BundleID: s}) }, find: command("Identifier")},
	"manifest": {render: func(s string) ([]byte, error) {
		return encode.InstallApplication(id, custody.App{BundleID: "org.example.own", Manifest: "https://h.example/" + s})
	}, find: command("ManifestURL"), prefix: "https://h.example/"},
	"sign-in domains": {render: func(s string) ([]byte, error) { return encode.Settings(id, encode.SharedDevice{Domains: []string{s}}) }, find: domainOf},
}

func enrolWith(set func(*encode.EnrolmentParams, string)) func(string) ([]byte, error) {
	return func(s string) ([]byte, error) {
		p := enrolment(false)
		set(&p, s)
		return encode.Enrolment(p)
	}
}

func serverOf(d dict) any {
	return strings.TrimSuffix(at("com.apple.mdm", "ServerURL")(d).(string), "/mdm")
}

func subjectOf(d dict) any {
	subject := at("com.apple.security.scep", "PayloadContent")(d).(dict)["Subject"].([]any)
	return subject[0].([]any)[0].([]any)[1]
}

func domainOf(d dict) any {
	return command("Settings")(d).([]any)[0].(dict)["ManagedAppleIDDefaultDomains"].([]any)[0]
}

// shape is a document without its texts: the path and type of everything in it.
func shape(path string, v any) []string {
	var out []string
	switch v := v.(type) {
	case dict:
		for k, x := range v {
			out = append(out, shape(path+"/"+k, x)...)
		}
	case []any:
		for i, x := range v {
			out = append(out, shape(fmt.Sprintf("%s[%d]", path, i), x)...)
		}
	}
	out = append(out, fmt.Sprintf("%s %T", path, v))
	slices.Sort(out)
	return out
}

// checkHostile: a text is refused, or arrives as it was (for people: made
// printable) in a document of the very shape that a harmless text gives.
func checkHostile(t *testing.T, name string, sl slot, s string) {
	t.Helper()
	raw, err := sl.render(s)
	if err != nil {
		if sl.display && s != "" {
			t.Errorf("%s %q: refused (%v), though it is for people", name, s, err)
		}
		if s != "" && len(s) < 200 && raw != nil {
			t.Errorf("%s %q: an error and bytes besides", name, s)
		}
		return
	}
	if s == "" {
		return // an empty text leaves its key out: another shape, and rightly so
	}
	d := decode(t, raw)
	got, _ := sl.find(d).(string)
	if !sl.display && got != sl.prefix+s {
		t.Errorf("%s %q arrived as %q", name, s, got)
	}
	harmless, err := sl.render("com.harmless")
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if want, got := shape("", decode(t, harmless)), shape("", d); !slices.Equal(want, got) {
		t.Errorf("%s %q changed the document:\n%v\nwant\n%v", name, s, got, want)
	}
}

var hostile = []string{
	"", "a", "com.example", "<>&\"'", "</string><key>X</key><true/>", "]]>", "<![CDATA[x]]>", "&lt;&#0;&#xD;", "%00", "%zz",
	"a\x00b", "\x00", "a\x01\x1f\x7f", "\xff\xfe", "a\xc3\x28b", "\xed\xa0\x80", "\uFFFE", "\uFFFD", "\u202e\u2028", " a ", "\r\n\t", "\r",
	"a\nRequestType", "日本語 病棟", "../../mdm", "?x=<y>&z", "#frag", "javascript:alert(1)", "@evil.example", strings.Repeat("9<", 400),
	`<?xml version="1.0"?><!DOCTYPE plist [<!ENTITY x "y">]>&x;`,
}

func TestHostileText(t *testing.T) {
	for name, sl := range slots {
		for _, s := range hostile {
			checkHostile(t, name, sl, s)
		}
	}
}

func FuzzHostileText(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, sl := range slots {
			checkHostile(t, name, sl, s)
		}
	})
}

// TestRefusals: what cannot be right is an error that says so, and never repeats a secret.
func TestRefusals(t *testing.T) {
	const secret = "sekret\x00"
	for name, err := range map[string]error{
		"no uuid":             second(encode.UserList("")),
		"no token":            second(encode.ClearPasscode(id, nil)),
		"no user":             second(encode.DeleteUser(id, "", true)),
		"no profile":          second(encode.InstallProfile(id, nil)),
		"no identifier":       second(encode.RemoveProfile(id, "")),
		"no queries":          second(encode.DeviceInformation(id)),
		"lost without words":  second(encode.EnableLostMode(id, encode.LostMode{Footnote: "x"})),
		"plain http":          second(encode.WebClip("http://hospital.example/kiosk")),
		"script":              second(encode.WebClip("javascript:alert(1)")),
		"credentials in URL":  second(encode.WebClip("https://sekret@hospital.example/")),
		"relative":            second(encode.Kiosk(encode.KioskParams{URL: "/kiosk"})),
		"short passphrase":    second(encode.WiFi(encode.WiFiParams{SSID: "ward", Passphrase: "sekret"})),
		"odd passphrase":      second(encode.WiFi(encode.WiFiParams{SSID: "ward", Passphrase: secret + secret})),
		"odd challenge":       second(enrolWith(func(p *encode.EnrolmentParams, s string) { p.Challenge = s })(secret)),
		"odd topic":           second(enrolWith(func(p *encode.EnrolmentParams, s string) { p.Topic = s })("com.example")),
		"slash at the end":    second(enrolWith(func(p *encode.EnrolmentParams, s string) { p.ServerURL = s })("https://h.example/")),
		"odd page":            second(encode.Kiosk(encode.KioskParams{URL: "https://h.example/" + secret})),
		"body not a struct":   second(encode.Command(id, "X", []string{"a"})),
		"body names the type": second(encode.Command(id, "X", struct{ RequestType string }{"EraseDevice"})),
		"body embeds":         second(encode.Command(id, "X", struct{ custody.Lock }{})),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		} else if strings.Contains(err.Error(), "sekret") {
			t.Errorf("%s: the error repeats a secret: %v", name, err)
		}
	}
	if _, err := encode.DeleteUser(id, "a\x00b", false); !errors.Is(err, encode.ErrText) {
		t.Errorf("a name that XML cannot carry: %v, want ErrText", err)
	}
	if _, err := encode.WebClip("http://127.0.0.1:8080/kiosk/start/x"); err != nil {
		t.Errorf("a demo's loopback page: %v", err)
	}
}

func second(_ []byte, err error) error { return err }
