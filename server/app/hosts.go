package app

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/padwarden/padwarden/server/mdm"
	"github.com/padwarden/padwarden/server/problem"
)

// Hosts are addresses of their own for what iPads' pages, people at the console
// and devices' management talk to, so that a browser keeps the three apart
// (ASVS 5.0, 3.5.4) and a firewall can. Each may be empty: the server's address.
type Hosts struct {
	Kiosk, Console, MDM string
}

func (h Hosts) apart() bool { return h != (Hosts{}) }

// or fills what is empty.
func (h Hosts) or(all string) Hosts {
	return Hosts{Kiosk: cmp.Or(h.Kiosk, all), Console: cmp.Or(h.Console, all), MDM: cmp.Or(h.MDM, all)}
}

// check answers the addresses as they are used; base is the server's own.
func (h Hosts) check(base string) (Hosts, error) {
	if !h.apart() {
		return h, nil
	}
	if base == "" && (h.Kiosk == "" || h.Console == "" || h.MDM == "") {
		return h, errors.New("with an address of its own for one of kiosk, console and MDM, the others need one too, or --base-url")
	}
	schemes := map[string]bool{}
	for _, address := range []*string{&h.Kiosk, &h.Console, &h.MDM} {
		if *address == "" {
			*address = base
		}
		u, err := webAddress(*address)
		if err != nil {
			return h, err
		}
		*address = u.Scheme + "://" + u.Host
		schemes[u.Scheme] = true
	}
	if len(schemes) > 1 {
		return h, errors.New("kiosk, console and MDM are reached over https, or all three over http on this machine")
	}
	return h, nil
}

func webAddress(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("address %q: want https://, or http:// on this machine, and a host", text)
	}
	return u, nil
}

// surface is whose a path is, as a field of Hosts; all of them have what is
// empty. What is not named is the console's, where everything asks for a sign-in.
func (h Hosts) surface(path string) (address string) {
	under := func(roots ...string) bool {
		for _, root := range roots {
			if path == root || strings.HasPrefix(path, root+"/") {
				return true
			}
		}
		return false
	}
	switch {
	case under("/static", "/healthz", "/readyz", "/metrics"):
		return ""
	case under("/kiosk", "/api/v1/readers"):
		return h.Kiosk
	case under("/mdm", "/scep", mdm.AutomatedPath, mdm.WebhookPath):
		return h.MDM
	}
	return h.Console
}

// keepApart answers 404 where a host is asked for what is another's. The name is
// the one that the browser asked for, never one that a header adds.
func (a *App) keepApart(c *fiber.Ctx) error {
	if !a.config.Hosts.apart() {
		return c.Next()
	}
	address := a.hosts.surface(strings.ToLower(c.Path()))
	if address == "" || sameHost(address, string(c.Context().Host())) {
		return c.Next()
	}
	return problem.Write(c, problem.New(fiber.StatusNotFound, problem.CodeNotFound, "There is nothing here by that name."))
}

// sameHost compares an address's host with a request's, each with its port or
// with the scheme's own left out.
func sameHost(address, host string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	own := map[string]string{"https": ":443", "http": ":80"}[u.Scheme]
	return strings.EqualFold(strings.TrimSuffix(u.Host, own), strings.TrimSuffix(host, own))
}
