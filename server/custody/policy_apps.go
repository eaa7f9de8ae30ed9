package custody

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// WebApp is one of a ward's own apps that open in a browser: a tile on the
// iPad's page while somebody is signed in.
type WebApp struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// Bounds of a ward's apps: what a screen shows at a glance.
const (
	maxWebApps    = 24
	maxWebAppName = 40
	maxWebAppURL  = 2000
)

// checkWebApps says what is wrong with the ward's apps.
func (p Policy) checkWebApps() (errs []error) {
	if n := len(p.WebApps); n > maxWebApps {
		errs = append(errs, fmt.Errorf("web_apps: %d are more than the %d that a page has room for", n, maxWebApps))
	}
	names, addresses := map[string]bool{}, map[string]bool{}
	for _, a := range p.WebApps {
		if err := a.check(); err != nil {
			errs = append(errs, err)
			continue
		}
		name := strings.ToLower(a.Name)
		if names[name] || addresses[a.URL] {
			errs = append(errs, fmt.Errorf("web_apps: %q is there twice, by name or by address", a.Name))
		}
		names[name], addresses[a.URL] = true, true
	}
	return errs
}

func (a WebApp) check() error {
	n := utf8.RuneCountInString(a.Name)
	if n == 0 || n > maxWebAppName || !utf8.ValidString(a.Name) || strings.TrimSpace(a.Name) != a.Name || strings.ContainsFunc(a.Name, notPrinted) {
		return fmt.Errorf("web_apps: the name %.60q is not one of 1 to %d printable characters", a.Name, maxWebAppName)
	}
	u, err := url.Parse(a.URL)
	if err != nil || u.Hostname() == "" || u.User != nil || len(a.URL) > maxWebAppURL || strings.ContainsFunc(a.URL, notPrinted) {
		return fmt.Errorf("web_apps: the address of %q is not a whole one, https://host/path without a user name", a.Name)
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return fmt.Errorf("web_apps: the address of %q does not begin with https://, and only an app on this very computer may do without", a.Name)
	}
	return nil
}

// notPrinted: no letter, sign or plain space; what turns the direction of a text is none of them.
func notPrinted(r rune) bool { return !unicode.IsPrint(r) }

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
