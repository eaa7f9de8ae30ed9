package identity

import (
	"context"
	"fmt"
	"time"
)

func strongKey(clinician string) string { return "strong:" + clinician }

// MarkStrong remembers for d that a clinician has used a passkey: so long their
// badge and PIN are enough in a ward that asks for one once a shift. Losing it
// with Redis asks for the passkey again, and nothing else.
func (i *Identity) MarkStrong(ctx context.Context, clinician string, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	if err := i.Live.Put(ctx, strongKey(clinician), []byte(i.Now().UTC().Format(time.RFC3339)), d); err != nil {
		return fmt.Errorf("remembering a passkey's sign-in: %w", err)
	}
	return nil
}

// StrongValid reports whether a clinician has used a passkey in the time that
// [Identity.MarkStrong] was given. What cannot be read is not valid.
func (i *Identity) StrongValid(ctx context.Context, clinician string) bool {
	_, err := i.Live.Get(ctx, strongKey(clinician))
	return err == nil
}
