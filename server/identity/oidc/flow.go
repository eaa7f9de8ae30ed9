package oidc

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	goidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/padwarden/padwarden/server/custody"
)

// Codes of the refusals.
const (
	RefusedDown   = "provider_down"     // the provider does not answer
	RefusedBusy   = "provider_busy"     // too many sign-ins were begun
	RefusedState  = "sign_in_over"      // no such sign-in: answered before, too late, or in another browser
	RefusedAnswer = "provider_says_no"  // the provider said no
	RefusedToken  = "provider_unproven" // what the provider sent does not hold
)

// Ask is what a sign-in is begun with.
type Ask struct {
	// RedirectURI is where the provider sends the browser back to, exactly as it is
	// registered there.
	RedirectURI string
	// Bind ties the answer to the browser, or the iPad, that asks: a secret that
	// only it has, and sends back with the answer.
	Bind string
	// Again asks the provider to have them sign in anew, whoever was before.
	Again bool
}

// Answer is what the provider sends the browser back with (RFC 6749, 4.1.2; RFC 9207).
type Answer struct {
	State, Code, Error, Issuer string
}

// Claims are what the provider says of somebody. Issuer and Subject name them
// for good; nothing else does.
type Claims struct {
	Issuer, Subject string
	Name            string // for people to read
	Account         string // their name in the hospital's systems
	Groups          []string
}

// pending is a sign-in that was begun.
type pending struct {
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"` // PKCE's (RFC 7636, 4.1)
	Redirect string `json:"redirect"`
	Bind     string `json:"bind"` // its digest
}

// Begin returns the provider's address that the browser is sent to.
func (p *Provider) Begin(ctx context.Context, a Ask) (string, error) {
	if a.Bind == "" || a.RedirectURI == "" {
		return "", errors.New("oidc: a sign-in is begun without a browser, or without a way back")
	}
	n, err := p.Live.Count(ctx, "oidc:begun", time.Minute)
	if err != nil {
		return "", fmt.Errorf("counting the sign-ins: %w", err)
	}
	if n > maxBegun {
		return "", refuse(RefusedBusy, "Too many people sign in at this moment. Try again in a minute.")
	}
	found, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	var secrets [3]string
	for i := range secrets {
		if secrets[i], err = p.secret(); err != nil {
			return "", err
		}
	}
	state, kept := secrets[0], pending{Nonce: secrets[1], Verifier: secrets[2], Redirect: a.RedirectURI, Bind: digest(a.Bind)}
	raw, err := json.Marshal(kept)
	if err != nil {
		return "", fmt.Errorf("beginning a sign-in: %w", err)
	}
	if err := p.Live.Put(ctx, stateKey(state), raw, stateFor); err != nil {
		return "", fmt.Errorf("beginning a sign-in: %w", err)
	}
	conf := found.oauth
	conf.RedirectURL = a.RedirectURI
	options := []oauth2.AuthCodeOption{goidc.Nonce(kept.Nonce), oauth2.S256ChallengeOption(kept.Verifier)}
	if a.Again {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"))
	}
	return conf.AuthCodeURL(state, options...), nil
}

// Finish takes what the provider sent, from the browser that bind ties it to,
// and returns who that is. Every no is a [*custody.Refusal] with a sentence. An
// answer is good once, whatever comes of it.
func (p *Provider) Finish(ctx context.Context, bind string, a Answer) (Claims, error) {
	raw, err := p.Live.Take(ctx, stateKey(a.State))
	if errors.Is(err, custody.ErrNotFound) {
		return Claims{}, refuse(RefusedState, "This sign-in was finished before, or took longer than five minutes. Sign in again.")
	}
	if err != nil {
		return Claims{}, fmt.Errorf("finishing a sign-in: %w", err)
	}
	var was pending
	if err := json.Unmarshal(raw, &was); err != nil {
		return Claims{}, fmt.Errorf("finishing a sign-in: %w", err)
	}
	switch {
	case !same(was.Bind, digest(bind)):
		return Claims{}, refuse(RefusedState, "This sign-in was begun in another browser. Sign in again in this one.")
	case a.Issuer != "" && a.Issuer != p.Issuer:
		return Claims{}, p.unproven("the answer is another provider's", nil)
	case a.Error != "":
		return Claims{}, p.said(a.Error)
	}
	ctx, cancel := context.WithTimeout(p.context(ctx), answerIn)
	defer cancel()
	found, err := p.discover(ctx)
	if err != nil {
		return Claims{}, err
	}
	conf := found.oauth
	conf.RedirectURL = was.Redirect
	token, err := conf.Exchange(ctx, a.Code, oauth2.VerifierOption(was.Verifier))
	if err != nil {
		return Claims{}, p.notExchanged(err)
	}
	return p.claims(ctx, found, token, was.Nonce)
}

