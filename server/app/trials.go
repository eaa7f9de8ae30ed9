package app

import (
	"net/url"
	"strings"
	"time"

	"github.com/padwarden/padwarden/server/mdm/apns"
	"github.com/padwarden/padwarden/server/trial"
)

// trials is what begins, signs and keeps the tables of trials.
func (a *App) trials() (*trial.Office, error) {
	key, err := trial.OpenKey(a.streams, a.Ledger)
	if err != nil {
		return nil, err
	}
	o := &trial.Office{Store: a.Ledger, Key: key, Version: a.config.Version, Now: time.Now, Log: a.config.Logger}
	if o.Version == "" {
		o.Version = "unknown"
	}
	if o.Driver = "embedded"; a.config.NanoMDM.URL != "" {
		o.Driver = "nanomdm"
	}
	o.World, o.Because = a.world()
	return o, nil
}

// world says whether the iPads of this server can be real ones. Those are woken
// by Apple's push service alone, which knows no simulated ones, and speak to a
// server over https alone.
func (a *App) world() (trial.World, string) {
	host := apns.DefaultHost
	if a.config.APNsHost != "" {
		host = a.config.APNsHost
	}
	nano := a.config.NanoMDM.URL
	switch {
	case nano != "" && !strings.HasPrefix(nano, "https://"):
		return trial.Simulated, "iPads connect to " + nano + " over plain http, which no real iPad speaks to"
	case nano != "" && a.config.PushCertificate == nil && a.Secure():
		return trial.Hardware, "the NanoMDM server at " + nano + " wakes the iPads, and NanoMDM knows Apple's push service alone"
	case a.config.PushCertificate == nil:
		return trial.Simulated, "the server has no push certificate, so it can wake no real iPad"
	case a.config.APNsRoots != nil || !byApple(host):
		return trial.Simulated, "the server pushes through " + host + ", which is not Apple's push service: its iPads are simulated"
	case !a.Secure():
		return trial.Simulated, "the server is reached over plain http, which no real iPad speaks to"
	}
	return trial.Hardware, "the server wakes its iPads through Apple's push service, which knows no simulated ones"
}

func byApple(host string) bool {
	u, err := url.Parse(host)
	return err == nil && u.Scheme == "https" && (u.Hostname() == "api.push.apple.com" || strings.HasSuffix(u.Hostname(), ".push.apple.com"))
}
