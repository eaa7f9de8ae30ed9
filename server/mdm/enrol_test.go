package mdm_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/groob/plist"
	"github.com/smallstep/pkcs7"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/mdm/ca"
)

func TestEnrolment(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	p := s.ipad("S1").enrol(3, 41)

	hash := ca.Hash(p.cert)
	rec := s.store.certs[hash]
	if rec.Device != "S1" || rec.Epoch != 3 || rec.Run != 41 || rec.UDID != p.udid || rec.Expires != p.cert.NotAfter {
		t.Errorf("certificate record %+v", rec)
	}
	if p.cert.Subject.CommonName != "S1" || p.cert.ExtKeyUsage[0] != x509.ExtKeyUsageClientAuth {
		t.Errorf("certificate %v", p.cert.Subject)
	}
	a := s.store.authed[0]
	if a.Device != "S1" || a.UDID != p.udid || a.Hash != hash || a.Model != "iPad13,18" || a.OSVersion != "18.1" || a.Topic != topic {
		t.Errorf("Authenticate record %+v", a)
	}
	push := s.store.pushes["S1|"]
	if !bytes.Equal(push.Token, []byte{0, 1, 2, 3}) || push.Magic != "magic" || push.Topic != topic || string(s.store.unlock["S1"]) != "secret" {
		t.Errorf("push record %+v, unlock token %q", push, s.store.unlock["S1"])
	}
	events, _ := s.steward.heard()
	if len(events) != 2 || events[0] != (custody.Authenticated{Enrolment: hash}) || events[1] != (custody.TokenUpdated{Enrolment: hash, Awaiting: true}) {
		t.Errorf("the steward heard %+v", events)
	}
}

func TestEnrolmentLinkIsForOneProfile(t *testing.T) {
	s := serve(t, custody.SharedIPad, "S1")
	link, err := s.engine.EnrolmentLink("S1")
	if err != nil {
		t.Fatal(err)
	}
	path := strings.TrimPrefix(link, s.url)
	if status, _ := s.do(http.MethodHead, path, nil, nil); status == http.StatusOK {
		t.Error("a HEAD is answered as if it were the device")
	}
	status, body := s.do(http.MethodGet, path, nil, nil)
	if status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	var profile struct {
		PayloadContent []struct {
			PayloadType    string
			PayloadContent struct{ Challenge, URL string }
			ServerURL      string
		}
	}
	if err := plist.NewXMLDecoder(bytes.NewReader(body)).Decode(&profile); err != nil {
		t.Fatal(err)
	}
	scep, mdmPayload := profile.PayloadContent[0], profile.PayloadContent[1]
	if scep.PayloadType != "com.apple.security.scep" || scep.PayloadContent.URL != s.url+"/scep" || mdmPayload.ServerURL != s.url+"/mdm" {
		t.Errorf("profile %+v", profile)
	}
	p := s.ipad("S1")
	if p.cert = p.request("S1", scep.PayloadContent.Challenge, nil); p.cert == nil {
		t.Fatal("its challenge got no certificate")
	}
	if rec := s.store.certs[ca.Hash(p.cert)]; rec.Epoch != 0 || rec.Run != 0 {
		t.Errorf("a first enrolment's certificate answers a wipe: %+v", rec)
	}
	if status, _ := s.do(http.MethodGet, path, nil, nil); status != http.StatusGone || s.counted("enroll_refused spent") != 1 {
		t.Errorf("second use: %d", status)
	}
	forged := path[:len(path)-2]
	if status, _ := s.do(http.MethodGet, forged, nil, nil); status != http.StatusForbidden || s.counted("enroll_refused forged") != 1 {
		t.Errorf("forged: %d", status)
	}
	stranger, _ := s.engine.EnrolmentLink("S9")
	if status, _ := s.do(http.MethodGet, strings.TrimPrefix(stranger, s.url), nil, nil); status != http.StatusForbidden {
		t.Errorf("a device not on the list: %d", status)
	}
	again, _ := s.engine.EnrolmentLink("S1")
	s.store.setDown(true)
	if status, _ := s.do(http.MethodGet, strings.TrimPrefix(again, s.url), nil, nil); status != http.StatusServiceUnavailable {
		t.Errorf("store down: %d", status)
	}
	s.store.setDown(false)
	if status, _ := s.do(http.MethodGet, strings.TrimPrefix(again, s.url), nil, nil); status != http.StatusOK {
		t.Errorf("a link that failed cannot be tried again: %d", status)
	}
}

