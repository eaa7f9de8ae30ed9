package scim

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
)

var start = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// directory is a directory at a service over a real ledger.
type directory struct {
	t      testing.TB
	l      *ledger.Ledger
	server *Server
	app    *fiber.App

	mu     sync.Mutex
	ended  []string
	counts map[string]int64
	groups int
	now    time.Time
}

func newDirectory(t testing.TB) *directory {
	t.Helper()
	d := &directory{t: t, l: ledgertest.Open(t, ledgertest.SQLite(t)), counts: map[string]int64{}, now: start}
	var err error
	d.server, err = New(Options{
		Ledger: d.l, URL: "https://ipads.example", Now: func() time.Time { return d.now }, Base: t.Context(),
		NewID: func() string { d.groups++; return fmt.Sprintf("group-%d", d.groups) },
		Authenticate: func(_ context.Context, token string) (string, error) {
			if token != "right" {
				return "", &custody.Refusal{Code: "x", Sentence: "no"}
			}
			return "Entra", nil
		},
		Count: func(_ context.Context, key string, _ time.Duration) (int64, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.counts[key]++
			return d.counts[key], nil
		},
		Ended: func(_ context.Context, id string) { d.mu.Lock(); defer d.mu.Unlock(); d.ended = append(d.ended, id) },
	})
	if err != nil {
		t.Fatal(err)
	}
	d.app = fiber.New(fiber.Config{Immutable: true, DisableStartupMessage: true, BodyLimit: 1 << 20, ReadBufferSize: 16 << 10})
	d.server.Mount(d.app)
	for _, c := range []ledger.Clinician{{ID: "ada", Name: "Ada Okafor", Account: "ada@x.org", PIN: "$pin", Active: true}, {ID: "nurse 7/4b", Name: "Seven", Active: true}} {
		if err := d.l.AddClinician(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func (d *directory) send(method, path, body, token string) (int, map[string]any) {
	d.t.Helper()
	r := httptest.NewRequest(method, Path+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/scim+json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	a, err := d.app.Test(r, 10_000)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	said := map[string]any{}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &said); err != nil {
			d.t.Fatalf("%s %s: %d %s", method, path, a.StatusCode, text)
		}
	}
	return a.StatusCode, said
}

func (d *directory) ask(method, path, body string) (int, map[string]any) {
	d.t.Helper()
	return d.send(method, path, body, "right")
}

// want fails unless the answer has the status.
func (d *directory) want(status int, method, path, body string) map[string]any {
	d.t.Helper()
	got, said := d.ask(method, path, body)
	if got != status {
		d.t.Fatalf("%s %s: %d %v, want %d", method, path, got, said, status)
	}
	return said
}

func (d *directory) person(id string) ledger.DirectoryUser {
	d.t.Helper()
	u, err := d.l.DirectoryUser(d.t.Context(), id)
	if err != nil {
		d.t.Fatal(err)
	}
	return u
}

func filtered(kind, f string) string { return "/" + kind + "?filter=" + url.QueryEscape(f) }

// What Entra ID sends, as its provisioning log and Microsoft's tutorial show it
// ("Develop and plan provisioning for a SCIM endpoint").
func TestEntraID(t *testing.T) {
	d := newDirectory(t)
	if said := d.want(200, "GET", filtered("Users", `userName eq "dora@x.org"`), ""); said["totalResults"] != 0.0 || said["Resources"] == nil {
		t.Errorf("who is not there: %v", said)
	}
	said := d.want(201, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
		"externalId":"0a21f0f2","userName":"Dora@x.org","active":true,"displayName":"Dora Lind","emails":[{"primary":true,"type":"work","value":"dora@x.org"}],
		"meta":{"resourceType":"User"},"name":{"formatted":"Dora Lind","familyName":"Lind","givenName":"Dora"},"roles":[],
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"4B"}}`)
	if said["id"] != "Dora@x.org" || said["externalId"] != "0a21f0f2" || said["userName"] != "Dora@x.org" || said["displayName"] != "Dora Lind" || said["active"] != true {
		t.Errorf("%v", said)
	}
	if meta := said["meta"].(map[string]any); meta["location"] != "https://ipads.example/scim/v2/Users/Dora@x.org" || meta["created"] == nil {
		t.Errorf("%v", meta)
	}
	if dora := d.person("Dora@x.org"); dora.Name != "Dora Lind" || dora.Account != "Dora@x.org" || !dora.Active || dora.PIN != "" {
		t.Errorf("%+v", dora)
	}
	d.want(409, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"dora@X.org"}`)
	if said := d.want(200, "GET", filtered("Users", `externalId eq "0a21f0f2"`), ""); said["totalResults"] != 1.0 {
		t.Errorf("%v", said)
	}

	// Somebody imported before is found by their account and taken on.
	found := d.want(200, "GET", filtered("Users", `userName eq "ADA@x.org"`), "")["Resources"].([]any)[0].(map[string]any)
	if found["id"] != "ada" || found["displayName"] != "Ada Okafor" || found["externalId"] != nil {
		t.Errorf("%v", found)
	}
	d.want(200, "PATCH", "/Users/ada", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[
		{"op":"Add","path":"externalId","value":"e-ada"},{"op":"Replace","path":"emails[type eq \"work\"].value","value":"new@x.org"},
		{"op":"Replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"ICU"},
		{"op":"Replace","path":"displayName","value":"Ada Okafor-Lind"},{"op":"Replace","path":"userName","value":"ada.lind@x.org"}]}`)
	if ada := d.person("ada"); ada.External != "e-ada" || ada.Name != "Ada Okafor-Lind" || ada.UserName != "ada.lind@x.org" || ada.Account != "ada.lind@x.org" || ada.PIN != "$pin" {
		t.Errorf("%+v", ada)
	}
	log, err := d.l.PersonLog(t.Context(), "ada", 10)
	if err != nil || len(log) != 3 || log[0].By != "scim:Entra" || !log[0].At.Equal(start) {
		t.Errorf("%+v %v", log, err)
	}

	// Deactivation, in the three ways that Entra ID has sent it.
	for _, operation := range []string{`{"op":"Replace","path":"active","value":"False"}`, `{"op":"Replace","path":"active","value":false}`, `{"op":"replace","value":{"active":false}}`} {
		yes := true
		if err := d.l.ChangePerson(t.Context(), ledger.PersonChange{ID: "ada", Active: &yes, At: start}); err != nil {
			t.Fatal(err)
		}
		d.ended = nil
		said := d.want(200, "PATCH", "/Users/ada", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`+operation+`]}`)
		if said["active"] != false || d.person("ada").Active || fmt.Sprint(d.ended) != "[ada]" {
			t.Errorf("%s: %v, ended %v", operation, said, d.ended)
		}
	}

	d.want(204, "DELETE", "/Users/ada", "")
	d.want(404, "GET", "/Users/ada", "")
	d.want(404, "PATCH", "/Users/ada", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":true}]}`)
	d.want(404, "DELETE", "/Users/ada", "")
	if ada := d.person("ada"); ada.Active || ada.Name == "" {
		t.Errorf("who was deleted is not kept: %+v", ada)
	}
}

