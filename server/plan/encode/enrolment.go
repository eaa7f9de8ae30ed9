package encode

import (
	"errors"
	"fmt"
	"strings"
)

// EnrolmentParams are what an enrolment profile is made of.
type EnrolmentParams struct {
	Organisation string // for people
	ServerURL    string // https://host, without a trailing slash
	MDMURL       string // where the device connects, with its query; empty: ServerURL + "/mdm"
	Topic        string // of the APNs certificate, com.apple.mgmt.…
	Serial       string
	Challenge    string // SCEP challenge password, random and for one use
	Shared       bool   // for a Shared iPad
}

type scep struct {
	header
	PayloadContent scepContent
}

type scepContent struct {
	Challenge        secret
	KeyIsExtractable bool
	KeyType          string `plist:"Key Type"`
	KeyUsage         int    `plist:"Key Usage"`
	Keysize          int
	Subject          [][][]string
	URL              string
}

// signAndEncrypt is Key Usage for signing (1), which Mdm-Signature needs, and
// encryption (4), which SCEP needs to answer.
const signAndEncrypt = 1 | 4

type management struct {
	header
	AccessRights            int
	CheckInURL              string
	CheckOutWhenRemoved     bool
	IdentityCertificateUUID string
	ServerCapabilities      []string
	ServerURL               string
	SignMessage             bool
	Topic                   string
}

// allRights cannot be added to later without enrolling again, so all are taken.
const allRights = 8191

// Enrolment is the profile that enrols one iPad: an identity by SCEP, then the
// management itself (Apple: "SCEP" and "MDM", iOS 4.0). The certificate's
// subject is the serial and the challenge is bound to it, so the identity can
// belong to no other device. It is not bound to stay by itself: automated
// enrolment decides that.
func Enrolment(p EnrolmentParams) ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("rendering profile %s: %w", EnrolmentID, err)
	}
	d := draft{
		identifier: EnrolmentID, name: "Management by padwarden", organisation: p.Organisation, removable: true,
		// Not the challenge: a profile that renews the identity replaces this one,
		// and only payloads of the same identifier and UUID are updated in place
		// (Apple: "CommonPayloadKeys", PayloadUUID).
		inputs: []string{p.ServerURL, p.Topic, p.Serial, fmt.Sprint(p.Shared)},
	}
	mdm := p.ServerURL + "/mdm"
	if p.MDMURL != "" {
		mdm = p.MDMURL
		d.inputs = append(d.inputs, mdm)
	}
	identity := scep{
		header: d.head("identity", "com.apple.security.scep", "Device identity"),
		PayloadContent: scepContent{
			Challenge: secret(p.Challenge), KeyIsExtractable: false, KeyType: "RSA", KeyUsage: signAndEncrypt, Keysize: 2048,
			Subject: [][][]string{{{"CN", p.Serial}}}, URL: p.ServerURL + "/scep",
		},
	}
	return d.render(identity, management{
		header:                  d.head("mdm", "com.apple.mdm", "Device management"),
		AccessRights:            allRights,
		CheckInURL:              mdm,
		CheckOutWhenRemoved:     true,
		IdentityCertificateUUID: identity.PayloadUUID,
		ServerCapabilities:      capabilities(p.Shared),
		ServerURL:               mdm,
		SignMessage:             true,
		Topic:                   p.Topic,
	})
}

// capabilities are what the server says it can do. They cannot change later.
// The bootstrap token (iOS 26.0) serves Return to Service, which only one-user
// iPads are wiped by.
func capabilities(shared bool) []string {
	if shared {
		return []string{"com.apple.mdm.per-user-connections"}
	}
	return []string{"com.apple.mdm.per-user-connections", "com.apple.mdm.bootstraptoken"}
}

func (p EnrolmentParams) check() error {
	var errs []error
	errs = append(errs, address("ServerURL", p.ServerURL))
	if strings.HasSuffix(p.ServerURL, "/") || strings.ContainsAny(p.ServerURL, "?#") {
		errs = append(errs, errors.New("ServerURL: want scheme and host, with no slash at the end"))
	}
	if p.MDMURL != "" {
		errs = append(errs, address("MDMURL", p.MDMURL))
	}
	if !strings.HasPrefix(p.Topic, "com.apple.mgmt.") {
		errs = append(errs, errors.New("Topic: must begin with com.apple.mgmt."))
	}
	if p.Serial == "" || p.Challenge == "" {
		errs = append(errs, errors.New("Serial and Challenge: both are needed"))
	}
	return errors.Join(errs...)
}
