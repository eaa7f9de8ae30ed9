package demo

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// wardApps are what the tiles of a ward with a kiosk browser open.
var wardApps = []string{"Charting", "Lab results", "Medication round", "Imaging", "Handover"}

// appPage stands for a hospital's own app.
var appPage = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.}}</title></head>
<body>
  <h1>{{.}}</h1>
  <p>This page stands for the ward's own app, in the same window as the iPad's page. The browser's way back leads to it.</p>
</body>
</html>
`))

// startApps serves the wards' apps on this machine until ctx ends, and returns
// them as a policy has them.
func (h *Hospital) startApps(ctx context.Context) ([]custody.WebApp, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("serving the wards' apps: %w", err)
	}
	mux := http.NewServeMux()
	var apps []custody.WebApp
	for _, name := range wardApps {
		path := "/" + url.PathEscape(name)
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
			if err := appPage.Execute(w, name); err != nil {
				h.o.Logger.Debug("an app's page was not taken", "err", err)
			}
		})
		apps = append(apps, custody.WebApp{Name: name, URL: "http://" + l.Addr().String() + path})
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	h.running.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			h.o.Logger.Error("the wards' apps are not served any more", "err", err)
		}
	})
	h.running.Go(func() { <-ctx.Done(); _ = server.Close() })
	return apps, nil
}
