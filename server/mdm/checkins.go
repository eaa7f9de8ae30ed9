package mdm

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/groob/plist"
	"github.com/micromdm/nanomdm/mdm"
	"github.com/micromdm/nanomdm/storage"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// checkins is NanoMDM's storage over ours. Each check-in is one transaction of
// [Store]; who it is from is in the visit, where the gate has put it.
type checkins struct{ e *Engine }

var _ storage.ServiceStore = checkins{}

// decode reads a plist that the guard has let through. Only the XML decoder is
// used: the package's Unmarshal looks for binary plists and reads them.
func decode(b []byte, v any) error { return plist.NewXMLDecoder(bytes.NewReader(b)).Decode(v) }

func messageType(body []byte) string {
	var m struct{ MessageType string }
	if decode(body, &m) != nil {
		return ""
	}
	return m.MessageType
}

func (s checkins) StoreAuthenticate(r *mdm.Request, m *mdm.Authenticate) error {
	ctx := r.Context()
	v := visitOf(ctx)
	if v.renewal {
		return nil // storing it would forget what the enrolment has left here
	}
	var more struct{ Model, ModelName, ProductName, OSVersion, BuildVersion string }
	if err := decode(m.Raw, &more); err != nil {
		return refuse(ctx, http.StatusBadRequest, "message", "reading an Authenticate of %s: it does not decode", v.device)
	}
	model := more.ProductName // iPad13,18: what people look up
	for _, other := range []string{more.Model, more.ModelName} {
		if model == "" {
			model = other
		}
	}
	err := s.e.Store.Authenticate(ctx, ledger.AuthenticateRecord{
		Device: v.device, UDID: v.udid, Hash: v.hash, Topic: m.Topic,
		Model: short(model, 64), OSVersion: short(more.OSVersion, 64), Build: short(more.BuildVersion, 64),
	})
	if err != nil {
		return s.e.failed(ctx, "storing an Authenticate of "+string(v.device), err)
	}
	return nil
}

// A push token is 32 bytes and a PushMagic a UUID; Apple reserves the right to
// make tokens longer (up to 100 bytes for other kinds).
const maxToken, maxMagic = 128, 256

func (s checkins) StoreTokenUpdate(r *mdm.Request, m *mdm.TokenUpdate) error {
	ctx := r.Context()
	v := visitOf(ctx)
	p := ledger.Push{Device: v.device, User: v.user, Token: m.Token, Magic: m.PushMagic, Topic: m.Topic}
	if len(p.Token) == 0 || len(p.Token) > maxToken || p.Magic == "" || len(p.Magic) > maxMagic || p.Topic != s.e.Topic {
		return refuse(ctx, http.StatusBadRequest, "push_record", "%s cannot be pushed with what its TokenUpdate says", v.device)
	}
	unlock := m.UnlockToken
	if v.user != "" {
		unlock = nil
	}
	if err := s.e.Store.TokenUpdate(ctx, p, unlock); err != nil {
		return s.e.failed(ctx, "storing a TokenUpdate of "+string(v.device), err)
	}
	if v.user == "" {
		s.e.keepPush(ctx, p)
	}
	return nil
}

// Disable is called at the end of an Authenticate too, whose transaction has
// done it already.
func (s checkins) Disable(r *mdm.Request) error {
	v := visitOf(r.Context())
	if !v.checkOut {
		return nil
	}
	if err := s.e.Store.CheckOut(r.Context(), v.device); err != nil {
		return s.e.failed(r.Context(), "storing a CheckOut of "+string(v.device), err)
	}
	return nil
}

func (s checkins) StoreBootstrapToken(r *mdm.Request, m *mdm.SetBootstrapToken) error {
	ctx := r.Context()
	v := visitOf(ctx)
	if v.user != "" {
		return refuse(ctx, http.StatusBadRequest, "user_channel", "bootstrap tokens belong to the device channel")
	}
	if err := s.e.Store.PutSecret(ctx, v.device, ledger.SecretBootstrap, m.BootstrapToken.BootstrapToken); err != nil {
		return s.e.failed(ctx, "storing a bootstrap token of "+string(v.device), err)
	}
	return nil
}

// RetrieveBootstrapToken returns nil where there is none: an empty answer.
func (s checkins) RetrieveBootstrapToken(r *mdm.Request, _ *mdm.GetBootstrapToken) (*mdm.BootstrapToken, error) {
	ctx := r.Context()
	v := visitOf(ctx)
	if v.user != "" {
		return nil, refuse(ctx, http.StatusBadRequest, "user_channel", "bootstrap tokens belong to the device channel")
	}
	b, err := s.e.Store.Secret(ctx, v.device, ledger.SecretBootstrap)
	switch {
	case errors.Is(err, custody.ErrNotFound), err == nil && len(b) == 0:
		return nil, nil
	case err != nil:
		return nil, s.e.failed(ctx, "reading the bootstrap token of "+string(v.device), err)
	}
	return &mdm.BootstrapToken{BootstrapToken: b}, nil
}

// What follows is not served, and said so plainly.

// UserAuthenticate is for users of a Mac's directory: 410 declines their
// management (Apple: "UserAuthenticate").
func (s checkins) UserAuthenticate(r *mdm.Request, _ *mdm.UserAuthenticate) ([]byte, error) {
	return nil, refuse(r.Context(), http.StatusGone, "user_authenticate", "directory users are not managed")
}

func (s checkins) DeclarativeManagement(r *mdm.Request, _ *mdm.DeclarativeManagement) ([]byte, error) {
	return nil, refuse(r.Context(), http.StatusNotFound, "declarative_management", "declarative management is not served")
}

func (s checkins) GetToken(r *mdm.Request, _ *mdm.GetToken) (*mdm.GetTokenResponse, error) {
	return nil, refuse(r.Context(), http.StatusBadRequest, "get_token", "GetToken is not served")
}

// NanoMDM's queue is not used: commands are the steward's, errands the store's.

var errNoQueue = errors.New("commands are not queued here")

func (s checkins) StoreUserAuthenticate(*mdm.Request, *mdm.UserAuthenticate) error { return nil }
func (s checkins) ClearQueue(*mdm.Request) error                                   { return nil }
func (s checkins) StoreCommandReport(*mdm.Request, *mdm.CommandResults) error      { return errNoQueue }
func (s checkins) RetrieveNextCommand(*mdm.Request, bool) (*mdm.Command, error) {
	return nil, errNoQueue
}

// pushRecord is a push record as the mirror keeps it.
func pushRecord(p ledger.Push) []byte {
	b, err := json.Marshal(p)
	if err != nil { // bytes and strings: cannot fail
		panic(err)
	}
	return b
}
