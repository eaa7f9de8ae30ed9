package sim

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/smallstep/pkcs7"
)

func TestEnrolFromTheBox(t *testing.T) {
	w := newWorld(t, quick)
	d := w.fleet.Add(Options{Serial: "S1", UDID: "U1"})
	d.Assign(w.server.http.URL + "/enroll")
	auth := w.server.awaitSeen("Authenticate", 1)[0]
	if auth.str("SerialNumber") != "S1" || auth.str("UDID") != "U1" || auth.str("Topic") != testTopic || auth.str("OSVersion") == "" {
		t.Fatalf("Authenticate lacks something: %v", auth)
	}
	token := w.server.awaitSeen("TokenUpdate", 1)[0]
	if !token.bool("AwaitingConfiguration") || len(token.data("Token")) != 32 || token.str("PushMagic") == "" || len(token.data("UnlockToken")) == 0 {
		t.Fatalf("TokenUpdate lacks something: %v", token)
	}
	w.server.awaitSeen("Idle", 1) // by itself, because it awaits configuration
	eventually(t, "the enrolment", func() bool { return d.Truth().Enrolled })
	if x := d.Truth(); !x.Awaiting || x.Certificate == "" || strings.Join(x.Profiles, " ") != "enrolment" {
		t.Fatalf("truth after the enrolment: %+v", x)
	}
	w.server.do("", "DeviceConfigured", nil)
	if d.Truth().Awaiting {
		t.Fatal("still awaiting after DeviceConfigured")
	}
	if got := w.server.ca.subjects; len(got) != 1 || !strings.Contains(got[0], "CN=SERIAL") || !strings.Contains(got[0], "O=Ward") {
		t.Fatalf("subjects %v", got)
	}
}

func TestEnrolByHandDoesNotAwait(t *testing.T) {
	w := newWorld(t, quick)
	d := w.fleet.Add(Options{})
	d.EnrolByHand(w.server.http.URL + "/enroll")
	if w.server.awaitSeen("TokenUpdate", 1)[0].bool("AwaitingConfiguration") {
		t.Fatal("a user's enrolment awaits configuration")
	}
	eventually(t, "the enrolment", func() bool { return d.Truth().Enrolled })
	w.settle()
	if n := len(w.server.seen("Idle")); n != 0 {
		t.Fatalf("it connected %d times without a push", n)
	}
}

func TestEnrolTriesAgain(t *testing.T) {
	w := newWorld(t, quick)
	fails := map[string]int{"/enroll": 1, "/scep": 2, "/mdm": 3}
	w.server.fail(func(r *http.Request) int {
		if fails[r.URL.Path] > 0 {
			fails[r.URL.Path]--
			return http.StatusServiceUnavailable
		}
		return 0
	})
	d := w.fleet.Add(Options{Ethernet: true})
	d.Assign(w.server.http.URL + "/enroll")
	eventually(t, "the enrolment", func() bool { return d.Truth().Enrolled })
	if n := len(w.server.seen("Authenticate")); n != 1 {
		t.Fatalf("%d × Authenticate: a step that succeeded was repeated", n)
	}
}

func TestEnrolRefused(t *testing.T) {
	cases := map[string]struct {
		profile func(s *mdmServer) []byte
		spoil   func(*scepAuthority)
		kind    Kind
		want    string
	}{
		"no MDM payload": {profile: func(s *mdmServer) []byte { return mobileconfig(s.t, "x") }, want: "no com.apple.mdm"},
		"no profile":     {profile: func(*mdmServer) []byte { return []byte("<html></html>") }, want: "not usable"},
		"topic":          {profile: func(s *mdmServer) []byte { return s.usualEnrolment("challenge", dict{"Topic": "com.example"}) }, want: "Topic"},
		"identity": {profile: func(s *mdmServer) []byte {
			return s.usualEnrolment("challenge", dict{"IdentityCertificateUUID": "other"})
		}, want: "IdentityCertificateUUID"},
		"rights":    {profile: func(s *mdmServer) []byte { return s.usualEnrolment("challenge", dict{"AccessRights": 0}) }, want: "AccessRights"},
		"challenge": {profile: func(s *mdmServer) []byte { return s.usualEnrolment("wrong", nil) }, want: "refused"},
		"Shared without user channels": {kind: Shared, profile: func(s *mdmServer) []byte {
			return s.usualEnrolment("challenge", dict{"ServerCapabilities": []any{}})
		}, want: perUserCapacity},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, quick)
			w.server.profile = func(string) []byte { return c.profile(w.server) }
			d := w.fleet.Add(Options{Kind: c.kind})
			d.Assign(w.server.http.URL + "/enroll")
			eventually(t, "a refusal", func() bool { return d.Truth().EnrolError != "" })
			if got := d.Truth(); got.Enrolled || !strings.Contains(got.EnrolError, c.want) {
				t.Fatalf("enrolled %t, error %q, want %q", got.Enrolled, got.EnrolError, c.want)
			}
		})
	}
}