func TestCertificatesAreRefused(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1", "S2")
	one, two := s.ipad("S1").enrol(1, 1), s.ipad("S2")
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		reason string
		try    func() *x509.Certificate
	}{
		{"challenge_spent", func() *x509.Certificate {
			return s.ipad("S1").request("S1", s.keys.Challenge("S1", 1, 1), nil) // another key
		}},
		{"challenge_of_another", func() *x509.Certificate { return two.request("S2", s.keys.Challenge("S1", 1, 2), nil) }},
		{"challenge", func() *x509.Certificate { return two.request("S2", "guess", nil) }},
		{"challenge", func() *x509.Certificate { return two.request("S2", "", nil) }},
		{"challenge", func() *x509.Certificate { return two.request("S2", s.keys.KioskSecret("S2", 1, 2), nil) }},
		{"not_allow_listed", func() *x509.Certificate { return two.request("S9", s.keys.Challenge("S9", 1, 2), nil) }},
		{"csr_key", func() *x509.Certificate {
			weak := &ipad{s: s, serial: "S2", key: small}
			return weak.request("S2", s.keys.Challenge("S2", 1, 3), nil)
		}},
		{"renewal_of_another", func() *x509.Certificate { return one.request("S2", s.keys.Challenge("S2", 1, 4), one.cert) }},
	} {
		before, issued := s.counted("scep_refused "+c.reason), len(s.store.certs)
		if c.try() != nil {
			t.Errorf("%s: a certificate was issued", c.reason)
		}
		if s.counted("scep_refused "+c.reason) != before+1 || len(s.store.certs) != issued {
			t.Errorf("%s: not counted, or recorded: %v", c.reason, s.counts)
		}
	}
}

func TestNoCertificateLeavesUnrecorded(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	p := s.ipad("S1")
	s.store.readOnly = true
	msg, _ := p.scepMessage("S1", s.keys.Challenge("S1", 1, 1), nil)
	if status, _ := s.do(http.MethodPost, "/scep?operation=PKIOperation", nil, msg.Raw); status != http.StatusServiceUnavailable {
		t.Fatalf("store down: %d", status)
	}
	s.store.readOnly = false
	p.identify(1, 1) // and the challenge is good still
}

func TestRenewal(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	p := s.ipad("S1").enrol(1, 1)
	first := p.cert
	for n := range 2 {
		fresh := p.request("S1", "", p.cert)
		if fresh == nil {
			t.Fatalf("renewal %d was refused: %v", n, s.counts)
		}
		p.cert = fresh
		if status, _ := p.idle(); status != http.StatusOK {
			t.Fatalf("a connect under renewal %d: %d, %v", n, status, s.counts)
		}
	}
	_, reports := s.steward.heard()
	for _, r := range reports {
		if r.Enrolment != ca.Hash(first) {
			t.Errorf("a renewed certificate shows enrolment %s, not the one it renews", r.Enrolment)
		}
	}
	told := len(s.store.authed)
	if status, _ := p.authenticate(); status != http.StatusOK {
		t.Errorf("Authenticate under a renewed certificate: %d, %v", status, s.counts)
	}
	events, _ := s.steward.heard()
	if last := events[len(events)-1]; last != (custody.Authenticated{Enrolment: ca.Hash(first)}) || len(s.store.authed) != told {
		t.Errorf("a renewed certificate began an enrolment: %#v", last)
	}
}

// A key that outlives its enrolment must not live on by renewing at the last moment.
func TestRenewalFallsWithItsEnrolment(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	old := s.ipad("S1").enrol(1, 1)
	fresh := s.ipad("S1").identify(2, 9)
	late := *old
	if late.cert = old.request("S1", "", old.cert); late.cert == nil {
		t.Fatal("renewal before the new enrolment was refused")
	}
	if status, _ := fresh.authenticate(); status != http.StatusOK {
		t.Fatalf("the new enrolment: %d", status)
	}
	if status, _ := late.idle(); status != http.StatusForbidden {
		t.Errorf("the old key goes on under its renewal: %d", status)
	}
	if again := late.request("S1", "", late.cert); again != nil {
		t.Error("and renews again")
	}
}

