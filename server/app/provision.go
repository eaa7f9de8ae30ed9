package app

import (
	"context"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/padwarden/padwarden/server/browser"
	"github.com/padwarden/padwarden/server/console"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/provision"
)

// importer brings files in while the server runs.
func (a *App) importer() *provision.Importer {
	return &provision.Importer{Ledger: a.Ledger, Identity: a.Identity, Now: time.Now, Ended: a.office().Ended}
}

// takeImports lets the body of an import be as large as a file may be, which no
// other body may. It is asked before the body is read, so only who is signed in
// as an administrator can have the server keep so much.
func (a *App) takeImports() {
	a.http.Server().HeaderReceived = func(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
		if !h.IsPost() || string(h.RequestURI()) != console.ImportPath {
			return fasthttp.RequestConfig{}
		}
		ctx, cancel := context.WithTimeout(a.streams, 2*time.Second)
		defer cancel()
		who, err := a.Identity.StaffSession(ctx, string(h.Cookie(browser.CookieName(console.CookieName, a.Secure()))), false)
		if err != nil || who.Role != identity.Administrator {
			return fasthttp.RequestConfig{}
		}
		return fasthttp.RequestConfig{MaxRequestBodySize: console.MaxImport}
	}
}