func TestOkta(t *testing.T) {
	d := newDirectory(t)
	said := d.want(201, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"emil@x.org","name":{"givenName":"Emil","familyName":"Berg"},
		"emails":[{"primary":true,"value":"emil@x.org","type":"work"}],"displayName":"Emil Berg","locale":"en-US","externalId":"00ujl29u0le5T6Aj10h7","groups":[],"password":"1mz050nq","active":true}`)
	if said["id"] != "emil@x.org" || said["password"] != nil {
		t.Errorf("%v", said)
	}
	said = d.want(200, "PUT", "/Users/emil@x.org", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"emil@x.org","userName":"emil@x.org","name":{"givenName":"Emil","familyName":"Lind"},"active":true,"externalId":"00u"}`)
	if said["displayName"] != "Emil Lind" || said["externalId"] != "00u" {
		t.Errorf("%v", said)
	}
	said = d.want(200, "PATCH", "/Users/emil%40x.org", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":false}}]}`)
	if said["active"] != false || fmt.Sprint(d.ended) != "[emil@x.org]" {
		t.Errorf("%v, ended %v", said, d.ended)
	}
	if log, err := d.l.PersonLog(t.Context(), "emil@x.org", 10); err != nil || len(log) != 4 {
		t.Errorf("%+v %v", log, err)
	}
	said = d.want(200, "GET", "/Users?startIndex=2&count=1", "")
	if said["totalResults"] != 3.0 || said["startIndex"] != 2.0 || len(said["Resources"].([]any)) != 1 {
		t.Errorf("%v", said)
	}
	if said := d.want(200, "GET", "/Users?count=0", ""); said["totalResults"] != 3.0 || len(said["Resources"].([]any)) != 0 {
		t.Errorf("%v", said)
	}
	if said := d.want(200, "GET", "/Users/nurse%207%2F4b", ""); said["displayName"] != "Seven" || said["userName"] != "nurse 7/4b" {
		t.Errorf("%v", said)
	}
}

