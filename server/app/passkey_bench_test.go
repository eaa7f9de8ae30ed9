package app

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/padwarden/padwarden/server/beside"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/identity/keytest"
)

// keyed is how many iPads, people and keys there are to sign in with.
const keyed = 256

// BenchmarkPasskeySignIns is a sign-in by passkey: the challenge, the answer,
// the use of the key kept (SQLite, synchronous FULL), over HTTP with the
// session that it opens, and at the identity layer without HTTP and session.
// Beside it the library's validation of as many answers that were made ahead.
// What the keys themselves do is left out of all three.
func BenchmarkPasskeySignIns(b *testing.B) {
	r := newRush(b, keyed)
	r.register()
	const many = 64
	var http, layer stopwatch
	next := 0
	beside.Run(b,
		beside.Side{Unit: "signins/s", Spent: http.Spent, Do: func(b *testing.B, n int) {
			for ; n > 0; n -= many {
				some, first := min(n, many), next
				at := func(i int) int { return (first + i) % keyed }
				answers := make([]string, some)
				untimed(b, many, some, func(i int) error { return r.cleanAgain(at(i)) })
				http.time(b, many, some, func(i int) (err error) {
					answers[i], err = r.say("POST", "/kiosk/passkey/begin", at(i), `{}`)
					return err
				})
				untimed(b, many, some, func(i int) (err error) {
					answers[i], err = r.sign(at(i), answers[i])
					return err
				})
				http.time(b, many, some, func(i int) error {
					s, err := r.say("POST", "/kiosk/passkey/finish", at(i), answers[i])
					return r.isOpen(at(i), s, err)
				})
				next += some
			}
		}},
		beside.Side{Unit: "identity/s", Spent: layer.Spent, Do: func(b *testing.B, n int) {
			for ; n > 0; n -= many {
				some, first := min(n, many), next
				at := func(i int) int { return (first + i) % keyed }
				asked, answers := make([]identity.Ceremony, some), make([][]byte, some)
				place := func(i int) identity.Place {
					return identity.Place{Bind: "bench", Meter: fmt.Sprint("bench", at(i)), Most: 1 << 30, Wrong: 30, Roaming: true}
				}
				layer.time(b, many, some, func(i int) (err error) {
					asked[i], err = r.a.kioskKeys.BeginSignIn(b.Context(), place(i))
					return err
				})
				untimed(b, many, some, func(i int) error {
					options, err := json.Marshal(asked[i].Options)
					if err == nil {
						answers[i], err = r.keys[at(i)].Get(string(options))
					}
					return err
				})
				layer.time(b, many, some, func(i int) error {
					_, err := r.a.kioskKeys.SignIn(b.Context(), identity.Clinicians, place(i), asked[i].ID, answers[i])
					return err
				})
				next += some
			}
		}},
		r.validation(b, many),
	)
}

// sign has key i answer what begin asked, and is what finish is sent.
func (r *rush) sign(i int, began string) (string, error) {
	var asked struct {
		Ceremony string
		Options  json.RawMessage
	}
	if err := json.Unmarshal([]byte(began), &asked); err != nil {
		return "", err
	}
	answer, err := r.keys[i].Get(string(asked.Options))
	return fmt.Sprintf(`{"ceremony":%q,"response":%s}`, asked.Ceremony, answer), err
}

// validation is the library alone, on answers that were made ahead.
func (r *rush) validation(b *testing.B, many int) beside.Side {
	origin := strings.Replace(r.a.URL, "127.0.0.1", "localhost", 1)
	rp, err := webauthn.New(&webauthn.Config{RPID: "localhost", RPDisplayName: "bench", RPOrigins: []string{origin}})
	if err != nil {
		b.Fatal(err)
	}
	type made struct {
		session webauthn.SessionData
		answer  []byte
		owner   bareOwner
	}
	all := make([]made, keyed)
	untimed(b, many, keyed, func(i int) error {
		key, owner := keytest.New(origin), bareOwner{id: []byte(rushClinician(i))}
		asked, session, err := rp.BeginRegistration(&owner)
		if err != nil {
			return err
		}
		options, err := json.Marshal(asked.Response)
		if err != nil {
			return err
		}
		created, err := key.Create(string(options))
		if err != nil {
			return err
		}
		parsed, err := protocol.ParseCredentialCreationResponseBytes(created)
		if err != nil {
			return err
		}
		credential, err := rp.CreateCredential(&owner, *session, parsed)
		if err != nil {
			return err
		}
		owner.keys = []webauthn.Credential{*credential}
		login, session, err := rp.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
		if err != nil {
			return err
		}
		if options, err = json.Marshal(login.Response); err != nil {
			return err
		}
		answer, err := key.Get(string(options))
		all[i] = made{session: *session, answer: answer, owner: owner}
		return err
	})
	return beside.Side{Unit: "validations/s", Do: func(b *testing.B, n int) {
		untimed(b, many, n, func(i int) error {
			m := all[i%keyed]
			parsed, err := protocol.ParseCredentialRequestResponseBytes(m.answer)
			if err != nil {
				return err
			}
			_, _, err = rp.ValidatePasskeyLogin(func([]byte, []byte) (webauthn.User, error) { return &m.owner, nil }, m.session, parsed)
			return err
		})
	}}
}

// bareOwner is who has a key, as the library asks for them.
type bareOwner struct {
	id   []byte
	keys []webauthn.Credential
}

func (o *bareOwner) WebAuthnID() []byte                         { return o.id }
func (o *bareOwner) WebAuthnName() string                       { return string(o.id) }
func (o *bareOwner) WebAuthnDisplayName() string                { return string(o.id) }
func (o *bareOwner) WebAuthnCredentials() []webauthn.Credential { return o.keys }
