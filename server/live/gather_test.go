package live

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/padwarden/padwarden/server/custody"
)

func openGathered(t *testing.T, timeout time.Duration) (*Live, *miniredis.Miniredis) {
	t.Helper()
	m := miniredis.RunT(t)
	l, err := Open(t.Context(), Options{URL: "redis://" + m.Addr(), Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	return l, m
}

// Each of many callers gets its own answer, and nobody another's error.
func TestGatheredAnswersAreOnesOwn(t *testing.T) {
	l, _ := openGathered(t, time.Minute)
	defer l.Close()
	var all sync.WaitGroup
	for i := range 500 {
		all.Go(func() {
			key := fmt.Sprint("k", i)
			if _, err := l.Get(t.Context(), key); !errors.Is(err, custody.ErrNotFound) {
				t.Error(err)
			}
			if err := l.Put(t.Context(), key, []byte(key), time.Minute); err != nil {
				t.Error(err)
			}
			if v, err := l.Get(t.Context(), key); err != nil || string(v) != key {
				t.Errorf("%s is %q: %v", key, v, err)
			}
			if n, err := l.Count(t.Context(), "all", time.Minute); err != nil || n < 1 || n > 500 {
				t.Error(n, err)
			}
		})
	}
	all.Wait()
	if n, err := l.Peek(t.Context(), "all"); err != nil || n != 500 {
		t.Errorf("counted %d: %v", n, err)
	}
}

// A caller whose time is over does not wait, and harms nobody who asked with it.
func TestGatheredContextsEnd(t *testing.T) {
	l, m := openGathered(t, time.Minute)
	defer l.Close()
	ended, end := context.WithCancel(t.Context())
	end()
	if err := l.Put(ended, "a", []byte("a"), time.Minute); !errors.Is(err, context.Canceled) || !errors.Is(err, custody.ErrUnavailable) {
		t.Error(err)
	}
	if err := l.Put(t.Context(), "b", []byte("b"), time.Minute); err != nil {
		t.Error(err)
	}
	m.Close()
	if err := l.Put(t.Context(), "c", []byte("c"), time.Minute); !errors.Is(err, custody.ErrUnavailable) {
		t.Error(err)
	}
}

// What waited too long behind a Redis that hangs is not sent late.
func TestGatheredIsNotSentLate(t *testing.T) {
	l, m := openGathered(t, time.Minute)
	defer l.Close()
	l.gather.patient = -1
	if err := l.Put(t.Context(), "a", []byte("a"), time.Minute); !errors.Is(err, custody.ErrUnavailable) || !errors.Is(err, errWaited) {
		t.Error(err)
	}
	if keys := m.Keys(); len(keys) != 0 {
		t.Errorf("it was sent: %v", keys)
	}
}

// Whoever waits when it is closed, or comes after, gets an answer.
func TestGatheredEnds(t *testing.T) {
	l, _ := openGathered(t, time.Minute)
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for {
				if _, err := l.Count(t.Context(), "n", time.Minute); err != nil {
					if !errors.Is(err, custody.ErrUnavailable) {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	time.Sleep(20 * time.Millisecond)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	all.Wait()
}
