package encode

import "fmt"

// DefaultBrowser is the managed kiosk browser that shows our page where a ward
// names no other.
const DefaultBrowser = "com.padwarden.kiosk-browser"

// KioskParams are what a one-user iPad's badge-in page is made of.
type KioskParams struct {
	URL      string // the page's start address, with its one-time secret
	AppLock  bool   // lock target kiosk-app: nothing but the browser can be opened
	BundleID string // the kiosk browser; empty: DefaultBrowser
}

type webClip struct {
	header
	FullScreen                        bool
	IgnoreManifestScope               bool
	IsRemovable                       bool
	Label                             string
	TargetApplicationBundleIdentifier string `plist:",omitempty"`
	URL                               string
}

type appLock struct {
	header
	App lockedApp
}

type lockedApp struct {
	Identifier string
	// UserEnabledOptions lets a clinician who needs them turn them on: an app
	// lock without them locks out who cannot see or touch as others do.
	UserEnabledOptions accessibility
}

type accessibility struct {
	AssistiveTouch bool
	InvertColors   bool
	VoiceControl   bool // iOS 13.0
	VoiceOver      bool
	Zoom           bool
}

// Kiosk puts the badge-in page on a one-user iPad (Apple: "Web Clip", iOS 4.0;
// IgnoreManifestScope and TargetApplicationBundleIdentifier iOS 14.0) and, with
// AppLock, locks the iPad to the kiosk browser that shows it ("App Lock", iOS
// 6.0, supervised; the browser must be installed first). The app lock names no
// auto-lock option, so the screen still goes off by itself. Device channel; on
// Shared iPad web clips are for the user channel: [WebClip].
func Kiosk(p KioskParams) ([]byte, error) {
	if err := address("URL", p.URL); err != nil {
		return nil, fmt.Errorf("rendering profile %s: %w", KioskID, err)
	}
	browser := p.BundleID
	if browser == "" {
		browser = DefaultBrowser
	}
	if err := bundle(browser); err != nil {
		return nil, fmt.Errorf("rendering profile %s: %w", KioskID, err)
	}
	d := draft{identifier: KioskID, name: "Badge in", inputs: []string{p.URL, browser, fmt.Sprint(p.AppLock)}}
	if !p.AppLock {
		return d.render(d.webClip(p.URL, ""))
	}
	return d.render(d.webClip(p.URL, browser), appLock{
		header: d.head("app-lock", "com.apple.app.lock", "Locked to badge in"),
		App:    lockedApp{Identifier: browser, UserEnabledOptions: accessibility{true, true, true, true, true}},
	})
}

// WebClip puts the badge-in page on the Home Screen of a Shared iPad's user
// (Apple: "Web Clip", iOS 4.0). User channel only.
func WebClip(url string) ([]byte, error) {
	if err := address("URL", url); err != nil {
		return nil, fmt.Errorf("rendering profile %s: %w", WebClipID, err)
	}
	d := draft{identifier: WebClipID, name: "Badge in", inputs: []string{url}}
	return d.render(d.webClip(url, ""))
}

func (d draft) webClip(url, browser string) webClip {
	return webClip{
		header:     d.head("page", "com.apple.webClip.managed", "Badge-in page"),
		FullScreen: true, IgnoreManifestScope: true, IsRemovable: false,
		Label: "Badge in", TargetApplicationBundleIdentifier: browser, URL: url,
	}
}
