package ledger

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/padwarden/padwarden/server/custody"
)

type bucketRow struct {
	bun.BaseModel `bun:"table:buckets,alias:buckets"`
	Bucket        int    `bun:"bucket,pk,type:bigint"`
	ID            string `bun:"id,type:text"`
	Beat          int64  `bun:"beat,type:bigint"`
}

// Buckets returns what SQL knows of each bucket (ID "" if never adopted), in order.
func (l *Ledger) Buckets(ctx context.Context) ([]custody.BucketState, error) {
	var rows []bucketRow
	if err := l.read.NewSelect().Model(&rows).Where("bucket < ?", custody.Buckets).Scan(ctx); err != nil {
		return nil, failed(ctx, "reading the buckets", err)
	}
	states := make([]custody.BucketState, custody.Buckets)
	for i := range states {
		states[i].Bucket = i
	}
	for _, r := range rows {
		states[r.Bucket] = custody.BucketState{Bucket: r.Bucket, ID: r.ID, Beat: r.Beat}
	}
	return states, nil
}

// AdoptBucket makes next the bucket's state if its ID is still prev's, or
// answers ErrStale. Of several servers that adopt from the same prev, one wins.
func (l *Ledger) AdoptBucket(ctx context.Context, prev, next custody.BucketState) error {
	doing := fmt.Sprintf("adopting bucket %d", next.Bucket)
	if prev.Bucket != next.Bucket || next.Bucket < 0 || next.Bucket >= custody.Buckets || next.ID == "" {
		return fmt.Errorf("%s from %d: %w", doing, prev.Bucket, custody.ErrConflict)
	}
	return l.change(ctx, doing, func(ctx context.Context, tx bun.Tx) error {
		unadopted := bucketRow{Bucket: next.Bucket}
		if _, err := tx.NewInsert().Model(&unadopted).On("CONFLICT (bucket) DO NOTHING").Exec(ctx); err != nil {
			return err
		}
		return oneRow(custody.ErrStale)(tx.NewUpdate().Model((*bucketRow)(nil)).
			Set("id = ?", next.ID).Set("beat = ?", next.Beat).
			Where("bucket = ? AND id = ?", next.Bucket, prev.ID).Exec(ctx))
	})
}

// BeatBuckets raises the beats of buckets whose ID is unchanged; a lower beat never lowers one.
func (l *Ledger) BeatBuckets(ctx context.Context, beats []custody.BucketState) error {
	if len(beats) == 0 {
		return nil
	}
	rows := make([]bucketRow, len(beats))
	buckets := make([]int, len(beats))
	for i, b := range beats {
		rows[i], buckets[i] = bucketRow{Bucket: b.Bucket, ID: b.ID, Beat: b.Beat}, b.Bucket
	}
	slices.Sort(buckets)
	return l.change(ctx, "raising the buckets' beats", func(ctx context.Context, tx bun.Tx) error {
		// All servers beat the same buckets every second: each locks them in the same order.
		if l.locksRows {
			var locked []int
			q := tx.NewSelect().Model((*bucketRow)(nil)).Column("bucket").Where("bucket IN (?)", bun.List(buckets)).OrderExpr("bucket")
			if err := l.locked(q).Scan(ctx, &locked); err != nil {
				return err
			}
		}
		_, err := tx.NewUpdate().With("next", tx.NewValues(&rows)).
			Model((*bucketRow)(nil)).TableExpr("next").Set("beat = next.beat").
			Where("buckets.bucket = next.bucket AND buckets.id = next.id AND buckets.beat < next.beat").
			Exec(ctx)
		return err
	})
}
