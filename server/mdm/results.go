package mdm

import (
	"net/http"

	nanohttp "github.com/micromdm/nanomdm/http/mdm"
	"github.com/micromdm/nanomdm/mdm"

	"github.com/padwarden/padwarden/server/mdm/plistguard"
)

// plainly answers the connects that bring nothing but strings, an Idle or a
// command done, which are nearly all: they are read without NanoMDM's decoder,
// whose reflection costs as much as a signature. Every other goes on to it.
func (g *gate) plainly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := visitOf(r.Context())
		m := results(v.flat)
		if m == nil || isCheckin(r) {
			next.ServeHTTP(w, r)
			return
		}
		m.Raw = v.body
		cmd, err := g.CommandAndReportResults(nanohttp.RequestFromHTTP(r), m)
		if err != nil {
			status := statusOf(err)
			g.e.Logger.Info("a connect failed", "device", v.device, "http_status", status, "err", err)
			http.Error(w, http.StatusText(status), status)
			return
		}
		if cmd != nil {
			_, _ = w.Write(cmd.Raw)
		}
	})
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
