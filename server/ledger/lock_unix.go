//go:build unix

package ledger

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/padwarden/padwarden/server/custody"
)

// lockFile keeps other processes out for as long as the file is held; the
// system lets go of it when the process ends, however it ends. The file itself
// stays: removing it would let two processes lock two files of one name.
func lockFile(path string) (release func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the ledger: %w", errors.Join(custody.ErrUnavailable, err))
	}
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return nil, fmt.Errorf("another process has this ledger open (it holds %s): %w", path, errors.Join(custody.ErrConflict, f.Close()))
	case err != nil:
		return nil, fmt.Errorf("locking %s: %w", path, errors.Join(custody.ErrUnavailable, err, f.Close()))
	}
	return f.Close, nil
}
