package main

import "github.com/padwarden/padwarden/server/app"

// hostFlags give each of the three that the server talks to a name of its own.
type hostFlags struct {
	KioskURL   string `help:"Address of the iPads' page and the badge readers, https://…, if it is to have one of its own; nothing else answers there." name:"kiosk-url" env:"PADWARDEN_KIOSK_URL"`
	ConsoleURL string `help:"Address of the console and the API, likewise." name:"console-url" env:"PADWARDEN_CONSOLE_URL"`
	MDMURL     string `help:"Address that iPads are managed from, likewise. It is written into every enrolment." name:"mdm-url" env:"PADWARDEN_MDM_URL"`
}

func (f hostFlags) hosts() app.Hosts {
	return app.Hosts{Kiosk: f.KioskURL, Console: f.ConsoleURL, MDM: f.MDMURL}
}
