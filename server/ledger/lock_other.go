//go:build !unix

package ledger

import (
	"fmt"
	"runtime"

	"github.com/padwarden/padwarden/server/custody"
)

// lockFile refuses: without a lock that ends with its process, two processes
// could come to keep two truths.
func lockFile(path string) (func() error, error) {
	return nil, fmt.Errorf("a SQLite ledger cannot be locked on %s, use PostgreSQL: %w", runtime.GOOS, custody.ErrUnavailable)
}
