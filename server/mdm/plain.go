package mdm

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/micromdm/nanomdm/mdm"

	"github.com/padwarden/padwarden/server/mdm/plistguard"
)

// serveMDM answers a device's message: nearly all are an Idle or a command done,
// which go the short way.
func (e *Engine) serveMDM(c *fiber.Ctx) error {
	if e.plainly(c) {
		return nil
	}
	return e.long(c)
}

// plainly answers a connect that is nothing but strings, under a signature. It
// passes the same checks as on the long way, in the same order: places, guard,
// signature, authority, gate. What it saves is net/http's and NanoMDM's copies of
// the request, and a decoder whose reflection costs as much as the signature. It
// answers whatever the gate or those behind it say; what does not come so far is
// left to the long way, which says why.
func (e *Engine) plainly(c *fiber.Ctx) (answered bool) {
	// Nothing of the request outlives its handling: Flat and the conversion copy.
	req := c.Request()
	header, body := string(req.Header.Peek("Mdm-Signature")), req.Body()
	if header == "" || len(body) > e.Limits.Bytes || strings.HasPrefix(string(req.Header.ContentType()), checkinType) {
		return false
	}
	flat, _ := plistguard.Flat(body)
	m := results(flat)
	if m == nil {
		return false
	}
	v := &visit{stage: "request", flat: flat}
	ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), visitKey{}, v), e.Timeout)
	defer cancel()
	free := take(ctx, e.slots, e.Wait)
	if free == nil {
		v.reason = "busy"
		return e.refuse(c, v, http.StatusServiceUnavailable)
	}
	defer free()
	defer func() {
		if p := recover(); p != nil {
			e.panicked(v, p)
			answered = e.refuse(c, v, http.StatusServiceUnavailable)
		}
	}()
	if plistguard.Check(body, e.Limits) != nil {
		return false
	}
	cert, err := e.signatures.VerifyMdmSignature(header, body)
	if err != nil || e.CA.Verify(ctx, cert) != nil {
		return false
	}
	cmd, err := e.gate.CommandAndReportResults(mdm.NewRequestWithContext(ctx, cert), m)
	if err != nil {
		status := statusOf(err)
		e.Logger.Info("a connect failed", "device", v.device, "http_status", status, "err", err)
		return e.refuse(c, v, status)
	}
	if cmd != nil {
		c.Set(fiber.HeaderContentType, "text/xml; charset=utf-8")
		c.Response().SetBody(cmd.Raw)
	}
	return true
}

// refuse counts a message that failed, and answers it.
func (e *Engine) refuse(c *fiber.Ctx, v *visit, status int) bool {
	e.Count(CountRefused, v.why())
	c.Status(status).Response().SetBodyString(http.StatusText(status) + "\n")
	return true
}

func (e *Engine) panicked(v *visit, p any) {
	e.Logger.Error("a message made the server panic", "stage", v.stage, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	v.reason = "panic"
}

// results is a connect as NanoMDM's decoder would read it from its strings; nil
// where that has to judge.
func results(flat []plistguard.Pair) *mdm.CommandResults {
	m := &mdm.CommandResults{}
	for _, p := range flat {
		switch p.Key {
		case "UDID":
			m.UDID = p.Value
		case "UserID":
			m.UserID = p.Value
		case "UserShortName":
			m.UserShortName = p.Value
		case "UserLongName":
			m.UserLongName = p.Value
		case "EnrollmentID":
			m.EnrollmentID = p.Value
		case "EnrollmentUserID":
			m.EnrollmentUserID = p.Value
		case "CommandUUID":
			m.CommandUUID = p.Value
		case "Status":
			m.Status = p.Value
		case "ErrorChain": // Apple describes a list
			return nil
		}
	}
	if m.Status == "" {
		return nil
	}
	return m
}

// dictionary reads a report whole.
func dictionary(v *visit, raw []byte) (doc map[string]any, err error) {
	if v.flat == nil {
		return doc, decode(raw, &doc)
	}
	doc = make(map[string]any, len(v.flat))
	for _, p := range v.flat {
		doc[p.Key] = p.Value
	}
	return doc, nil
}
