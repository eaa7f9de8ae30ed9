package demo

import (
	"context"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/padwarden/padwarden/server/app"
	"github.com/padwarden/padwarden/server/mdm"
)

// nanomdm says where the hospital's own NanoMDM server will answer: a free port
// of this machine.
func (h *Hospital) nanomdm() (app.NanoMDM, error) {
	if h.o.NanoMDM == "" {
		return app.NanoMDM{}, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return app.NanoMDM{}, fmt.Errorf("looking for a free port: %w", err)
	}
	return app.NanoMDM{URL: "http://" + l.Addr().String(), APIKey: rand.Text(), WebhookKey: rand.Text()}, l.Close()
}

// startNanoMDM starts the stock server with our authority, its webhook to us
// and its queue in memory, and returns when it answers. It ends with ctx.
func (h *Hospital) startNanoMDM(ctx context.Context, n app.NanoMDM) error {
	if n.URL == "" {
		return nil
	}
	roots := filepath.Join(h.o.Data, "nanomdm-ca.pem")
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.App.Engine.CA.Certificate().Raw})
	if err := os.WriteFile(roots, authority, 0o600); err != nil {
		return fmt.Errorf("writing the authority for NanoMDM: %w", err)
	}
	server := exec.CommandContext(ctx, h.o.NanoMDM, "-listen", n.URL[len("http://"):], "-ca", roots, "-storage", "inmem", "-storage-dsn", "none")
	server.Env = append(os.Environ(), "NANOMDM_API="+n.APIKey, "NANOMDM_WEBHOOK_URL="+h.App.URL+mdm.WebhookPath, "NANOMDM_WEBHOOK_HMAC_KEY="+n.WebhookKey)
	if err := server.Start(); err != nil {
		return fmt.Errorf("starting NanoMDM: %w", err)
	}
	h.running.Go(func() { _ = server.Wait() })
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		answer, err := http.Get(n.URL + "/version")
		if err == nil {
			return answer.Body.Close()
		}
	}
	return fmt.Errorf("NanoMDM does not answer at %s", n.URL)
}
