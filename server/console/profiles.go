package console

import (
	"context"
	"errors"
	"time"

	"github.com/padwarden/padwarden/server/custody"
)

// profilesView is how a device's profiles stand: in the API's words, and the
// page's.
type profilesView struct {
	Drift   string    `json:"drift"`         // a sentence; empty: they are as wanted, or nobody knows
	Seen    time.Time `json:"seen,omitzero"` // when the device last listed them; zero: not since it enrolled
	Unknown bool      `json:"unknown,omitempty"`
}

// profiles reads how a device's profiles stand; nil where nobody looks at them.
// What cannot be read is unknown, and never taken for as it should be.
func (s *Console) profiles(ctx context.Context, id custody.DeviceID) *profilesView {
	if s.Drift == nil {
		return nil
	}
	drift, seen, err := s.Drift(ctx, id)
	if err != nil {
		if !errors.Is(err, custody.ErrNotFound) {
			s.Log.Warn("a device's profiles cannot be compared", "device", id, "err", err)
		}
		return &profilesView{Unknown: true}
	}
	return &profilesView{Drift: drift, Seen: seen}
}
