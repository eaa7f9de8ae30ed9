package console

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/padwarden/padwarden/server/browser/browsertest"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
)

// Threat 22 in a real browser: somebody who is signed in opens another site,
// which posts a form to us, and asks by script in every way that a browser lets
// it. The second is of our own site by another port: it gets our cookies sent.
func TestAnotherSiteInABrowser(t *testing.T) {
	for _, site := range []string{"localhost", "127.0.0.1"} {
		d := newDesk(t)
		base := browsertest.Serve(t, d.app)
		tab := browsertest.Open(t)
		token, err := d.ids.MintStaffToken(t.Context(), "Ada", identity.Administrator)
		if err != nil {
			t.Fatal(err)
		}
		wipe := base + "/console/devices/DMQX00/wipe"
		evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			if r.URL.Path == "/form" {
				_, _ = fmt.Fprintf(w, `<form method="post" enctype="text/plain" action="%s"><input name='{"epoch":3,"x":"' value='"}'><button>You have won</button></form>`, wipe)
				return
			}
			_, _ = fmt.Fprintf(w, `<p id="said"></p><script>
				const ask = (init) => fetch(%q, {method: 'POST', credentials: 'include', body: '{"epoch":3}', ...init}).catch(() => {});
				Promise.all([ask({mode: 'no-cors'}), ask({mode: 'no-cors', headers: {'Content-Type': 'text/plain'}}), ask({mode: 'cors'}),
					ask({mode: 'cors', headers: {'Content-Type': 'application/json', 'X-CSRF-Token': 'x'}})]).then(() => { said.textContent = 'done'; });
			</script>`, wipe)
		}))
		t.Cleanup(evil.Close)
		_, port, err := net.SplitHostPort(evil.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		from := "http://" + net.JoinHostPort(site, port)

		tab.Do(chromedp.Navigate(base+"/console/start/"+token), chromedp.WaitVisible("button"), chromedp.Click("button"), chromedp.WaitVisible("#rows"))
		d.mu.Lock()
		d.posts = nil
		d.mu.Unlock()
		tab.Do(chromedp.Navigate(from+"/form"), chromedp.WaitVisible("button"), chromedp.Click("button"))
		tab.Until(`document.body.textContent.includes('This was not asked by the page itself')`)
		tab.Do(chromedp.Navigate(from + "/script"))
		tab.Until(`document.getElementById('said')?.textContent === 'done'`)

		d.mu.Lock()
		posts, state := slices.Clone(d.posts), d.rows["DMQX00"].State
		d.mu.Unlock()
		if len(posts) < 4 || state != custody.Clean { // the fourth script's is kept back by the browser: we allow no other origin
			t.Errorf("%s: %s after %q", site, state, posts)
		}
		for _, post := range posts {
			if !strings.HasPrefix(post, "403 /console/devices/DMQX00/wipe") {
				t.Errorf("%s: %s", site, post)
			}
		}
		tab.Do(chromedp.Navigate(base+"/console"), chromedp.WaitVisible("#rows")) // and they are still signed in
	}
}
