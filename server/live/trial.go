package live

import (
	"crypto/rand"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// trial is a Redis inside this process. It listens on the loopback address
// with a password that nobody knows. Its TIME is the process's clock, but its
// keys expire only when they are told to.
type trial struct {
	server *miniredis.Miniredis
	url    string
	quit   chan struct{}
	ended  chan struct{}
}

func startTrial() (*trial, error) {
	server := miniredis.NewMiniRedis()
	password := rand.Text()
	server.RequireAuth(password)
	if err := server.Start(); err != nil {
		return nil, err
	}
	t := &trial{server: server, url: "redis://default:" + password + "@" + server.Addr(),
		quit: make(chan struct{}), ended: make(chan struct{})}
	go t.age()
	return t, nil
}

// age lets keys expire with real time.
func (t *trial) age() {
	defer close(t.ended)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-t.quit:
			return
		case now := <-tick.C:
			t.server.FastForward(now.Sub(last))
			last = now
		}
	}
}

func (t *trial) stop() error {
	if t == nil {
		return nil
	}
	close(t.quit)
	<-t.ended
	t.server.Close()
	return nil
}
