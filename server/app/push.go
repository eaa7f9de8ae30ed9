package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/padwarden/padwarden/server/console"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/mdm/apns"
)

// lookAtPush is how often the log is told of trouble with pushing that the
// console shows all the time; while nothing changes it says so once a day.
const lookAtPush = time.Minute

// kindNoCertificate is the trouble of a server without a push certificate.
const kindNoCertificate apns.Kind = "no_certificate"

// pushTroubles are what keeps this server's pushes from leaving, or will soon.
func (a *App) pushTroubles() []apns.Trouble {
	switch {
	case a.push == nil && a.config.NanoMDM.URL != "": // that server wakes the iPads
		return nil
	case a.push == nil:
		return []apns.Trouble{{Kind: kindNoCertificate, Sentence: "There is no push certificate: no iPad is woken, each comes only by itself. " +
			"Get one at Apple's Push Certificates Portal and start the server with it (--push-cert).", Severe: true}}
	}
	return a.push.Troubles()
}

// troubles are what the console shows above every page.
func (a *App) troubles() []console.Trouble {
	var all []console.Trouble
	for _, t := range a.pushTroubles() {
		all = append(all, console.Trouble{Kind: string(t.Kind), Sentence: t.Sentence, Since: t.Since, Severe: t.Severe})
	}
	return all
}

// deviceTroubles are what the console shows beside a device's custody.
func (a *App) deviceTroubles(id custody.DeviceID) []console.Trouble {
	var all []console.Trouble
	if a.push != nil {
		if sentence, since := a.push.PushTrouble(id); sentence != "" {
			all = append(all, console.Trouble{Kind: console.KindPush, Sentence: sentence, Since: since, Severe: true})
		}
	}
	if sentence, since := a.Engine.RefusedEnrolment(id); sentence != "" {
		all = append(all, console.Trouble{Kind: "enrolment", Sentence: sentence, Since: since, Severe: true})
	}
	return all
}

// watchPush tells the log of trouble with pushing: when it changes, and once a
// day while it lasts. It ends with ctx.
func (a *App) watchPush(ctx context.Context) {
	tick := time.NewTicker(lookAtPush)
	defer tick.Stop()
	said := map[apns.Kind]time.Time{}
	for {
		said = a.logPush(said)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// logPush logs what is to be said, given when each kind was said last, and
// returns when each was said now.
func (a *App) logPush(said map[apns.Kind]time.Time) map[apns.Kind]time.Time {
	now, next := a.config.Now(), map[apns.Kind]time.Time{}
	for _, t := range a.pushTroubles() {
		next[t.Kind] = said[t.Kind]
		if at, known := said[t.Kind]; known && now.Sub(at) < 24*time.Hour {
			continue
		}
		next[t.Kind] = now
		if t.Severe {
			a.config.Logger.Error(t.Sentence, "alert", true, "kind", t.Kind)
		} else {
			a.config.Logger.Warn(t.Sentence, "alert", true, "kind", t.Kind)
		}
	}
	for kind := range said {
		if _, still := next[kind]; !still {
			a.config.Logger.Info("trouble with pushing is over", "kind", kind)
		}
	}
	return next
}

// measurePush adds the metrics of pushing: 1 for each kind of trouble that
// there is, and how long the certificate has to go.
func (a *App) measurePush() {
	for _, kind := range append([]apns.Kind{kindNoCertificate}, apns.Kinds...) {
		a.meters.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "padwarden_push_trouble", Help: "1 while this keeps pushes from leaving, or will soon.",
			ConstLabels: prometheus.Labels{"kind": string(kind)},
		}, func() float64 {
			for _, t := range a.pushTroubles() {
				if t.Kind == kind {
					return 1
				}
			}
			return 0
		}))
	}
	if a.push == nil {
		return
	}
	a.meters.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "padwarden_push_certificate_expires_seconds", Help: "Until the push certificate ends; below 0 once it has.",
	}, func() float64 { return a.push.Expires().Sub(a.config.Now()).Seconds() }))
}
