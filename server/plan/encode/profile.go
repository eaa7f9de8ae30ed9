package encode

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// PayloadIdentifiers of our profiles, as ProfileList shows them and
// RemoveProfile takes them. Installing one again replaces it.
const (
	EnrolmentID    = "com.padwarden.enrolment"
	KioskID        = "com.padwarden.kiosk"
	WebClipID      = "com.padwarden.webclip"
	RestrictionsID = "com.padwarden.restrictions"
	PasscodeID     = "com.padwarden.passcode"
	ClinicalID     = "com.padwarden.clinical"
	LockScreenID   = "com.padwarden.lock-screen"
	SafariLockID   = "com.padwarden.safari-lock"
	WiFiID         = "com.padwarden.wifi"
)

// payloads is the UUID namespace of our payloads.
var payloads = uuid.NewSHA1(uuid.NameSpaceDNS, []byte("payloads.padwarden.com"))

// header opens every payload, and the profile itself (Apple: "TopLevel" and
// "CommonPayloadKeys", iOS 4.0).
type header struct {
	PayloadDisplayName string
	PayloadIdentifier  string
	PayloadType        string
	PayloadUUID        string
	PayloadVersion     int
}

type configuration struct {
	header
	PayloadContent           []any
	PayloadOrganization      string `plist:",omitempty"`
	PayloadRemovalDisallowed bool   `plist:",omitempty"` // supervised
}

// draft is a profile in the making. Its PayloadUUIDs are UUIDv5 of its
// identifier and inputs, so the same input renders the same bytes. A UUID is
// shown in logs and lists: an input that could be guessed from its hash, such
// as a passphrase, stays out of inputs and is a secret in the content.
type draft struct {
	identifier   string
	name         string // for people
	organisation string // for people; may be empty
	removable    bool   // by the user
	inputs       []string
}

// head is the header of the payload whose identifier is the draft's, then a
// dot and suffix.
func (d draft) head(suffix, payloadType, name string) header {
	return d.header(d.identifier+"."+suffix, payloadType, name)
}

func (d draft) header(identifier, payloadType, name string) header {
	return header{
		PayloadDisplayName: printable(name),
		PayloadIdentifier:  identifier,
		PayloadType:        payloadType,
		// %q keeps the parts apart whatever they hold.
		PayloadUUID:    uuid.NewSHA1(payloads, fmt.Appendf(nil, "%q %q", identifier, d.inputs)).String(),
		PayloadVersion: 1,
	}
}

// render writes the unsigned profile: it travels inside a command that the
// device asked for under TLS, or is downloaded by who installs it. The profile's
// own PayloadUUID, which ProfileList shows, follows from the inputs and from
// what is rendered of them: it is the version of the profile.
func (d draft) render(content ...any) ([]byte, error) {
	whole := d
	whole.inputs = append(slices.Clone(d.inputs), fingerprint(content), d.name, d.organisation, fmt.Sprint(d.removable))
	out, err := marshal(configuration{
		header:                   whole.header(d.identifier, "Configuration", d.name),
		PayloadContent:           content,
		PayloadOrganization:      printable(d.organisation),
		PayloadRemovalDisallowed: !d.removable,
	})
	if err != nil {
		return nil, fmt.Errorf("rendering profile %s: %w", d.identifier, err)
	}
	return out, nil
}

// address checks a URL that a device will open: https, or plain http on a
// loopback address, where only a demo's simulated iPads live. The error does
// not repeat it, for it may carry a one-time secret.
func address(name, s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil, u.Hostname() == "", u.User != nil, strings.ContainsAny(s, " \t\r\n"):
		return fmt.Errorf("%s: not an absolute URL", name)
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("%s: devices accept https only", name)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

var bundleID = regexp.MustCompile(`^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)

// bundle checks an app's bundle identifier (Apple: CFBundleIdentifier).
func bundle(id string) error {
	if len(id) > 155 || !bundleID.MatchString(id) {
		return fmt.Errorf("%q is not a bundle identifier", id)
	}
	return nil
}
