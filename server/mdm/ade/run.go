package ade

import (
	"context"
	"math/rand/v2"
	"time"
)

// Run looks every half hour until ctx ends. What fails is tried again after a
// minute, then ever later up to an hour: Apple slows down who insists.
func (s *Service) Run(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		wait := s.Every
		if _, err := s.Once(ctx); err != nil && ctx.Err() == nil {
			failures++
			wait = backoff(s.Backoff, failures)
			s.Count("failed")
			s.Logger.Warn("automated enrolment", "err", err, "again_in", wait.Round(time.Second))
		} else {
			failures = 0
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
		case <-t.C:
		}
	}
}

// backoff doubles first with each failure up to an hour, and spreads servers
// that failed together by up to a fifth.
func backoff(first time.Duration, failures int) time.Duration {
	wait := time.Hour
	if failures < 12 {
		wait = min(wait, first<<(failures-1))
	}
	return wait + time.Duration(rand.Int64N(int64(wait)/5+1))
}
