// Package catalogue writes out every command and profile that padwarden can
// send, so that an administrator can read them, or hand them to a checker,
// before anything is pushed to a real iPad.
package catalogue

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan/encode"
)

// Channels as the catalogue's folders are named.
const (
	device = "device"
	user   = "user" // Shared iPad only
)

// item is one file: rendered by encode's own constructor, with the inputs of
// an example ward.
type item struct {
	fleet   custody.FleetKind
	channel string
	name    string // with .plist (a command) or .mobileconfig (a profile)
	render  func() ([]byte, error)
}

// Write writes the catalogue as DIR/<fleet-kind>/<device|user>/<name>.plist for
// commands and .mobileconfig for profiles. It makes the folders it needs,
// replaces files of those names and leaves others alone. The values in them
// are examples and belong to nobody; the same version writes the same bytes.
//
// With a version ("17.0") the keys that are newer than it are left out; an iPad
// reads over them. Empty writes them all. The plans need iPadOS 17.0.
func Write(dir, version string) error {
	v, err := encode.ParseVersion(version)
	if err == nil && v.Before(encode.Oldest) {
		err = fmt.Errorf("iPadOS %s is too old: Return to Service and a Shared iPad's lock timings came with 17.0", version)
	}
	if err != nil {
		return fmt.Errorf("writing the catalogue: %w", err)
	}
	for _, it := range items(v) {
		if err := it.write(dir); err != nil {
			return fmt.Errorf("writing the catalogue: %w", err)
		}
	}
	return nil
}

func (it item) write(dir string) error {
	body, err := it.render()
	if err != nil {
		return fmt.Errorf("%s for %s: %w", it.name, it.fleet, err)
	}
	folder := filepath.Join(dir, string(it.fleet), it.channel)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, it.name), body, 0o644)
}
