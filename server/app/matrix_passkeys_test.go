package app

import "maps"

// own is a page of whoever is signed in; others are shown where to.
const own guard = "own"

func init() {
	maps.Copy(routes, map[string]shut{
		"POST /kiosk/passkey/begin": {guard: ipad}, "POST /kiosk/passkey/finish": {guard: ipad}, "POST /kiosk/passkey/add": {guard: ipad},
		"POST /kiosk/passkey/add/begin": {guard: ipad}, "POST /kiosk/passkey/add/finish": {guard: ipad},
		"POST /console/start/passkey/begin": {guard: open}, "POST /console/start/passkey": {guard: open},
		"GET /console/me":                      {guard: own},
		"POST /console/me/passkeys/begin":      {guard: signed},
		"POST /console/me/passkeys":            {guard: signed},
		"POST /console/me/passkeys/:id/name":   {guard: signed},
		"POST /console/me/passkeys/:id/remove": {guard: signed},
		"GET /console/keys/:owner":             {guard: page, action: "keys"},
		"POST /console/keys/:owner/:id/remove": {guard: change, action: "keys"},
	})
}
