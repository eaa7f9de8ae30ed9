package live

import (
	"fmt"

	"github.com/padwarden/padwarden/server/custody"
)

// bucket holds the key names of one bucket; all carry its hash tag.
type bucket struct {
	n                        int
	gen, wake, feed, members string
	dev, row, push, owed     string // prefixes, to be followed by a device id
	kv, count                string // prefixes, to be followed by a key
}

var buckets = func() (bs [custody.Buckets]bucket) {
	for n := range bs {
		tag := fmt.Sprintf("{b%02d}", n)
		bs[n] = bucket{
			n:   n,
			gen: "gen:" + tag, wake: "wake:" + tag, feed: "feed:" + tag, members: "members:" + tag,
			dev: "dev:" + tag + ":", row: "row:" + tag + ":", push: "push:" + tag + ":", owed: "owed:" + tag + ":",
			kv: "kv:" + tag + ":", count: "count:" + tag + ":",
		}
	}
	return bs
}()

// bucketOf returns the bucket of a device or of any other key.
func bucketOf[K ~string](key K) *bucket { return &buckets[custody.Bucket(string(key))] }
