package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// MaxPasskeys is how many one person may have.
const MaxPasskeys = 10

// Codes of the refusals of a registration.
const (
	RefusedPasskeyName  = "passkey_name"
	RefusedPasskeyMany  = "passkey_many"
	RefusedPasskeyModel = "passkey_model"
	RefusedPasskeyKept  = "passkey_not_roaming"
	RefusedPasskeyKnown = "passkey_known"
)

var (
	errMany = refusal(RefusedPasskeyMany,
		fmt.Sprintf("You have %d keys already. Remove one that you no longer use, then add this one.", MaxPasskeys))
	errModel = refusal(RefusedPasskeyModel,
		"This kind of key is not among those that the hospital allows. Ask IT for one that is.")
	errKept = refusal(RefusedPasskeyKept,
		"A passkey that this iPad keeps would be wiped with it. Use a security key, or your own phone.")
	errKnown = refusal(RefusedPasskeyKnown,
		"This key is registered already. Use it, or add another one.")
	errUnregistered = refusal(RefusedPasskey,
		"This key could not be registered: it did not answer what was asked. Try again, or use another key.")
)

// CheckPasskeyName says why a passkey cannot be called that, or nil.
func CheckPasskeyName(name string) error {
	if name == "" || len(name) > 60 || !utf8.ValidString(name) || strings.TrimSpace(name) != name || strings.ContainsFunc(name, unicode.IsControl) {
		return refusal(RefusedPasskeyName, "Give the key a name of up to 60 letters by which you know it, such as \"blue key\".")
	}
	return nil
}

// BeginRegister makes a challenge for a new passkey of owner, which is
// [ledger.ClinicianOwner] or [ledger.StaffOwner]; name is the person's, as their
// authenticator shows it.
func (p *Passkeys) BeginRegister(ctx context.Context, owner, name string, at Place) (Ceremony, error) {
	if err := p.begin(ctx, at); err != nil {
		return Ceremony{}, err
	}
	keys, err := p.Ledger.Passkeys(ctx, owner)
	if err != nil {
		return Ceremony{}, fmt.Errorf("reading the passkeys of %s: %w", owner, err)
	}
	if len(keys) >= MaxPasskeys {
		return Ceremony{}, errMany
	}
	challenge, err := p.random()
	if err != nil {
		return Ceremony{}, err
	}
	asked, session, err := p.rp.BeginRegistration(holder{handle: p.handle(owner), name: name}, p.asking(challenge, keys, at.Roaming)...)
	if err != nil {
		return Ceremony{}, fmt.Errorf("asking for a new passkey: %w", err)
	}
	id, err := p.hold(ctx, creating, held{Session: *session, Bind: at.Bind, Owner: owner, Roaming: at.Roaming})
	return Ceremony{ID: id, Options: asked.Response}, err
}

func (p *Passkeys) asking(challenge []byte, keys []ledger.Passkey, roaming bool) []webauthn.RegistrationOption {
	var known []protocol.CredentialDescriptor // the same key is not registered twice
	for _, k := range keys {
		c := credential(k)
		known = append(known, c.Descriptor())
	}
	options := []webauthn.RegistrationOption{webauthn.WithExclusions(known), func(o *protocol.PublicKeyCredentialCreationOptions) error {
		o.Challenge = challenge
		return nil
	}}
	if roaming {
		options = append(options, webauthn.WithAuthenticatorSelection(selection(protocol.CrossPlatform)),
			webauthn.WithPublicKeyCredentialHints([]protocol.PublicKeyCredentialHints{protocol.PublicKeyCredentialHintSecurityKey}))
	}
	return options
}

// Register keeps the passkey that answered a challenge, for the owner that it
// was made for. Every refusal is a [*custody.Refusal].
func (p *Passkeys) Register(ctx context.Context, at Place, ceremony, name string, response []byte) (ledger.Passkey, error) {
	if err := CheckPasskeyName(name); err != nil { // the challenge still stands
		return ledger.Passkey{}, err
	}
	h, err := p.take(ctx, creating, ceremony, at)
	if err != nil {
		return ledger.Passkey{}, err
	}
	key, err := p.created(h, response)
	if err != nil {
		return ledger.Passkey{}, err
	}
	key.Name = name
	switch err := p.Ledger.AddPasskey(ctx, key); {
	case errors.Is(err, custody.ErrConflict):
		return ledger.Passkey{}, errKnown
	case err != nil:
		return ledger.Passkey{}, fmt.Errorf("registering a passkey: %w", err)
	}
	p.Log.Info("a passkey was registered", "owner", key.Owner, "passkey", key.ID, "model", uuid.UUID(key.AAGUID))
	return key, nil
}

// created reads the new passkey out of what a browser sent back.
func (p *Passkeys) created(h held, response []byte) (ledger.Passkey, error) {
	if len(response) > maxResponse {
		return ledger.Passkey{}, errUnregistered
	}
	answer, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		p.Log.Info("a new passkey cannot be read", "why", err)
		return ledger.Passkey{}, errUnregistered
	}
	if !answer.Response.AttestationObject.AuthData.Flags.HasUserVerified() {
		return ledger.Passkey{}, errUnverified
	}
	made, err := p.rp.CreateCredential(holder{handle: p.handle(h.Owner)}, h.Session, answer)
	if err != nil {
		p.Log.Info("a new passkey was refused", "owner", h.Owner, "why", err)
		return ledger.Passkey{}, errUnregistered
	}
	model, err := uuid.FromBytes(made.Authenticator.AAGUID)
	if err != nil {
		return ledger.Passkey{}, errUnregistered
	}
	if len(p.models) > 0 && !slices.Contains(p.models, model) {
		return ledger.Passkey{}, errModel
	}
	if h.Roaming && (made.Authenticator.Attachment == protocol.Platform || slices.Contains(made.Transport, protocol.Internal)) {
		return ledger.Passkey{}, errKept
	}
	return ledger.Passkey{
		ID: ledger.PasskeyID(made.ID), Credential: made.ID, Owner: h.Owner, PublicKey: made.PublicKey, SignCount: made.Authenticator.SignCount,
		AAGUID: made.Authenticator.AAGUID, Transports: transports(made.Transport), Flags: byte(made.Flags.ProtocolValue()),
		Attestation: made.AttestationFormat, Created: p.Now(),
	}, nil
}

// transports are those that are known (section 5.8.4): a browser may name any.
func transports(named []protocol.AuthenticatorTransport) []string {
	var known []string
	for _, t := range named {
		switch t {
		case protocol.USB, protocol.NFC, protocol.BLE, protocol.Hybrid, protocol.Internal, protocol.SmartCard:
			if !slices.Contains(known, string(t)) {
				known = append(known, string(t))
			}
		}
	}
	return known
}
