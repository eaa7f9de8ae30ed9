package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"github.com/padwarden/padwarden/server/ledger"
)

// PasskeyLedger is what is read and written of passkeys.
type PasskeyLedger interface {
	AddPasskey(ctx context.Context, p ledger.Passkey) error
	// Passkeys returns an owner's, but none that was removed.
	Passkeys(ctx context.Context, owner string) ([]ledger.Passkey, error)
	// PasskeyByID returns one, suspended and removed ones too, or custody.ErrNotFound.
	PasskeyByID(ctx context.Context, id string) (ledger.Passkey, error)
	// UsePasskey moves the sign count from was to count, or answers custody.ErrStale.
	UsePasskey(ctx context.Context, id string, was, count uint32, flags byte, at time.Time) error
	SuspendPasskey(ctx context.Context, id, why string, at time.Time) error
	// NamePasskey and RemovePasskey answer custody.ErrNotFound for what is not owner's.
	NamePasskey(ctx context.Context, owner, id, name string) error
	RemovePasskey(ctx context.Context, owner, id, by string, at time.Time) error
}

// PasskeyConfig is what [Passkeys] are made of. All but the last four are needed.
type PasskeyConfig struct {
	// RPID is the domain that passkeys are made for. They are of no use under
	// another, so it must never change.
	RPID string
	// Origins are the pages that may use them, scheme, host and port, each on
	// RPID or below it.
	Origins []string
	Ledger  PasskeyLedger
	Live    Store
	// Key makes the handles by which authenticators know their owners: they are
	// kept on keys and by their makers, so they name nobody. At least 32 bytes,
	// never another.
	Key  []byte
	Now  func() time.Time
	Rand io.Reader

	RPName string // as authenticators show it; empty: padwarden
	// Models are the AAGUIDs of the authenticators that may be registered;
	// empty: any. What an authenticator says of its model is believed: the list
	// keeps people to the keys that the hospital chose, and does not keep a forger out.
	Models []string
	// Ended is told of a passkey that was just suspended, as one that may have
	// been copied, or removed: what it opened has to end. nil: nobody is told.
	Ended func(context.Context, ledger.Passkey)
	Log   *slog.Logger
}

// Passkeys registers passkeys and security keys, and says whose one is that
// signs in (Web Authentication Level 3, sections 7.1 and 7.2). It is safe for
// concurrent use.
//
// No name is typed: the credential is discoverable and brings its owner. The
// authenticator must have verified who holds it, by PIN or by finger, so that a
// key that was found opens nothing: this is what makes one gesture two factors
// (AAL2 in SP 800-63B-4, section 2.2.1; phishing-resistant by 3.2.5).
type Passkeys struct {
	PasskeyConfig
	rp     *webauthn.WebAuthn
	models []uuid.UUID
}

