package sim

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/smallstep/pkcs7"
)

// Payload types that a simulated device acts on.
const (
	typeWebClip     = "com.apple.webClip.managed"
	typeAppLock     = "com.apple.app.lock"
	typePasscode    = "com.apple.mobiledevice.passwordpolicy"
	typeWiFi        = "com.apple.wifi.managed"
	typeMDM         = "com.apple.mdm"
	typeSCEP        = "com.apple.security.scep"
	perUserCapacity = "com.apple.mdm.per-user-connections"
)

// profile is an installed configuration profile.
type profile struct {
	identifier string
	uuid       string
	name       string
	managed    bool // installed by the server
	payloads   []dict
	webClip    string // start address of its web clip
	appLock    string // bundle id of its app lock
	minLength  int    // of its passcode policy
}

// parseProfile reads a configuration profile, plain or CMS-signed, and refuses
// what a device refuses: a payload without type, identifier, UUID or version.
func parseProfile(raw []byte) (profile, error) {
	if !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("<")) {
		p7, err := pkcs7.Parse(raw)
		if err != nil {
			return profile{}, fmt.Errorf("reading a profile: %w", err)
		}
		raw = p7.Content
	}
	top, err := decodeDict(raw)
	if err != nil {
		return profile{}, fmt.Errorf("reading a profile: %w", err)
	}
	if err := complete(top); err != nil {
		return profile{}, err
	}
	if t := top.str("PayloadType"); t != "Configuration" {
		return profile{}, fmt.Errorf("a profile of type %q is not a Configuration", t)
	}
	p := profile{
		identifier: top.str("PayloadIdentifier"), uuid: top.str("PayloadUUID"),
		name: top.str("PayloadDisplayName"), payloads: top.list("PayloadContent"),
	}
	for _, c := range p.payloads {
		if err := p.read(c); err != nil {
			return profile{}, err
		}
	}
	return p, nil
}

func complete(d dict) error {
	for _, key := range []string{"PayloadType", "PayloadIdentifier", "PayloadUUID"} {
		if d.str(key) == "" {
			return fmt.Errorf("a payload (%s) without %s", d.str("PayloadType"), key)
		}
	}
	if d.int("PayloadVersion") == 0 {
		return fmt.Errorf("a payload (%s) without PayloadVersion", d.str("PayloadType"))
	}
	return nil
}

func (p *profile) read(c dict) error {
	if err := complete(c); err != nil {
		return err
	}
	switch c.str("PayloadType") {
	case typeWebClip:
		u, err := url.Parse(c.str("URL"))
		if err != nil || u.Host == "" || c.str("Label") == "" {
			return errors.New("a web clip needs a URL and a Label")
		}
		p.webClip = c.str("URL")
	case typeAppLock:
		if p.appLock = c.dict("App").str("Identifier"); p.appLock == "" {
			return errors.New("an app lock needs App.Identifier")
		}
	case typePasscode:
		p.minLength = c.int("minLength")
	}
	return nil
}

func (p profile) payload(kind string) (dict, bool) {
	for _, c := range p.payloads {
		if c.str("PayloadType") == kind {
			return c, true
		}
	}
	return nil, false
}

func identifiers(ps []profile) []string {
	var out []string
	for _, p := range ps {
		out = append(out, p.identifier)
	}
	return out
}

// install adds p to ps; one with the same identifier is replaced in place.
func install(ps []profile, p profile) []profile {
	for i := range ps {
		if ps[i].identifier == p.identifier {
			ps[i] = p
			return ps
		}
	}
	return append(ps, p)
}

func uninstall(ps []profile, identifier string) ([]profile, bool) {
	for i := range ps {
		if ps[i].identifier == identifier {
			return append(ps[:i:i], ps[i+1:]...), true
		}
	}
	return ps, false
}

// allowed says why a profile may not go on a channel of a kind of device, or nil.
func (p profile) allowed(kind Kind, userChannel bool) error {
	for _, c := range p.payloads {
		t := c.str("PayloadType")
		switch {
		case t == typeWebClip && kind == Shared && !userChannel:
			return errors.New("web clips are for the user channel on Shared iPad")
		case t == typePasscode && kind == Shared:
			return errors.New("a passcode policy is not for Shared iPad")
		case userChannel && (t == typeAppLock || t == typeWiFi || t == typeMDM || t == typeSCEP):
			return fmt.Errorf("%s is for the device channel", strings.TrimPrefix(t, "com.apple."))
		}
	}
	return nil
}
