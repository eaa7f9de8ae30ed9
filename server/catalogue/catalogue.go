// Package catalogue writes out every command and profile that padwarden can
// send, so that an administrator can read them, or hand them to a checker,
// before anything is pushed to a real iPad.
package catalogue

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/padwarden/padwarden/server/custody"
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
func Write(dir string) error {
	for _, it := range items() {
		body, err := it.render()
		if err != nil {
			return fmt.Errorf("writing the catalogue: %s for %s: %w", it.name, it.fleet, err)
		}
		folder := filepath.Join(dir, string(it.fleet), it.channel)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fmt.Errorf("writing the catalogue: %w", err)
		}
		if err := os.WriteFile(filepath.Join(folder, it.name), body, 0o644); err != nil {
			return fmt.Errorf("writing the catalogue: %w", err)
		}
	}
	return nil
}