// claims holds what the token endpoint sent against everything it must be
// (OpenID Connect Core 1.0, 3.1.3.7).
func (p *Provider) claims(ctx context.Context, found *discovered, token *oauth2.Token, nonce string) (Claims, error) {
	raw, _ := token.Extra("id_token").(string)
	id, err := found.verifier.Verify(ctx, raw) // signature, algorithm, issuer, audience, expiry
	if err != nil {
		return Claims{}, p.unproven("the ID token does not hold", err)
	}
	if !same(id.Nonce, nonce) {
		return Claims{}, p.unproven("the ID token has another nonce", nil)
	}
	if id.AccessTokenHash != "" {
		if err := id.VerifyAccessToken(token.AccessToken); err != nil {
			return Claims{}, p.unproven("the access token is not the ID token's", err)
		}
	}
	var all map[string]json.RawMessage
	if err := id.Claims(&all); err != nil {
		return Claims{}, p.unproven("the ID token says nothing", err)
	}
	if azp := text(all["azp"]); len(id.Audience) > 1 && azp != p.ClientID {
		return Claims{}, p.unproven("the ID token was made for several, and not for us", nil)
	}
	if id.Subject == "" {
		return Claims{}, p.unproven("the ID token names nobody", nil)
	}
	c := Claims{Issuer: id.Issuer, Subject: id.Subject, Name: text(all["name"]), Account: text(all[p.AccountClaim]), Groups: texts(all[p.GroupsClaim])}
	if c.Name == "" {
		c.Name = c.Account
	}
	return c, nil
}

// notExchanged says in a sentence why a code was worth nothing.
func (p *Provider) notExchanged(err error) error {
	var said *oauth2.RetrieveError
	switch {
	case errors.As(err, &said) && said.ErrorCode == "invalid_grant": // RFC 6749, 5.2: the code is over
		return refuse(RefusedState, "The hospital's sign-in says that this took too long. Sign in again.")
	case errors.As(err, &said) && said.Response.StatusCode < http.StatusInternalServerError:
		p.Log.Error("the hospital's sign-in refuses us: see the client id, its secret and the redirect address", "issuer", p.Issuer, "status", said.Response.StatusCode, "code", said.ErrorCode)
		return refuse(RefusedAnswer, "The hospital's sign-in refused this server. Tell IT: the server's log says why.")
	}
	p.Log.Warn("the hospital's sign-in does not answer", "issuer", p.Issuer, "err", err)
	return refuse(RefusedDown, "The hospital's sign-in does not answer just now. Try again in a moment.")
}

// said makes a sentence of an error that the provider sent the browser back
// with (RFC 6749, 4.1.2.1; OpenID Connect Core 1.0, 3.1.2.6). Its own description
// is not shown: anybody can have written it.
func (p *Provider) said(code string) error {
	switch code {
	case "access_denied":
		return refuse(RefusedAnswer, "The hospital's sign-in did not let you in, or you stopped it. Sign in again, or ask IT.")
	case "server_error", "temporarily_unavailable":
		return refuse(RefusedDown, "The hospital's sign-in has a problem just now. Try again in a moment.")
	case "login_required", "interaction_required", "account_selection_required", "consent_required":
		return refuse(RefusedAnswer, "The hospital's sign-in wants you to sign in there first. Sign in again.")
	}
	p.Log.Error("the hospital's sign-in refuses us", "issuer", p.Issuer, "code", fmt.Sprintf("%.40q", code))
	return refuse(RefusedAnswer, "The hospital's sign-in refused this server. Tell IT: the server's log says why.")
}

func (p *Provider) unproven(why string, err error) error {
	p.Log.Error("a sign-in at the hospital was refused: "+why, "issuer", p.Issuer, "err", err)
	return refuse(RefusedToken, "What the hospital's sign-in sent cannot be believed, so you are not signed in. Sign in again; if it stays, tell IT.")
}

func refuse(code, sentence string) error { return &custody.Refusal{Code: code, Sentence: sentence} }

func (p *Provider) secret() (string, error) {
	var random [32]byte
	if _, err := io.ReadFull(p.Rand, random[:]); err != nil {
		return "", fmt.Errorf("beginning a sign-in: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(random[:]), nil
}

func stateKey(state string) string { return "oidc:state:" + digest(state) }

func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// text is a claim that is a text; nothing otherwise.
func text(raw json.RawMessage) (s string) {
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// texts is a claim that is a list of texts, or one text: where somebody has
// one group some providers send it bare.
func texts(raw json.RawMessage) (list []string) {
	if one := text(raw); one != "" {
		return []string{one}
	}
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	return list
}
