package encode

// LockScreenParams are what an iPad's lock screen says. Both are for people.
type LockScreenParams struct {
	AssetTag string // "4B-07"
	Footnote string // "Ward 4B. If found, return to the nurses' station."
}

type lockScreen struct {
	header
	AssetTagInformation string `plist:",omitempty"`
	LockScreenFootnote  string `plist:",omitempty"` // iOS 9.3.1
}

// LockScreen names the iPad and its ward on the lock screen and a Shared
// iPad's login window (Apple: "Lock Screen Message", iOS 9.3, supervised).
// Device channel.
func LockScreen(p LockScreenParams) ([]byte, error) {
	d := draft{identifier: LockScreenID, name: "Ward on the lock screen", inputs: []string{p.AssetTag, p.Footnote}}
	return d.render(lockScreen{
		header:              d.head("message", "com.apple.shareddeviceconfiguration", "Lock screen message"),
		AssetTagInformation: printable(p.AssetTag), LockScreenFootnote: printable(p.Footnote),
	})
}
