package mdm_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// A connect of nothing but strings goes a shorter way. A comment in it makes it
// go the long one: both have the same answer, counted under the same reason.
func TestTheShortWayAnswersAsTheLong(t *testing.T) {
	s := serve(t, custody.ReturnToService, "S1", "S2")
	p, other := s.ipad("S1").enrol(1, 1), s.ipad("S2").enrol(1, 1)
	unknown := s.ipad("S1")
	unknown.cert = selfSigned(unknown.key)
	unauthenticated := s.ipad("S2").identify(1, 2)
	s.steward.set(func(e *ear) {
		e.next = func(r plan.Report) *plan.Command {
			if r.Command == "more" {
				return &plan.Command{UUID: "u", Body: []byte("<?xml ?><command/>")}
			}
			return nil
		}
	})
	idle, done := pair("Status", "Idle"), pair("Status", "Acknowledged")+pair("CommandUUID", "more")
	for name, c := range map[string]struct {
		by     *ipad
		udid   string
		inside string
		prep   func()
	}{
		"idle":                   {by: p, inside: idle},
		"with a command":         {by: p, inside: done},
		"not now":                {by: p, inside: pair("Status", "NotNow") + pair("CommandUUID", "x")},
		"no status":              {by: p, inside: pair("CommandUUID", "x")},
		"no device":              {by: p, udid: "-", inside: idle},
		"another's device":       {by: p, udid: other.udid, inside: idle},
		"an unknown certificate": {by: unknown, inside: idle},
		"before Authenticate":    {by: unauthenticated, inside: idle},
		"an endless status":      {by: p, inside: pair("Status", strings.Repeat("x", 200))},
		"a user of no such kind": {by: p, inside: idle + pair("UserID", "someone")},
	} {
		udid := c.by.udid
		if c.udid != "" {
			udid = c.udid
		}
		who := pair("UDID", udid)
		if udid == "-" {
			who = ""
		}
		before := s.allCounts()
		status, answer := c.by.raw(connectType, document("<dict>"+who+c.inside+"</dict>"))
		short := s.since(before)
		before = s.allCounts()
		again, same := c.by.raw(connectType, document("<dict><!-- -->"+who+c.inside+"</dict>"))
		if long := s.since(before); status != again || !bytes.Equal(answer, same) || short != long {
			t.Errorf("%s: %d %q %s, the long way %d %q %s", name, status, answer, short, again, same, long)
		}
	}
	altered := p.sign(document("<dict>" + pair("UDID", p.udid) + idle + "</dict>"))
	if status, _ := s.do(http.MethodPut, "/mdm", http.Header{"Content-Type": {connectType}, "Mdm-Signature": {altered}},
		document("<dict>"+pair("UDID", other.udid)+idle+"</dict>")); status != http.StatusBadRequest {
		t.Errorf("under the signature of something else: %d", status)
	}
}
