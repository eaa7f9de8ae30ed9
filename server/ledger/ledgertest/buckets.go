package ledgertest

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

var bucketCases = map[string]func(*testing.T, Fresh){
	"adopted by compare-and-set": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		states := value[[]custody.BucketState](t)(l.Buckets(t.Context()))
		wantEqual(t, len(states), custody.Buckets)
		wantEqual(t, states[7], custody.BucketState{Bucket: 7})

		a := custody.BucketState{Bucket: 7, ID: "a", Beat: 5}
		must(t, l.AdoptBucket(t.Context(), states[7], a))
		wantErr(t, l.AdoptBucket(t.Context(), states[7], custody.BucketState{Bucket: 7, ID: "b"}), custody.ErrStale)
		wantEqual(t, value[[]custody.BucketState](t)(l.Buckets(t.Context()))[7], a)

		b := custody.BucketState{Bucket: 7, ID: "b", Beat: 1}
		must(t, l.AdoptBucket(t.Context(), a, b))
		wantEqual(t, value[[]custody.BucketState](t)(l.Buckets(t.Context()))[7], b)
		wantErr(t, l.AdoptBucket(t.Context(), a, custody.BucketState{Bucket: 8, ID: "x"}), custody.ErrConflict)
		wantErr(t, l.AdoptBucket(t.Context(), custody.BucketState{Bucket: 64}, custody.BucketState{Bucket: 64, ID: "x"}), custody.ErrConflict)
	},
	"of many that adopt one wins": func(t *testing.T, fresh Fresh) {
		o := fresh(t)
		l := Open(t, o)
		servers := []*ledger.Ledger{l, second(t, l, o)}
		var won atomic.Int32
		together(16, func(i int) {
			err := servers[i%2].AdoptBucket(t.Context(), custody.BucketState{}, custody.BucketState{ID: fmt.Sprint(i)})
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, custody.ErrStale) {
				t.Error(err)
			}
		})
		wantEqual(t, won.Load(), 1)
	},
	"a beat only rises, and only for its own id": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		for i := range 3 {
			must(t, l.AdoptBucket(t.Context(), custody.BucketState{Bucket: i}, custody.BucketState{Bucket: i, ID: "a", Beat: 10}))
		}
		must(t, l.BeatBuckets(t.Context(), []custody.BucketState{
			{Bucket: 2, ID: "b", Beat: 99}, {Bucket: 1, ID: "a", Beat: 9}, {Bucket: 0, ID: "a", Beat: 11}, {Bucket: 5, ID: "a", Beat: 1},
		}))
		got := value[[]custody.BucketState](t)(l.Buckets(t.Context()))
		wantEqual(t, []int64{got[0].Beat, got[1].Beat, got[2].Beat, got[5].Beat}, []int64{11, 10, 10, 0})
		must(t, l.BeatBuckets(t.Context(), nil))
	},
	"servers beat together": func(t *testing.T, fresh Fresh) {
		o := fresh(t)
		if o.DSN != "" { // a plan that takes the rows in the order of the statement
			o.DSN += "&enable_hashjoin=off&enable_mergejoin=off&enable_seqscan=off"
		}
		l := Open(t, o)
		servers := []*ledger.Ledger{l, second(t, l, o)}
		beats := make([]custody.BucketState, custody.Buckets)
		for i := range beats {
			beats[i] = custody.BucketState{Bucket: i, ID: "a"}
			must(t, l.AdoptBucket(t.Context(), custody.BucketState{Bucket: i}, beats[i]))
		}
		together(8, func(i int) {
			for round := range 20 {
				mine := slices.Clone(beats)
				for j := range mine {
					mine[j].Beat = int64(round*8 + i + 1)
				}
				if i%2 == 1 {
					slices.Reverse(mine)
				}
				if err := servers[i%2].BeatBuckets(t.Context(), mine); err != nil {
					t.Error(err)
				}
			}
		})
		for _, b := range value[[]custody.BucketState](t)(l.Buckets(t.Context())) {
			wantEqual(t, b.Beat, 20*8)
		}
	},
}
