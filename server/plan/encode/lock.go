package encode

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

type deviceLock struct {
	Message string `plist:",omitempty"`
}

// DeviceLock locks an iPad at once (Apple: "Device Lock Command", iOS 4.0).
// Without a passcode or an app lock it only turns the screen off. The message,
// for people, may be empty; it shows only where a passcode is set and is
// ignored on Shared iPad. Device channel only.
func DeviceLock(uuid, message string) ([]byte, error) {
	if message == "" && plain(uuid) {
		around := bareLock()
		return slices.Concat(around[0], []byte(uuid), around[1]), nil
	}
	return Command(uuid, "DeviceLock", deviceLock{Message: printable(message)})
}

// bareLock is a DeviceLock without a message, before and after its CommandUUID.
// One is made for every row that is published with somebody's data on the
// device, so it is encoded once.
var bareLock = sync.OnceValue(func() (around [2][]byte) {
	const mark = "00000000-0000-0000-0000-000000000000"
	whole, err := Command(mark, "DeviceLock", deviceLock{})
	before, after, found := bytes.Cut(whole, []byte(mark))
	if err != nil || !found {
		panic(fmt.Sprintf("encoding a DeviceLock: %v", err)) // of constants alone
	}
	return [2][]byte{before, after}
})

// plain: an id that XML carries as it is.
func plain(id string) bool {
	return id != "" && !strings.ContainsFunc(id, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// LostMode is what a lost iPad shows: a message, a phone number or both, and a
// line in place of the unlock prompt. All are for people.
type LostMode struct {
	Message  string
	Phone    string
	Footnote string
}

type enableLostMode struct {
	Footnote    string `plist:",omitempty"`
	Message     string `plist:",omitempty"`
	PhoneNumber string `plist:",omitempty"`
}

// EnableLostMode locks a supervised iPad until [DisableLostMode] (Apple:
// "Enable Lost Mode Command", iOS 9.3). Device channel only.
func EnableLostMode(uuid string, l LostMode) ([]byte, error) {
	if l.Message == "" && l.Phone == "" {
		return nil, errors.New("encoding EnableLostMode: it needs a message or a phone number")
	}
	return Command(uuid, "EnableLostMode", enableLostMode{
		Footnote: printable(l.Footnote), Message: printable(l.Message), PhoneNumber: printable(l.Phone),
	})
}

// DisableLostMode ends Lost Mode (Apple: "Disable Lost Mode Command", iOS 9.3,
// supervised). Device channel only.
func DisableLostMode(uuid string) ([]byte, error) { return Command(uuid, "DisableLostMode", nil) }

// DeviceLocation asks a supervised iPad in Lost Mode where it is (Apple:
// "Device Location Command", iOS 9.3). Out of Lost Mode it is refused. Device
// channel only.
func DeviceLocation(uuid string) ([]byte, error) { return Command(uuid, "DeviceLocation", nil) }

// PlayLostModeSound has a supervised iPad in Lost Mode play a sound until it is
// found or somebody there ends it (Apple: "Play Lost Mode Sound Command", iOS
// 10.3). Device channel only.
func PlayLostModeSound(uuid string) ([]byte, error) { return Command(uuid, "PlayLostModeSound", nil) }

// RestartDevice restarts a supervised iPad (Apple: "Restart Device Command",
// iOS 10.3). One that has a passcode does not join Wi-Fi again until it is
// entered, so no command reaches it: never part of a plan. Device channel only.
func RestartDevice(uuid string) ([]byte, error) { return Command(uuid, "RestartDevice", nil) }
