package encode

// safariBrowser is Safari's bundle identifier.
const safariBrowser = "com.apple.mobilesafari"

// SafariLock locks a supervised one-user iPad into Safari (Apple: "App Lock",
// iOS 6.0). It takes an app and no address, so which page shows is Safari's own
// matter: experimental. Device channel.
func SafariLock() ([]byte, error) {
	d := draft{identifier: SafariLockID, name: "Locked to Safari"}
	return d.render(appLock{
		header: d.head("app-lock", "com.apple.app.lock", "Locked to Safari"),
		App:    lockedApp{Identifier: safariBrowser, UserEnabledOptions: accessibility{true, true, true, true, true}},
	})
}
