package browsertest

import (
	"context"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// Key is a security key at the tab's browser, without hardware.
type Key struct {
	tab *Tab
	id  webauthn.AuthenticatorID
}

// Local is base under the name localhost: an address has no passkeys (Web
// Authentication, 5.1.2), and localhost counts as secure without https.
func Local(base string) string { return strings.Replace(base, "127.0.0.1", "localhost", 1) }

// Key plugs a key in: one that is carried, or, with builtIn, one that the
// computer keeps. It verifies its holder, and answers at once.
func (tab *Tab) Key(builtIn bool) *Key {
	tab.t.Helper()
	k := &Key{tab: tab}
	options := webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21, Transport: webauthn.AuthenticatorTransportUsb,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}
	if builtIn {
		options.Transport = webauthn.AuthenticatorTransportInternal
	}
	tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		if _, err := chromedp.Call(ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return err
		}
		made, err := chromedp.Call(ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &options})
		k.id = made.AuthenticatorID
		return err
	}))
	return k
}

// Touched says whether somebody touches the key when it blinks.
func (k *Key) Touched(yes bool) {
	k.tab.t.Helper()
	k.tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, webauthn.SetAutomaticPresenceSimulation, webauthn.SetAutomaticPresenceSimulationParams{AuthenticatorID: k.id, Enabled: yes})
		return err
	}))
}

// Verified says whether whoever touches it knows its PIN.
func (k *Key) Verified(yes bool) {
	k.tab.t.Helper()
	k.tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: k.id, IsUserVerified: yes})
		return err
	}))
}

// credential is what every Chromium takes. The library's own always sends fields
// of trust groups (w3c/webauthn#2377), and Chromium 156 refuses those, even as it
// gave them itself, for a key that has none.
type credential struct {
	ID         []byte  `json:"credentialId"`
	Resident   bool    `json:"isResidentCredential"`
	RpID       string  `json:"rpId"`
	PrivateKey []byte  `json:"privateKey"`
	UserHandle []byte  `json:"userHandle,omitempty"`
	SignCount  float64 `json:"signCount"`
}

type addCredentialParams struct {
	AuthenticatorID webauthn.AuthenticatorID `json:"authenticatorId"`
	Credential      credential               `json:"credential"`
}

var addCredential = cdp.Command[addCredentialParams, cdp.Empty]{Method: webauthn.CommandAddCredential}

// Rewind sets the counter of every credential on the key, as a copy that was
// made earlier would have it.
func (k *Key) Rewind(count float64) {
	k.tab.t.Helper()
	k.tab.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		on, err := chromedp.Call(ctx, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: k.id})
		if err != nil {
			return err
		}
		for _, c := range on.Credentials {
			if _, err := chromedp.Call(ctx, webauthn.RemoveCredential, webauthn.RemoveCredentialParams{AuthenticatorID: k.id, CredentialID: c.CredentialID}); err != nil {
				return err
			}
			again := credential{ID: c.CredentialID, Resident: c.IsResidentCredential, RpID: c.RpID, PrivateKey: c.PrivateKey, UserHandle: c.UserHandle, SignCount: count}
			if _, err := chromedp.Call(ctx, addCredential, addCredentialParams{AuthenticatorID: k.id, Credential: again}); err != nil {
				return err
			}
		}
		return nil
	}))
}
