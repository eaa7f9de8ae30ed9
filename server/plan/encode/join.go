package encode

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/groob/plist"
)

// maxWiFi bounds the Wi-Fi profile that is looked into: a command that carries
// it has to fit in what a device reads.
const maxWiFi = 512 << 10

// NotJoiningError: an iPad that was just erased could not join a network by the
// profile. Why is a sentence for the administrator, without a secret in it.
type NotJoiningError struct{ Why string }

func (e *NotJoiningError) Error() string { return e.Why }

func cannot(format string, a ...any) error { return &NotJoiningError{fmt.Sprintf(format, a...)} }

// errUnreadable is not a property list in XML; a signed profile is not either,
// and what cannot be looked into is not sent along with an erase.
var errUnreadable = &NotJoiningError{"The Wi-Fi profile is not an unsigned configuration profile in XML, so nobody can say whether an erased iPad would join by it."}

// CanJoin returns nil if an erased iPad can join a network by the profile, all
// by itself, and otherwise a [*NotJoiningError]. An identity that the iPad has
// to fetch by SCEP or ACME cannot be there before the network is (Apple: "Wi-Fi",
// PayloadCertificateUUID); one in the profile (PKCS #12) can. One network that
// can be joined is enough. It is pure, and stops at 512 KiB; bytes of a
// stranger are shown to plistguard before they come here.
func CanJoin(profile []byte) error {
	if len(profile) == 0 {
		return cannot("There is no Wi-Fi profile: an erased iPad finds its network only by a cable or a mobile network.")
	}
	var doc struct {
		PayloadType    string
		PayloadContent []map[string]any
	}
	if len(profile) > maxWiFi || plist.NewXMLDecoder(bytes.NewReader(profile)).Decode(&doc) != nil {
		return errUnreadable
	}
	kinds := map[string]string{} // PayloadType by PayloadUUID
	for _, p := range doc.PayloadContent {
		id, _ := p["PayloadUUID"].(string)
		kinds[id], _ = p["PayloadType"].(string)
	}
	var errs []error
	for _, p := range doc.PayloadContent {
		if p["PayloadType"] != wifiType {
			continue
		}
		err := joins(p, kinds)
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	if len(errs) == 0 {
		return cannot("The Wi-Fi profile has no %s payload, so it names no network.", wifiType)
	}
	var first *NotJoiningError
	errors.As(errs[0], &first)
	return first
}

// joins says why an erased iPad cannot join the network of a Wi-Fi payload.
func joins(p map[string]any, kinds map[string]string) error {
	ssid, _ := p["SSID_STR"].(string)
	if auto, ok := p["AutoJoin"].(bool); ok && !auto {
		return cannot("The Wi-Fi profile tells the iPad not to join %q by itself.", ssid)
	}
	eap, enterprise := p["EAPClientConfiguration"].(map[string]any)
	identity, named := p["PayloadCertificateUUID"].(string)
	if !enterprise {
		return joinsPersonal(p, ssid)
	}
	if named {
		switch kind, there := kinds[identity]; {
		case !there:
			return cannot("The Wi-Fi profile's network %q uses a certificate that is not in the profile.", ssid)
		case kind == scepType || kind == acmeType:
			return cannot("The Wi-Fi profile's network %q uses a certificate that the iPad would have to fetch, which an erased iPad cannot do before it has a network. Put the identity into the profile (PKCS #12), or use an onboarding network with a passphrase.", ssid)
		case kind != pkcs12Type:
			return cannot("The Wi-Fi profile's network %q uses a payload that is no identity (%s).", ssid, kind)
		}
		return nil
	}
	return joinsByPassword(eap, ssid)
}

func joinsPersonal(p map[string]any, ssid string) error {
	encryption, _ := p["EncryptionType"].(string)
	password, _ := p["Password"].(string)
	if password == "" && encryption != "None" {
		return cannot("The Wi-Fi profile has no passphrase for %q: nobody is there to type it.", ssid)
	}
	return nil
}

// joinsByPassword is EAP by a user's name and password.
func joinsByPassword(eap map[string]any, ssid string) error {
	name, _ := eap["UserName"].(string)
	password, _ := eap["UserPassword"].(string)
	if once, _ := eap["OneTimeUserPassword"].(bool); once || name == "" || password == "" {
		return cannot("The Wi-Fi profile's network %q asks for a name and password that are not in the profile: nobody is there to type them.", ssid)
	}
	return nil
}

// PayloadTypes that this package writes or reads in several places.
const (
	wifiType   = "com.apple.wifi.managed"
	scepType   = "com.apple.security.scep"
	acmeType   = "com.apple.security.acme"
	pkcs12Type = "com.apple.security.pkcs12"
	rootType   = "com.apple.security.root"
)