// A CertRep that does not answer the device's own request is not believed.
func TestSCEPAnswerMustBeOurs(t *testing.T) {
	set := func(i int, v any) func(*pkcs7.SignerInfoConfig) {
		return func(c *pkcs7.SignerInfoConfig) { c.ExtraSignedAttributes[i].Value = v }
	}
	for name, spoil := range map[string]func(*pkcs7.SignerInfoConfig){
		"type": set(0, "19"), "transaction": set(1, "other"), "nonce": set(2, []byte("other")),
	} {
		t.Run(name, func(t *testing.T) {
			a := newSCEPAuthority(t)
			req := newTestRequest(t, a)
			a.spoil = spoil
			answer, err := a.operate(req.der)
			must(t, err)
			if _, err := req.certificate(answer, []*x509.Certificate{a.self.cert}); err == nil {
				t.Fatal("the answer was believed")
			}
		})
	}
	a := newSCEPAuthority(t)
	req := newTestRequest(t, a)
	answer, err := a.operate(req.der)
	must(t, err)
	if _, err := req.certificate(answer, []*x509.Certificate{a.self.cert}); err != nil {
		t.Fatalf("the right answer was not believed: %v", err)
	}
	if _, err := req.certificate(answer, []*x509.Certificate{req.self.cert}); err == nil {
		t.Fatal("an answer that another authority signed was believed")
	}
}

func newTestRequest(t *testing.T, a *scepAuthority) *pkcsReq {
	keys, err := testKeys()
	must(t, err)
	key, err := keys.Key(t.Context())
	must(t, err)
	self, err := selfSigned(key, "S")
	must(t, err)
	csr, err := newCSR(key, pkix.Name{CommonName: "S"}, "challenge")
	must(t, err)
	req, err := newPKCSReq(csr, self, a.self.cert)
	must(t, err)
	return req
}

func TestSCEPByGetAndFingerprint(t *testing.T) {
	w := newWorld(t, quick)
	w.server.ca.caps = "Renewal"
	d := w.fleet.Add(Options{})
	d.Assign(w.server.http.URL + "/enroll")
	eventually(t, "the enrolment", func() bool { return d.Truth().Enrolled })
	if got := strings.Join(w.server.ca.methods, " "); got != "GET" {
		t.Fatalf("PKIOperation came by %s though POST was not offered", got)
	}
	c := scepClient{http: http.DefaultClient, url: w.server.http.URL + "/scep", fingerprint: []byte("wrong")}
	if _, _, err := c.authority(t.Context()); err == nil {
		t.Fatal("an authority with another fingerprint was taken")
	}
}

func TestRemoveManagementChecksOut(t *testing.T) {
	w := newWorld(t, quick)
	d := w.device(Options{})
	must(t, d.Plant(Canary{"A", 1}))
	d.RemoveManagement()
	w.server.awaitSeen("CheckOut", 1)
	if x := d.Truth(); x.Enrolled || len(x.Profiles) != 0 || len(x.Canaries) != 1 {
		t.Fatalf("after the removal: %+v", x)
	}
	if status, _ := w.server.nudge(""); status != http.StatusGone {
		t.Fatalf("a push to the old token: %d", status)
	}
}

// The simulator may not share the server's mistakes.
func TestImportsNothingOfOurs(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	must(t, err)
	for dep := range strings.FieldsSeq(string(out)) {
		if strings.HasPrefix(dep, "github.com/padwarden/") && dep != "github.com/padwarden/padwarden/server/sim" {
			t.Errorf("sim depends on %s", dep)
		}
	}
}
