package app

import (
	"context"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/plan"
)

// drift says for the console how a device's profiles stood when it last listed them.
func (a *App) drift(ctx context.Context, id custody.DeviceID) (sentence string, seen time.Time, err error) {
	drifts, seen, err := a.Errands.Drift(ctx, id)
	if err != nil {
		return "", time.Time{}, err
	}
	return plan.DriftSentence(drifts), seen, nil
}
