package sim

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"sync"
)

// Keys hands out RSA-2048 keys for identity certificates.
type Keys interface {
	Key(ctx context.Context) (*rsa.PrivateKey, error)
}

// KeyPool makes fresh keys ahead of time in one goroutine, so that a ward that
// enrols at once does not wait for each key. Every key is handed out once.
type KeyPool struct {
	keys chan *rsa.PrivateKey
	stop context.CancelFunc
	done chan struct{}
}

// NewKeyPool starts filling a pool of up to size keys; Close ends it.
func NewKeyPool(size int) *KeyPool {
	ctx, stop := context.WithCancel(context.Background())
	p := &KeyPool{keys: make(chan *rsa.PrivateKey, size), stop: stop, done: make(chan struct{})}
	go p.fill(ctx)
	return p
}

func (p *KeyPool) fill(ctx context.Context) {
	defer close(p.done)
	for ctx.Err() == nil {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return // Key makes its own and reports the error
		}
		select {
		case p.keys <- k:
		case <-ctx.Done():
		}
	}
}

// Key returns a key that nobody else has, from the pool or, once it is closed, made on the spot.
func (p *KeyPool) Key(ctx context.Context) (*rsa.PrivateKey, error) {
	select {
	case k := <-p.keys:
		return k, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.done:
	}
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("making an RSA key: %w", err)
	}
	return k, nil
}

// Close stops the pool and waits for its goroutine.
func (p *KeyPool) Close() {
	p.stop()
	<-p.done
}

// FixedKeys hands out a few keys in turn, again and again. Enrolments then
// share keys, which a real device never does: for tests and load generators,
// where making keys would be most of the work.
type FixedKeys struct {
	mu   sync.Mutex
	keys []*rsa.PrivateKey
	next int
}

// NewFixedKeys makes n keys.
func NewFixedKeys(n int) (*FixedKeys, error) {
	f := &FixedKeys{}
	for range n {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, fmt.Errorf("making an RSA key: %w", err)
		}
		f.keys = append(f.keys, k)
	}
	return f, nil
}

// Key returns the next key in turn.
func (f *FixedKeys) Key(context.Context) (*rsa.PrivateKey, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next++
	return f.keys[f.next%len(f.keys)], nil
}
