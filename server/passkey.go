package main

import "github.com/padwarden/padwarden/server/app"

// passkeyFlags say what passkeys are made for.
type passkeyFlags struct {
	RPID   string   `help:"Domain that passkeys and security keys are made for; without it the host of --base-url. It must never change: those made for another stop working." name:"rp-id" env:"PADWARDEN_RP_ID"`
	Models []string `help:"AAGUIDs of the security keys that may be registered, by commas; without any, every kind." name:"passkey-models" env:"PADWARDEN_PASSKEY_MODELS"`
}

func (f passkeyFlags) config() app.PasskeyConfig {
	return app.PasskeyConfig{RPID: f.RPID, Models: f.Models}
}