// NewPasskeys checks the configuration.
func NewPasskeys(c PasskeyConfig) (*Passkeys, error) {
	if c.Ledger == nil || c.Live == nil || c.Now == nil || c.Rand == nil || len(c.Key) < 32 {
		return nil, errors.New("passkeys: ledger, live, a key of 32 bytes, clock and randomness are needed")
	}
	if c.RPName == "" {
		c.RPName = "padwarden"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	p := &Passkeys{PasskeyConfig: c}
	for _, m := range c.Models {
		id, err := uuid.Parse(m)
		if err != nil {
			return nil, fmt.Errorf("passkeys: the model %q is not an AAGUID: %w", m, err)
		}
		p.models = append(p.models, id)
	}
	if err := checkRPID(c.RPID, c.Origins); err != nil {
		return nil, err
	}
	settings := webauthn.Config{
		RPID: c.RPID, RPDisplayName: c.RPName, RPOrigins: c.Origins,
		// Without a list of models it is nobody's business what key somebody has.
		AttestationPreference:  protocol.PreferNoAttestation,
		AuthenticatorSelection: selection(""),
		Timeouts: webauthn.TimeoutsConfig{
			Login:        webauthn.TimeoutConfig{Timeout: CeremonyFor, TimeoutUVD: CeremonyFor},
			Registration: webauthn.TimeoutConfig{Timeout: CeremonyFor, TimeoutUVD: CeremonyFor},
		},
	}
	if len(p.models) > 0 { // a browser may blank the model of who is not asked to vouch for it
		settings.AttestationPreference = protocol.PreferDirectAttestation
	}
	var err error
	if p.rp, err = webauthn.New(&settings); err != nil {
		return nil, fmt.Errorf("passkeys: %w", err)
	}
	return p, nil
}

// CheckRPID says why passkeys cannot be made for a domain, or nil.
func CheckRPID(id string) error {
	if _, err := netip.ParseAddr(id); err == nil {
		return fmt.Errorf("passkeys: %s is an address, and a passkey is made for a name (Web Authentication, section 5.1.2)", id)
	}
	if err := protocol.ValidateRPID(id); err != nil || strings.ContainsAny(id, ":/") {
		return fmt.Errorf("passkeys: %q is not a domain that they can be made for", id)
	}
	return nil
}

func checkRPID(id string, origins []string) error {
	if err := CheckRPID(id); err != nil {
		return err
	}
	if len(origins) == 0 {
		return errors.New("passkeys: no page is named that may use them")
	}
	for _, o := range origins {
		u, err := url.Parse(o)
		switch {
		case err != nil || u.Host == "" || o != u.Scheme+"://"+u.Host:
			return fmt.Errorf("passkeys: origin %q: want a scheme and a host alone", o)
		case u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "localhost"):
			return fmt.Errorf("passkeys: origin %q: browsers offer them over https alone, or on localhost", o)
		case u.Hostname() != id && !strings.HasSuffix(u.Hostname(), "."+id):
			return fmt.Errorf("passkeys: origin %q is not on %s or below it", o, id)
		}
	}
	return nil
}

// selection is what is asked of an authenticator: that it can be found without
// a name, and that it verifies who holds it.
func selection(attachment protocol.AuthenticatorAttachment) protocol.AuthenticatorSelection {
	must := true
	return protocol.AuthenticatorSelection{
		AuthenticatorAttachment: attachment, ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: &must,
		UserVerification: protocol.VerificationRequired,
	}
}

// handle is how an authenticator knows its owner (section 14.6.1: it must name nobody).
func (p *Passkeys) handle(owner string) []byte {
	h := hmac.New(sha256.New, p.Key)
	h.Write([]byte("passkey owner " + owner))
	return h.Sum(nil)
}

// random is 256 fresh bits.
func (p *Passkeys) random() ([]byte, error) {
	b := make([]byte, 32)
	if _, err := io.ReadFull(p.Rand, b); err != nil {
		return nil, fmt.Errorf("making a challenge: %w", err)
	}
	return b, nil
}

// holder is an owner as the library asks for one.
type holder struct {
	handle []byte
	name   string
	keys   []webauthn.Credential
}

func (h holder) WebAuthnID() []byte                         { return h.handle }
func (h holder) WebAuthnName() string                       { return h.name }
func (h holder) WebAuthnDisplayName() string                { return h.name }
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

// credential is a passkey as the library asks for one.
func credential(p ledger.Passkey) webauthn.Credential {
	c := webauthn.Credential{
		ID: p.Credential, PublicKey: p.PublicKey, AttestationFormat: p.Attestation,
		Flags:         webauthn.NewCredentialFlags(protocol.AuthenticatorFlags(p.Flags)),
		Authenticator: webauthn.Authenticator{AAGUID: p.AAGUID, SignCount: p.SignCount},
	}
	for _, t := range p.Transports {
		c.Transport = append(c.Transport, protocol.AuthenticatorTransport(t))
	}
	return c
}

// text is how an id of ours is written in an address or a cookie.
func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
