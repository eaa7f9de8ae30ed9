package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// Kinds of a passkey's owner.
const (
	Clinicians = "clinician"
	StaffKeys  = "staff"
)

// BeginSignIn makes a challenge for whoever is there: no name is asked for.
func (p *Passkeys) BeginSignIn(ctx context.Context, at Place) (Ceremony, error) {
	if err := p.begin(ctx, at); err != nil {
		return Ceremony{}, err
	}
	challenge, err := p.random()
	if err != nil {
		return Ceremony{}, err
	}
	options := []webauthn.LoginOption{webauthn.WithChallenge(challenge)}
	if at.Roaming { // so that the browser asks for a key first, and not for what the iPad itself might keep
		options = append(options, webauthn.WithAssertionPublicKeyCredentialHints([]protocol.PublicKeyCredentialHints{protocol.PublicKeyCredentialHintSecurityKey}))
	}
	asked, session, err := p.rp.BeginDiscoverableLogin(options...)
	if err != nil {
		return Ceremony{}, fmt.Errorf("asking for a passkey: %w", err)
	}
	id, err := p.hold(ctx, getting, held{Session: *session, Bind: at.Bind})
	return Ceremony{ID: id, Options: asked.Response}, err
}

// SignIn returns the passkey that answered a challenge, whose owner is of that
// kind, or of any where kind is empty. It is for the caller to see that the owner is still there, and to answer
// for one who is not with [NoPasskey].
//
// Every refusal is a [*custody.Refusal]. An unknown passkey, a removed one, one
// of the other kind and a wrong signature are answered alike. One whose sign
// count does not rise may have been copied: it is suspended, and refused from then on.
func (p *Passkeys) SignIn(ctx context.Context, kind string, at Place, ceremony string, response []byte) (ledger.Passkey, error) {
	if err := p.patient(ctx, at); err != nil {
		return ledger.Passkey{}, err
	}
	h, err := p.take(ctx, getting, ceremony, at)
	if err != nil {
		return ledger.Passkey{}, err
	}
	key, err := p.signIn(ctx, kind, h.Session, response)
	if custody.Refused(err) != "" {
		p.wrong(ctx, at)
	}
	return key, err
}

// NoPasskey is the refusal of a passkey that is not known.
func NoPasskey() error { return errPasskey }

func (p *Passkeys) signIn(ctx context.Context, kind string, session webauthn.SessionData, response []byte) (ledger.Passkey, error) {
	if len(response) > maxResponse {
		return ledger.Passkey{}, errPasskey
	}
	answer, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		p.Log.Info("a passkey's answer cannot be read", "why", err)
		return ledger.Passkey{}, errPasskey
	}
	// Before anything is looked up, so that this tells nothing of who is known.
	if !answer.Response.AuthenticatorData.Flags.HasUserVerified() {
		return ledger.Passkey{}, errUnverified
	}
	for range 3 { // another sign-in with the same passkey may come between
		key, err := p.answering(ctx, kind, session, answer)
		if !errors.Is(err, custody.ErrStale) {
			return key, err
		}
	}
	return ledger.Passkey{}, errPasskey
}

// answering checks an answer against the passkey as it is now, and records its use.
func (p *Passkeys) answering(ctx context.Context, kind string, session webauthn.SessionData, answer *protocol.ParsedCredentialAssertionData) (ledger.Passkey, error) {
	key, err := p.Ledger.PasskeyByID(ctx, ledger.PasskeyID(answer.RawID))
	if err != nil && !errors.Is(err, custody.ErrNotFound) {
		return ledger.Passkey{}, fmt.Errorf("looking a passkey up: %w", err)
	}
	if err != nil || !key.Removed.IsZero() || kind != "" && !strings.HasPrefix(key.Owner, kind+":") {
		return ledger.Passkey{}, errPasskey
	}
	owner := holder{handle: p.handle(key.Owner), keys: []webauthn.Credential{credential(key)}}
	_, seen, err := p.rp.ValidatePasskeyLogin(func([]byte, []byte) (webauthn.User, error) { return owner, nil }, session, answer)
	if err != nil {
		p.Log.Info("a passkey was refused", "owner", key.Owner, "passkey", key.ID, "why", err)
		return ledger.Passkey{}, errPasskey
	}
	if !key.Suspended.IsZero() {
		return ledger.Passkey{}, errCopied
	}
	if seen.Authenticator.CloneWarning {
		return ledger.Passkey{}, p.copied(ctx, key, answer.Response.AuthenticatorData.Counter)
	}
	count, flags := seen.Authenticator.SignCount, byte(seen.Flags.ProtocolValue())
	if err := p.Ledger.UsePasskey(ctx, key.ID, key.SignCount, count, flags, p.Now()); err != nil {
		return ledger.Passkey{}, fmt.Errorf("signing in with a passkey: %w", err)
	}
	key.SignCount, key.Flags, key.Used = count, flags, p.Now()
	return key, nil
}

// copied suspends a passkey whose sign count did not rise: two may hold its
// private key, and nobody can tell which of them this is (section 6.1.1).
func (p *Passkeys) copied(ctx context.Context, key ledger.Passkey, count uint32) error {
	why := fmt.Sprintf("It signed with the count %d after %d: there may be a copy of it.", count, key.SignCount)
	p.Log.Warn("a passkey may have been copied and is suspended", "alert", true, "owner", key.Owner, "passkey", key.ID, "why", why)
	if err := p.Ledger.SuspendPasskey(ctx, key.ID, why, p.Now()); err != nil {
		return fmt.Errorf("suspending a passkey: %w", err)
	}
	key.Suspended, key.Why = p.Now(), why
	p.ended(ctx, key)
	return errCopied
}
