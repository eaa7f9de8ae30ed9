package mdm_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
)

// bombs kill a bare plist decoder, or are of no use to one.
func bombs() map[string][]byte {
	trailer := func(table byte) []byte {
		t := make([]byte, 32)
		t[6], t[7], t[15], t[31] = 1, 1, 1, table
		return append([]byte{8}, t...)
	}
	return map[string][]byte{
		"self-referencing binary": append([]byte("bplist00\xa1\x00"), trailer(10)...),
		"giant-allocation binary": append([]byte("bplist00\x5f\x13\x00\x00\x00\x00\x7f\xff\xff\xff"), trailer(18)...),
		"after a byte order mark": append([]byte("\xef\xbb\xbfbplist00\xa1\x00"), trailer(13)...),
		"billion laughs": []byte(`<!DOCTYPE plist [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>` +
			`<plist><dict><key>Status</key><string>&c;</string></dict></plist>`),
		"nested arrays": append([]byte("<plist>"), bytes.Repeat([]byte("<array>"), 30_000)...),
		"truncated":     document("<dict>" + pair("Status", "Idle"))[:200],
		"empty":         {},
		"JSON":          []byte(`{"Status":"Idle"}`),
	}
}

func TestPlistBombs(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	p := s.ipad("S1").enrol(1, 1)
	for name, b := range bombs() {
		for _, kind := range []string{checkinType, connectType, "", "text/plain"} {
			if status, _ := p.raw(kind, b); status != http.StatusBadRequest {
				t.Errorf("%s as %q from an enrolled device: %d", name, kind, status)
			}
			if status, _ := s.do(http.MethodPut, "/mdm", http.Header{"Content-Type": {kind}}, b); status != http.StatusBadRequest {
				t.Errorf("%s as %q from anybody: %d", name, kind, status)
			}
		}
		s.do(http.MethodPost, "/scep?operation=PKIOperation", nil, b)
		s.do(http.MethodPost, "/enroll/x", nil, b)
	}
	if s.counted("mdm_refused guard_binary") == 0 || s.counted("mdm_refused guard_doctype") == 0 {
		t.Errorf("counts %v", s.counts)
	}
	if status, _ := p.idle(); status != http.StatusOK {
		t.Errorf("and then a connect: %d", status)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	p := s.ipad("S1").enrol(1, 1)
	big := pair("Status", "Idle") + pair("Padding", strings.Repeat("x", 300<<10))
	s.refused("300 KiB", http.StatusRequestEntityTooLarge, "too_large", func() (int, []byte) { return p.send(connectType, big) })
	if status, _ := p.send(connectType, pair("Status", "Idle")+pair("Padding", strings.Repeat("x", 200<<10))); status != http.StatusOK {
		t.Errorf("200 KiB: %d", status)
	}
}

// Signatures that bury the signer or the parser.
func TestHostileSignatures(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1")
	body := document("<dict>" + pair("UDID", "U") + pair("Status", "Idle") + "</dict>")
	for name, sig := range map[string]string{
		"nested BER": strings.Repeat("MIAw", 6000), // 30 80 30
		"zeros":      strings.Repeat("AAAA", 6000),
	} {
		s.refused(name, http.StatusBadRequest, "signature", func() (int, []byte) {
			return s.do(http.MethodPut, "/mdm", http.Header{"Content-Type": {connectType}, "Mdm-Signature": {sig}}, body)
		})
	}
}

func TestAPanicCostsOneAnswer(t *testing.T) { drivers(t, testAPanicCostsOneAnswer) }

func testAPanicCostsOneAnswer(t *testing.T, serve opener) {
	s := serve(t, custody.ReturnToService, "S1")
	p := s.ipad("S1").enrol(1, 1)
	s.steward.set(func(e *ear) { e.panics = true })
	if status, _ := p.idle(); status != http.StatusServiceUnavailable {
		t.Errorf("status %d", status)
	}
	s.steward.set(func(e *ear) { e.panics = false })
	if status, _ := p.idle(); status != http.StatusOK || s.counted("mdm_refused panic") != 1 {
		t.Errorf("and then a connect: %d", status)
	}
}
