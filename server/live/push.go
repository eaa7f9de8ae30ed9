package live

import (
	"context"

	"github.com/padwarden/padwarden/server/custody"
)

// KeepPush mirrors a device's push record, opaque here, so that it can be
// nudged while SQL cannot be reached (hand-over rule 10). Adopting its bucket
// drops it with everything else: whoever republishes the rows keeps the push
// records again.
func (l *Live) KeepPush(ctx context.Context, id custody.DeviceID, record []byte) error {
	b := bucketOf(id)
	_, err := l.runGated(ctx, b, keepPushScript, []string{b.push + string(id), b.members}, string(id), record)
	return failed(err, "keeping the push record of %s", id)
}

// PushRecord returns what KeepPush kept; ErrNotFound if nothing.
func (l *Live) PushRecord(ctx context.Context, id custody.DeviceID) ([]byte, error) {
	b := bucketOf(id)
	v, err := l.runGated(ctx, b, pushScript, []string{b.push + string(id)})
	if err != nil {
		return nil, failed(err, "reading the push record of %s", id)
	}
	record, _ := v.(string)
	return []byte(record), nil
}
