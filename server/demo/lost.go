package demo

import (
	"context"
	"fmt"
	"time"
)

// emptiedRedis: every open session comes back locked, its holder resumes in the
// same epoch, and nothing is wiped because of it (P6).
func emptiedRedis(ctx context.Context, h *Hospital, tell func(string, string)) error {
	holders := []at{h.at(9, "4E-07"), h.at(10, "4E-08")}
	epochs := make([]int64, len(holders))
	for i, a := range holders {
		s, err := a.badgeIn(ctx)
		if err != nil {
			return err
		}
		epochs[i] = s.Epoch
	}
	erased := h.erased()
	began := time.Now()
	h.redis.FlushAll()
	tell("emptied", "all of Redis, with two sessions open")
	for _, a := range holders {
		if _, err := a.wakes(ctx, "the lock", state("locked")); err != nil {
			return err
		}
	}
	tell("locked", fmt.Sprintf("both, %.1f s later", time.Since(began).Seconds()))
	for i, a := range holders {
		s, err := a.comesBack(ctx)
		if err != nil {
			return err
		}
		if s.Epoch != epochs[i] || len(a.d.Truth().Canaries) == 0 {
			return fmt.Errorf("%s resumed in epoch %d of %d", a.d.Serial(), s.Epoch, epochs[i])
		}
	}
	tell("resume", "both, in the same epoch with their work")
	if now := h.erased(); now != erased {
		return fmt.Errorf("%d iPads were erased because of it", now-erased)
	}
	tell("nothing wiped", "no iPad was erased, none that was unclean is offered")
	return nil
}

func (h *Hospital) erased() (n int) {
	for _, d := range h.Fleet.Devices() {
		n += d.Truth().Erased
	}
	return n
}
