package live

import (
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/padwarden/padwarden/server/custody"
)

// codes are the words a script's error begins with.
var codes = map[string]error{
	"LOST":     custody.ErrLost,
	"STALE":    custody.ErrStale,
	"LOCKED":   custody.ErrLocked,
	"NOTFOUND": custody.ErrNotFound,
}

// failed says what was being done and wraps err in custody's vocabulary.
// Everything that is not an answer of a script is ErrUnavailable: the network,
// a timeout, OOM, READONLY, a cluster without a master. A context's error can
// still be told apart in the chain.
func failed(err error, doing string, args ...any) error {
	if err == nil {
		return nil
	}
	doing = fmt.Sprintf(doing, args...)
	for _, known := range []error{custody.ErrLost, custody.ErrStale, custody.ErrLocked, custody.ErrNotFound,
		custody.ErrConflict, custody.ErrUnavailable} {
		if errors.Is(err, known) {
			return fmt.Errorf("%s: %w", doing, err)
		}
	}
	if errors.Is(err, redis.Nil) {
		return fmt.Errorf("%s: %w", doing, custody.ErrNotFound)
	}
	var answer redis.Error
	if errors.As(err, &answer) {
		word, why, _ := strings.Cut(answer.Error(), " ")
		if known, ok := codes[word]; ok {
			return fmt.Errorf("%s: %w (%s)", doing, known, why)
		}
	}
	return fmt.Errorf("%s: %w: %w", doing, custody.ErrUnavailable, err)
}