func TestWhoComesBackHasNoBadge(t *testing.T) {
	d := newDirectory(t)
	if err := d.l.AddBadge(t.Context(), ledger.Badge{Hash: []byte{1}, Clinician: "ada"}); err != nil {
		t.Fatal(err)
	}
	d.want(204, "DELETE", "/Users/ada", "")
	said := d.want(201, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@x.org","displayName":"Ada O"}`)
	if said["id"] != "ada" || said["active"] != true {
		t.Errorf("%v", said)
	}
	if b, err := d.l.Badge(t.Context(), []byte{1}); err != nil || !b.Revoked.Equal(start) {
		t.Errorf("%+v %v", b, err)
	}
}

func TestGroups(t *testing.T) {
	d := newDirectory(t)
	said := d.want(201, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"externalId":"8aa1a0c0","displayName":"Nurses 4B","meta":{"resourceType":"Group"},"members":[{"value":"ada"}]}`)
	id := said["id"].(string)
	if id != "group-1" || fmt.Sprint(said["members"]) != "[map[type:User value:ada]]" {
		t.Errorf("%v", said)
	}
	d.want(409, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"nurses 4b"}`)
	d.want(400, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Others","members":[{"value":"nobody"}]}`)
	patch := func(operations string) map[string]any {
		t.Helper()
		return d.want(200, "PATCH", "/Groups/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`+operations+`]}`)
	}
	members := func() []string {
		t.Helper()
		g, err := d.l.DirectoryGroup(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return g.Members
	}
	patch(`{"op":"Add","path":"members","value":[{"$ref":null,"value":"nurse 7/4b"}]},{"op":"Replace","path":"displayName","value":"Nurses"}`)
	if got := fmt.Sprintf("%q", members()); got != `["ada" "nurse 7/4b"]` {
		t.Error(got)
	}
	patch(`{"op":"Remove","path":"members","value":[{"$ref":null,"value":"ada"}]}`) // Entra ID
	if got := fmt.Sprintf("%q", members()); got != `["nurse 7/4b"]` {
		t.Error(got)
	}
	patch(`{"op":"add","path":"members","value":[{"value":"ada","display":"x"}]},{"op":"remove","path":"members[value eq \"nurse 7/4b\"]"}`) // Okta
	if got := fmt.Sprintf("%q", members()); got != `["ada"]` {
		t.Error(got)
	}
	patch(`{"op":"replace","value":{"id":"` + id + `","displayName":"Nurses 4B"}}`)
	said = d.want(200, "GET", "/Groups?excludedAttributes=members&filter="+url.QueryEscape(`displayName eq "NURSES 4b"`), "")
	if g := said["Resources"].([]any)[0].(map[string]any); said["totalResults"] != 1.0 || g["members"] != nil || g["displayName"] != "Nurses 4B" {
		t.Errorf("%v", said)
	}
	if said := d.want(200, "GET", "/Groups", ""); fmt.Sprint(said["Resources"].([]any)[0].(map[string]any)["members"]) != "[map[type:User value:ada]]" {
		t.Errorf("%v", said)
	}
	d.want(200, "PUT", "/Groups/"+id, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"All","members":[]}`)
	if got := members(); len(got) != 0 {
		t.Error(got)
	}
	d.want(204, "DELETE", "/Groups/"+id, "")
	d.want(404, "GET", "/Groups/"+id, "")
	d.want(404, "PATCH", "/Groups/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"remove","path":"members"}]}`)
}

func TestWhatIsRefused(t *testing.T) {
	d := newDirectory(t)
	for _, token := range []string{"", "wrong"} {
		for _, path := range []string{"/Users", "/Users/ada", "/ServiceProviderConfig", ""} {
			if status, said := d.send("GET", path, "", token); status != 401 || said["Resources"] != nil {
				t.Errorf("%q with %q: %d %v", path, token, status, said)
			}
		}
		if status, _ := d.send("DELETE", "/Users/ada", "", token); status != 401 || !d.person("ada").Active {
			t.Errorf("a deletion with %q: %d", token, status)
		}
	}
	patch := func(operations string) string {
		return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + operations + `]}`
	}
	for _, c := range []struct {
		status             int
		method, path, body string
	}{
		{400, "GET", filtered("Users", `userName co "a"`), ""}, {400, "GET", filtered("Users", `active eq true`), ""}, {400, "GET", filtered("Users", `userName eq "a" or userName eq "b"`), ""},
		{400, "GET", filtered("Users", `shoe eq "a"`), ""}, {400, "GET", filtered("Users", `name.familyName eq "a"`), ""}, {400, "GET", "/Users?startIndex=x", ""},
		{413, "GET", filtered("Users", `userName eq "`+strings.Repeat("x", maxQuery)+`"`), ""},
		{404, "GET", "/Users/nobody", ""}, {404, "GET", "/Shoes", ""}, {501, "GET", "/Me", ""},
		{400, "POST", "/Users", `{}`}, {400, "POST", "/Users", `{"userName":7}`}, {400, "POST", "/Users", `[`}, {400, "POST", "/Users", ``},
		{400, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":" "}`},
		{400, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"a\u0000b"}`},
		{400, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"` + strings.Repeat("x", 101) + `"}`},
		{413, "POST", "/Users", `{"userName":"` + strings.Repeat("x", maxBody) + `"}`},
		{400, "PATCH", "/Users/ada", patch(``)}, {400, "PATCH", "/Users/ada", patch(`{"op":"remove","path":"userName"}`)}, {400, "PATCH", "/Users/ada", patch(`{"op":"remove","path":"active"}`)},
		{400, "PATCH", "/Users/ada", patch(`{"op":"replace","path":"active","value":"perhaps"}`)}, {400, "PATCH", "/Users/ada", patch(`{"op":"replace","path":"` + strings.Repeat("a", 300) + `","value":1}`)},
		{400, "PATCH", "/Users/ada", patch(`{"op":"replace","path":"userName","value":""}`)}, {400, "PATCH", "/Users/ada", patch(`{"op":"shout","path":"userName","value":"x"}`)},
		{413, "PATCH", "/Users/ada", patch(strings.TrimSuffix(strings.Repeat(`{"op":"replace","path":"active","value":true},`, maxOperations+1), ","))},
		{409, "PATCH", "/Users/ada", patch(`{"op":"replace","path":"userName","value":"NURSE 7/4B"}`)},
	} {
		status, said := d.ask(c.method, c.path, c.body)
		if status != c.status || said["schemas"] == nil && status != 501 {
			t.Errorf("%s %.60s %.80s: %d %v, want %d", c.method, c.path, c.body, status, said, c.status)
		}
	}
	if ada := d.person("ada"); ada.Name != "Ada Okafor" || !ada.Active || ada.UserName != "ada@x.org" {
		t.Errorf("%+v", ada)
	}
	if said := d.want(200, "GET", "/ServiceProviderConfig", ""); said["patch"].(map[string]any)["supported"] != true || said["bulk"].(map[string]any)["supported"] != false {
		t.Errorf("%v", said)
	}
	d.want(200, "GET", "/Schemas", "")
	d.want(200, "GET", "/ResourceTypes", "")
}

func TestATokenIsLimited(t *testing.T) {
	d := newDirectory(t)
	for range limitPerTime {
		d.want(200, "GET", "/ServiceProviderConfig", "")
	}
	if status, said := d.ask("DELETE", "/Users/ada", ""); status != 429 || !d.person("ada").Active {
		t.Errorf("%d %v", status, said)
	}
	d.now = d.now.Add(limitWindow)
	d.want(200, "GET", "/ServiceProviderConfig", "")
}

// away is a ledger that cannot be reached.
type away struct{ Ledger }

func (away) DirectoryUser(context.Context, string) (ledger.DirectoryUser, error) {
	return ledger.DirectoryUser{}, fmt.Errorf("reading: %w (sql: 10.1.2.3 refused)", custody.ErrUnavailable)
}

// The database's own words are for the log.
func TestALostLedgerIsNotTold(t *testing.T) {
	d := newDirectory(t)
	d.server.Ledger = away{d.l}
	status, said := d.ask("PATCH", "/Users/ada", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":false}]}`)
	if status != 500 || strings.Contains(fmt.Sprint(said), "10.1.2.3") || !strings.Contains(fmt.Sprint(said["detail"]), "Try again") {
		t.Errorf("%d %v", status, said)
	}
}

func FuzzPatch(f *testing.F) {
	for _, operations := range []string{
		`{"op":"Replace","path":"active","value":"False"}`, `{"op":"replace","value":{"active":false,"name.familyName":"x"}}`,
		`{"op":"remove","path":"members[value eq \"x\"]"}`, `{"op":"add","path":"emails[type eq \"work\"].value","value":"x"}`,
		`{"op":"replace","path":"name","value":{"givenName":"a","familyName":"b"}}`, `{"op":"remove","path":"members","value":[{"value":"ada"}]}`, `{"op":"add","value":null}`,
	} {
		f.Add("/Users/ada", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`+operations+`]}`)
		f.Add("/Groups/group-1", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`+operations+`]}`)
	}
	d := newDirectory(f)
	d.want(201, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Nurses","members":[{"value":"ada"}]}`)
	f.Fuzz(func(t *testing.T, path, body string) {
		if path != "/Users/ada" && path != "/Groups/group-1" {
			path = "/Users/ada"
		}
		d.t = t
		clear(d.counts)
		status, said := d.ask("PATCH", path, body)
		switch status {
		case 200, 204, 400, 404, 409, 413:
		default:
			t.Errorf("%d %v for %q", status, said, body)
		}
		if ada := d.person("ada"); ada.Gone || strings.TrimSpace(ada.UserName) == "" || ada.Name == "" || ada.PIN != "$pin" {
			t.Errorf("%+v after %q", ada, body)
		}
	})
}
