package app

import (
	"crypto/tls"
	"crypto/x509"
	"testing"

	"github.com/padwarden/padwarden/server/trial"
)

// Only what wakes real iPads has real iPads. Whatever else it is, a table made
// there is a simulation's.
func TestWhatCountsAsHardware(t *testing.T) {
	cert := &tls.Certificate{}
	for name, c := range map[string]struct {
		config Config
		url    string
		want   trial.World
	}{
		"Apple's push service":           {Config{PushCertificate: cert}, "https://ipads.example.org", trial.Hardware},
		"the same by its name":           {Config{PushCertificate: cert, APNsHost: "https://api.push.apple.com:2197"}, "https://ipads.example.org", trial.Hardware},
		"no push certificate":            {Config{}, "https://ipads.example.org", trial.Simulated},
		"a simulated push service":       {Config{PushCertificate: cert, APNsHost: "https://127.0.0.1:4444"}, "https://ipads.example.org", trial.Simulated},
		"one that is called like it":     {Config{PushCertificate: cert, APNsHost: "https://api.push.apple.com.example.org"}, "https://ipads.example.org", trial.Simulated},
		"and another":                    {Config{PushCertificate: cert, APNsHost: "https://xpush.apple.com"}, "https://ipads.example.org", trial.Simulated},
		"Apple over plain http":          {Config{PushCertificate: cert, APNsHost: "http://api.push.apple.com"}, "https://ipads.example.org", trial.Simulated},
		"Apple's name, but not its root": {Config{PushCertificate: cert, APNsRoots: x509.NewCertPool()}, "https://ipads.example.org", trial.Simulated},
		"a server over plain http":       {Config{PushCertificate: cert}, "http://127.0.0.1:8080", trial.Simulated},
		"a NanoMDM server":               {Config{NanoMDM: NanoMDM{URL: "https://mdm.example.org"}}, "https://ipads.example.org", trial.Hardware},
		"one over plain http":            {Config{NanoMDM: NanoMDM{URL: "http://127.0.0.1:9000"}}, "https://ipads.example.org", trial.Simulated},
		"one, and we over plain http":    {Config{NanoMDM: NanoMDM{URL: "https://mdm.example.org"}}, "http://127.0.0.1:8080", trial.Simulated},
		"one that we push for, elsewhere": {Config{NanoMDM: NanoMDM{URL: "https://mdm.example.org"}, PushCertificate: cert, APNsHost: "https://127.0.0.1:4444"},
			"https://ipads.example.org", trial.Simulated},
	} {
		a := &App{config: c.config, URL: c.url, hosts: Hosts{}.or(c.url)}
		if world, because := a.world(); world != c.want || because == "" {
			t.Errorf("%s: %s, because %s", name, world, because)
		}
	}
}
