package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/padwarden/padwarden/server/console"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/kiosk"
	"github.com/padwarden/padwarden/server/ledger"
)

// PasskeyConfig says what passkeys are made for.
type PasskeyConfig struct {
	// RPID is the domain; empty: the base URL's host. It must stay the same:
	// passkeys made for one domain are of no use under another.
	RPID string
	// Origins are further pages that may use them, both at the iPads and at the
	// console; their own are always among them.
	Origins []string
	Models  []string // AAGUIDs of the authenticators that may be registered; empty: any
}

// buildPasskeys sets a.Passkeys, or a.noPasskeys, which says why there are none.
func (a *App) buildPasskeys(key []byte) error {
	c := a.config.Passkeys
	id, _, why := passkeyDomain(c.RPID, a.URL)
	if a.config.Hosts.apart() && c.RPID == "" {
		id, _, why = passkeyDomain("", a.hosts.Console)
	}
	_, consoles, bad := passkeyDomain(c.RPID, a.hosts.Console)
	_, kiosks, worse := passkeyDomain(c.RPID, a.hosts.Kiosk)
	why = cmp.Or(why, bad, worse)
	if why == "" && c.RPID == "" && consoles != kiosks {
		why = "Passkeys are off: kiosk and console have host names of their own, so say with --rp-id which domain above both passkeys are made for."
	}
	if why != "" {
		a.noPasskeys = why
		return nil
	}
	// Each takes what its own page asked for, so that a page on an iPad cannot
	// have somebody sign what the console asked.
	settings := identity.PasskeyConfig{
		RPID: id, RPName: a.config.Organisation, Models: c.Models, Ledger: a.Ledger, Live: a.Live,
		Key: key, Now: time.Now, Rand: rand.Reader, Ended: a.passkeyEnded, Log: a.config.Logger,
	}
	var err error
	settings.Origins = append([]string{consoles}, c.Origins...)
	if a.Passkeys, err = identity.NewPasskeys(settings); err != nil {
		return err
	}
	settings.Origins = append([]string{kiosks}, c.Origins...)
	a.kioskKeys, err = identity.NewPasskeys(settings)
	return err
}

// passkeyDomain is what passkeys are made for at base, and the page that may
// use them; or why there are none. A base on this machine alone goes by the
// name localhost, which is what browsers have passkeys for without https.
func passkeyDomain(id, base string) (domain, origin, why string) {
	u, err := url.Parse(base)
	if err != nil {
		return "", "", "Passkeys are off: the server's address cannot be read."
	}
	host := u.Hostname()
	if address, err := netip.ParseAddr(host); err == nil && address.IsLoopback() && u.Scheme == "http" {
		host = "localhost"
	}
	switch {
	case id != "": // said by hand: whatever is wrong with it is said at start
	case identity.CheckRPID(host) != nil:
		return "", "", fmt.Sprintf("Passkeys are off: they are made for a name, and this server is reached by the address %s. Give it a name with --base-url.", host)
	case u.Scheme != "https" && host != "localhost":
		return "", "", "Passkeys are off: browsers offer them over https alone. Put TLS in front of the server, and give its address with --base-url."
	default:
		id = host
	}
	if port := u.Port(); port != "" {
		host += ":" + port
	}
	return id, u.Scheme + "://" + host, ""
}

// SignInURL is where people sign in at the console: the server's address, under
// the name that passkeys are made for.
func (a *App) SignInURL() string {
	if _, origin, why := passkeyDomain("", a.ConsoleURL()); why == "" {
		return origin
	}
	return a.ConsoleURL()
}

// passkeyEnded ends what a passkey opened that was suspended or removed. What
// cannot be ended now, the next look for such sessions ends.
func (a *App) passkeyEnded(ctx context.Context, key ledger.Passkey) {
	if !key.Suspended.IsZero() {
		a.meters.event("passkey_copied")
	}
	who, ok := strings.CutPrefix(key.Owner, ledger.ClinicianOwner(""))
	if !ok {
		return
	}
	if _, err := a.Revoker.End(context.WithoutCancel(ctx), who); err != nil {
		a.config.Logger.Warn("a session that a stopped passkey opened has not ended yet", "alert", true, "passkey", key.ID, "err", fmt.Errorf("ending it: %w", err))
	}
}

// kioskPasskeys and consolePasskeys are nil, and not an interface that holds
// nil, where there are none.
func (a *App) kioskPasskeys() kiosk.Passkeys {
	if a.kioskKeys == nil {
		return nil
	}
	return a.kioskKeys
}

func (a *App) consolePasskeys() console.Passkeys {
	if a.Passkeys == nil {
		return nil
	}
	return a.Passkeys
}
