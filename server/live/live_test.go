package live_test

import (
	"testing"

	"github.com/padwarden/padwarden/server/live/livetest"
)

func TestMiniredis(t *testing.T) { livetest.Run(t, livetest.Miniredis) }

func TestRedisServer(t *testing.T) { livetest.Run(t, livetest.StartServer(t).Fresh) }
