package mdm_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"testing"

	nanohttp "github.com/micromdm/nanomdm/http/mdm"
	"github.com/micromdm/nanomdm/mdm"
	"github.com/micromdm/nanomdm/service/certauth"
	"github.com/micromdm/nanomdm/service/nanomdm"
	"github.com/micromdm/nanomdm/storage/inmem"

	nanolog "github.com/micromdm/nanolib/log"
	"github.com/micromdm/nanomdm/cryptoutil"

	"github.com/padwarden/padwarden/server/custody"
)

// BenchmarkIdleConnect compares an idle connect through this package, behind
// fiber with a fake steward and store, with NanoMDM's own handler over its
// in-memory storage behind net/http. Both verify the same RSA-2048 signature,
// made ahead; neither is durable.
func BenchmarkIdleConnect(b *testing.B) {
	s := serve(b, custody.ReturnToService, "S1")
	p := s.ipad("S1").enrol(1, 1)
	body := document("<dict>" + pair("UDID", p.udid) + pair("Status", "Idle") + "</dict>")
	signature := p.sign(body)

	b.Run("padwarden", func(b *testing.B) { connects(b, s.url+"/mdm", signature, body) })
	b.Run("nanomdm-inmem", func(b *testing.B) {
		log := nanolog.NopLogger
		store := inmem.New()
		var h http.Handler = nanohttp.CheckinAndCommandHandler(certauth.New(nanomdm.New(store), store), log)
		h = nanohttp.CertVerifyMiddleware(h, s.ca, log)
		h = nanohttp.CertExtractMdmSignatureMiddleware(h, nanohttp.MdmSignatureVerifierFunc(cryptoutil.VerifyMdmSignature))
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		srv := &http.Server{Handler: h}
		go func() { _ = srv.Serve(ln) }()
		defer srv.Close()
		enrolBare(b, store, p)
		connects(b, "http://"+ln.Addr().String(), signature, body)
	})
}

// enrolBare makes p known to a bare NanoMDM.
func enrolBare(b *testing.B, store *inmem.InMem, p *ipad) {
	b.Helper()
	svc := certauth.New(nanomdm.New(store), store)
	enrolment := mdm.Enrollment{UDID: p.udid}
	r := mdm.NewRequestWithContext(context.Background(), p.cert)
	err := svc.Authenticate(r, &mdm.Authenticate{Enrollment: enrolment, MessageType: mdm.MessageType{MessageType: "Authenticate"}, Topic: topic, Raw: []byte("x")})
	if err == nil {
		err = svc.TokenUpdate(r, &mdm.TokenUpdate{Enrollment: enrolment, MessageType: mdm.MessageType{MessageType: "TokenUpdate"},
			Push: mdm.Push{Topic: topic, Token: []byte{1}, PushMagic: "m"}, Raw: []byte("x")})
	}
	if err != nil {
		b.Fatal(err)
	}
}

func connects(b *testing.B, url, signature string, body []byte) {
	b.Helper()
	b.ReportAllocs()
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			req, _ := http.NewRequest(http.MethodPut, url, bytes.NewReader(body))
			req.Header.Set("Content-Type", connectType)
			req.Header.Set("Mdm-Signature", signature)
			resp, err := client.Do(req)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				b.Errorf("status %d", resp.StatusCode)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "connects/s")
}