func TestSCEPBasics(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	if status, b := s.do(http.MethodGet, "/scep?operation=GetCACaps", nil, nil); status != 200 || string(b) != ca.Capabilities {
		t.Errorf("GetCACaps: %d %q", status, b)
	}
	if status, b := s.do(http.MethodGet, "/scep?operation=GetCACert", nil, nil); status != 200 || !bytes.Equal(b, s.ca.Certificate().Raw) {
		t.Errorf("GetCACert: %d", status)
	}
	p := s.ipad("S1")
	msg, _ := p.scepMessage("S1", s.keys.Challenge("S1", 1, 1), nil)
	q := url.Values{"operation": {"PKIOperation"}, "message": {base64.StdEncoding.EncodeToString(msg.Raw)}}
	if status, _ := s.do(http.MethodGet, "/scep?"+q.Encode(), nil, nil); status != 200 || len(s.store.certs) != 1 {
		t.Errorf("PKIOperation by GET: %d", status)
	}
}

// envelope makes a SCEP message around content that spoil has had its way with.
func envelope(t *testing.T, s *server, key crypto.Signer, spoil func([]byte) []byte) []byte {
	t.Helper()
	sealed, err := pkcs7.Encrypt(bytes.Repeat([]byte("A"), 64), []*x509.Certificate{s.ca.Certificate()})
	if err != nil {
		t.Fatal(err)
	}
	sd, err := pkcs7.NewSignedData(spoil(sealed))
	if err != nil {
		t.Fatal(err)
	}
	attr := func(n int, v any) pkcs7.Attribute {
		return pkcs7.Attribute{Type: asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, n}, Value: v}
	}
	err = sd.AddSigner(selfSigned(key), key, pkcs7.SignerInfoConfig{ExtraSignedAttributes: []pkcs7.Attribute{
		attr(7, "tid"), attr(2, "19"), attr(5, []byte("0123456789abcdef"))}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := sd.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The protocol library panics on some of these; fasthttp would let that end the process.
func TestHostileSCEP(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	p := s.ipad("S1")
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	whole, _ := p.scepMessage("S1", "x", nil)
	for name, body := range map[string][]byte{
		"empty": {}, "junk": []byte("junk"), "truncated": whole.Raw[:len(whole.Raw)/2], "plist": document("<dict/>"),
		"half a block":                    envelope(t, s, p.key, func(b []byte) []byte { return cutCiphertext(t, b, 3) }),
		"wrong padding":                   envelope(t, s, p.key, func(b []byte) []byte { b[len(b)-1] ^= 0x55; return b }),
		"answer that cannot be encrypted": envelope(t, s, ec, func(b []byte) []byte { return b }),
		"nested BER":                      bytes.Repeat([]byte{0x30, 0x80}, 16<<10),
		"nested and ended":                append(bytes.Repeat([]byte{0x30, 0x80}, 8<<10), make([]byte, 16<<10)...),
	} {
		if status, _ := s.do(http.MethodPost, "/scep?operation=PKIOperation", nil, body); status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, status)
		}
	}
	if status, _ := s.do(http.MethodPost, "/scep?operation=PKIOperation", nil, make([]byte, 64<<10)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: %d", status)
	}
	for _, q := range []string{"", "?operation=GetNextCACert", "?operation=PKIOperation&message=%25%25"} {
		if status, _ := s.do(http.MethodGet, "/scep"+q, nil, nil); status != http.StatusBadRequest {
			t.Errorf("%q: %d", q, status)
		}
	}
}

// cutCiphertext takes n bytes off the ciphertext at the end of an EnvelopedData.
func cutCiphertext(t *testing.T, der []byte, n int) []byte {
	t.Helper()
	type content struct {
		Type      asn1.ObjectIdentifier
		Algorithm pkix.AlgorithmIdentifier
		Encrypted asn1.RawValue `asn1:"tag:0,optional"`
	}
	type enveloped struct {
		Version    int
		Recipients []asn1.RawValue `asn1:"set"`
		Content    content
	}
	var outer struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"explicit,optional,tag:0"`
	}
	var e enveloped
	if _, err := asn1.Unmarshal(der, &outer); err != nil {
		t.Fatal(err)
	}
	if _, err := asn1.Unmarshal(outer.Content.Bytes, &e); err != nil {
		t.Fatal(err)
	}
	text := e.Content.Encrypted.Bytes
	e.Content.Encrypted = asn1.RawValue{Class: 2, Tag: 0, IsCompound: e.Content.Encrypted.IsCompound, Bytes: text[:len(text)-n]}
	inner, err := asn1.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	outer.Content = asn1.RawValue{Class: 2, Tag: 0, IsCompound: true, Bytes: inner}
	out, err := asn1.Marshal(outer)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
