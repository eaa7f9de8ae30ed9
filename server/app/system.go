package app

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/padwarden/padwarden/server/console"
)

// How long before its end a certificate is spoken of.
const (
	pushSoon = 30 * 24 * time.Hour
	caSoon   = 365 * 24 * time.Hour
)

// system says how the parts of this server stand. It names no secret, and no
// address with a password in it.
func (a *App) system(ctx context.Context) []console.SystemPart {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return []console.SystemPart{a.driverPart(), a.pushPart(), a.authorityPart(), a.webPart(), a.sqlPart(ctx), a.redisPart(ctx), a.helpersPart()}
}

func (a *App) driverPart() console.SystemPart {
	p := console.SystemPart{Title: "Device management", State: "good", Says: "iPads connect to padwarden itself.",
		Facts: []console.SystemFact{{Label: "Version of padwarden", Value: cmp.Or(a.config.Version, "a build of one's own")}, {Label: "iPads connect to", Value: a.hosts.MDM}}}
	if a.config.NanoMDM.URL != "" {
		p.State, p.Says = "soon", "iPads connect to a NanoMDM server with a queue of its own."
		p.Do = "What was put into that queue counts as handed over: a wipe that is in it cannot be called back. Where that matters, let the iPads connect to padwarden."
		p.Facts[1].Value = a.config.NanoMDM.URL
	}
	if a.config.WiFi == nil {
		p.Facts = append(p.Facts, console.SystemFact{Label: "Wi-Fi profile of an erased iPad", Value: "none: it needs a network without a password, or a cable"})
	} else {
		p.Facts = append(p.Facts, console.SystemFact{Label: "Wi-Fi profile of an erased iPad", Value: "given"})
	}
	return p
}

func (a *App) pushPart() console.SystemPart {
	p := console.SystemPart{Title: "Push certificate", State: "good"}
	switch {
	case a.push == nil && a.config.NanoMDM.URL != "":
		p.Says = "The NanoMDM server wakes the iPads, by its own certificate."
		p.Facts = []console.SystemFact{{Label: "Topic", Value: a.config.NanoMDM.Topic}}
		return p
	case a.push == nil:
		p.State, p.Says = "bad", "There is none: no iPad is woken, each comes only by itself."
		p.Do = "Get one at Apple's Push Certificates Portal and start the server with it (--push-cert)."
		return p
	}
	left := a.push.Expires().Sub(a.config.Now())
	p.Facts = []console.SystemFact{{Label: "Topic", Value: a.push.Topic()}, {Label: "Ends", At: a.push.Expires()}}
	p.Says = fmt.Sprintf("It is good for %d more days.", int(left.Hours()/24))
	p.Do = "Renew it at Apple's Push Certificates Portal with the same Apple Account, and start the servers with it. A new one instead would leave every iPad to be enrolled again."
	if left < pushSoon {
		p.State = "soon"
	}
	if left <= 0 {
		p.State, p.Says = "bad", "It has ended: no iPad is woken, and no lock or wipe reaches one that sleeps."
	}
	if troubles := a.push.Troubles(); p.State == "good" && len(troubles) > 0 {
		p.State, p.Says = "bad", troubles[0].Sentence
	}
	return p
}

func (a *App) authorityPart() console.SystemPart {
	c := a.authority.Certificate()
	left := c.NotAfter.Sub(a.config.Now())
	p := console.SystemPart{Title: "Authority of the iPads' certificates", State: "good",
		Says:  "Each iPad has a certificate of its own, bound to its serial number and renewed by itself.",
		Facts: []console.SystemFact{{Label: "Name", Value: c.Subject.CommonName}, {Label: "Ends", At: c.NotAfter}}}
	if left < caSoon {
		p.State, p.Says = "soon", "It ends within a year: plan to enrol every iPad anew."
	}
	return p
}

func (a *App) webPart() console.SystemPart {
	p := console.SystemPart{Title: "Web addresses", State: "good", Says: "People and iPads reach the server over https.",
		Facts: []console.SystemFact{{Label: "Console", Value: a.hosts.Console}, {Label: "iPads' page", Value: a.hosts.Kiosk}}}
	if !a.Secure() {
		p.State, p.Says = "bad", "People and iPads reach the server without https: for a trial on this machine only."
		p.Do = "Put a proxy with a certificate in front of it, and say by which address it is reached (--base-url)."
	}
	return p
}

func (a *App) sqlPart(ctx context.Context) console.SystemPart {
	p := console.SystemPart{Title: "Database", State: "good", Says: "It answers.", Facts: []console.SystemFact{{Label: "Kind", Value: "SQLite, a file on this machine"}}}
	if a.config.Database != "" {
		p.Facts[0].Value = "PostgreSQL"
	}
	if a.Ledger.Ping(ctx) != nil {
		p.State, p.Says, p.Do = "bad", "It does not answer: nobody can take an iPad.", "Look after the database. Locks go on meanwhile; what happened is written when it is back."
	}
	return p
}

func (a *App) redisPart(ctx context.Context) console.SystemPart {
	p := console.SystemPart{Title: "Redis", State: "good", Says: "It answers, and every session is in it.", Facts: []console.SystemFact{{Label: "Kind", Value: "a server of its own"}}}
	if a.Live.Trial() {
		p.State, p.Facts[0].Value = "soon", "inside this process"
		p.Says, p.Do = "For a trial: a restart locks every open session.", "Give a Redis of its own (--redis)."
	}
	for _, err := range []error{a.Live.Ready(ctx), a.Steward.Ready()} {
		if err != nil {
			p.State, p.Says, p.Do = "bad", "It cannot be relied on: open sessions are locked, and nobody can take an iPad.", "Look after Redis. Sessions come back as locked, and their holders resume with a tap."
			a.config.Logger.Info("the system page was told", "err", err)
		}
	}
	return p
}

func (a *App) helpersPart() console.SystemPart {
	on := func(b bool, yes, no string) string {
		if b {
			return yes
		}
		return no
	}
	p := console.SystemPart{Title: "Sign-in and enrolment", State: "good", Says: "What is set up beside."}
	p.Facts = []console.SystemFact{
		{Label: "Hospital accounts", Value: on(a.Provider != nil, "on", "off")},
		{Label: "Passkeys", Value: on(a.Passkeys != nil, "on", "off")},
		{Label: "Automated device enrolment", Value: on(a.config.ADE.Token != nil, "on", "off")},
	}
	if token := a.config.ADE.Token; token != nil {
		p.Facts = append(p.Facts, console.SystemFact{Label: "Its token ends", At: token.AccessTokenExpiry})
		if token.AccessTokenExpiry.Sub(a.config.Now()) < pushSoon {
			p.State, p.Says = "soon", "The token of automated device enrolment ends soon or has ended."
			p.Do = "Renew it in Apple Business Manager, and start the server with it (--ade-token)."
		}
	}
	if why := strings.TrimSpace(a.noPasskeys); why != "" {
		p.Do = cmp.Or(p.Do, why)
	}
	return p
}
