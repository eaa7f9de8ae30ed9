package steward_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/padwarden/padwarden/server/beside"
	"github.com/padwarden/padwarden/server/custody"
)

// BenchmarkClaims is a badge-in without the hash, from 64 at once: decided,
// committed with its history row, and the session opened. Beside it a bare
// program that does what cannot be left out: the same compare-and-set and
// history row, prepared, with as many others as wait in one transaction, on a
// SQLite file as durable (synchronous FULL), and one script that opens the
// session in the same Redis.
func BenchmarkClaims(b *testing.B) {
	const devices, many = 512, 64
	h := open(b, 2*time.Minute)
	h.clean(devices)
	bare := newBareClaims(b, h.redis.URL, devices)
	var ours, floor time.Duration
	side := func(unit string, spent *time.Duration, clean func() error, claim func(i int) error) beside.Side {
		return beside.Side{Unit: unit, Spent: func() time.Duration { return *spent }, Do: func(b *testing.B, n int) {
			for ; n > 0; n -= devices {
				if err := clean(); err != nil {
					b.Fatal(err)
				}
				start := time.Now()
				err := beside.AtOnce(many, min(n, devices), func(_, i int) error { return claim(i) })
				*spent += time.Since(start)
				if err != nil {
					b.Fatal(err)
				}
			}
		}}
	}
	beside.Run(b,
		side("claims/s", &ours, func() error { return h.cleanAgain(devices) }, func(i int) error {
			_, err := h.steward.Apply(b.Context(), device(i), custody.Claim{By: "ada", How: custody.AssuranceBadgePIN, With: "badge:0123456789abcdef"})
			return err
		}),
		side("bare/s", &floor, func() error { return nil }, func(i int) error { return bare.claim(b.Context(), i) }),
	)
}

// cleanAgain makes devices clean that were claimed.
func (b bench) cleanAgain(n int) error {
	return beside.AtOnce(64, n, func(_, i int) error {
		row, err := b.ledger.Custody(b.Context(), device(i))
		if err != nil || row.State == custody.Clean {
			return err
		}
		return b.reset(row)
	})
}

// bareClaims is the floor. Its rows and texts are as long as ours.
type bareClaims struct {
	db            *sql.DB
	update, note  *sql.Stmt
	redis         *redis.Client
	script        *redis.Script
	queue         chan *bareClaim
	rows          []custody.Custody
	body, history string
}

type bareClaim struct {
	row    custody.Custody
	answer chan error
}

const bareSchema = `
CREATE TABLE custody (device TEXT NOT NULL PRIMARY KEY, ward TEXT NOT NULL, state TEXT NOT NULL, holder TEXT NOT NULL, epoch BIGINT NOT NULL,
	version BIGINT NOT NULL, body TEXT NOT NULL, written_at BIGINT NOT NULL);
CREATE INDEX custody_written_at ON custody (written_at, device);
CREATE TABLE history (device TEXT NOT NULL, seq BIGINT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (device, seq))`

func newBareClaims(b *testing.B, url string, devices int) *bareClaims {
	b.Helper()
	o, err := redis.ParseURL(url)
	if err != nil {
		b.Fatal(err)
	}
	o.MaxRetries = -1
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "bare.db")+"?_txlock=immediate&_pragma=journal_mode(wal)&_pragma=synchronous(full)")
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	f := &bareClaims{db: db, redis: redis.NewClient(o), queue: make(chan *bareClaim, 1024), script: redis.NewScript(`
		redis.call('HSET', KEYS[1], 'epoch', ARGV[2], 'version', ARGV[3], 'mode', 'open', 'holder', ARGV[4], 'row', ARGV[5])
		redis.call('ZADD', KEYS[2], ARGV[6], ARGV[1])
		redis.call('XADD', KEYS[3], 'MAXLEN', '~', 1000, '*', 'device', ARGV[1])
		return 1`)}
	_, err = db.Exec(bareSchema)
	for i := range devices {
		f.rows = append(f.rows, custody.Custody{Device: device(i), Ward: "4B", State: custody.InUse, Version: 1})
		if err == nil {
			_, err = db.Exec("INSERT INTO custody VALUES (?, '4B', 'clean', '', 0, 1, '', ?)", device(i), time.Now().UnixMilli())
		}
	}
	if err == nil {
		f.update, err = db.Prepare("UPDATE custody SET ward = ?, state = ?, holder = ?, epoch = ?, version = ?, body = ?, written_at = ? WHERE device = ? AND epoch = ? AND version = ?")
	}
	if err == nil {
		f.note, err = db.Prepare("INSERT INTO history VALUES (?, ?, ?)")
	}
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now().UTC()
	body, _ := json.Marshal(custody.Custody{Device: device(0), Ward: "4B", State: custody.InUse, Epoch: 10, Version: 20, Holder: "ada", Since: now, Opened: now,
		Assurance: custody.AssuranceBadgePIN, Credential: "badge:0123456789abcdef", Run: custody.Run{ID: 20, Goal: custody.GoalOpen, Started: now, Entered: now}, Head: fmt.Sprintf("%064d", 0)})
	history, _ := json.Marshal(custody.Entry{Device: device(0), Epoch: 10, Version: 20, At: now, Kind: "claim", Actor: "ada", State: custody.InUse, Detail: "badge and PIN", Hash: fmt.Sprintf("%064d", 0)})
	f.body, f.history = string(body), string(history)
	var writer sync.WaitGroup
	writer.Go(f.write)
	b.Cleanup(func() {
		close(f.queue)
		writer.Wait()
		if err := errors.Join(f.db.Close(), f.redis.Close()); err != nil {
			b.Error(err)
		}
	})
	return f
}

func (f *bareClaims) claim(ctx context.Context, i int) error {
	row := &f.rows[i]
	c := &bareClaim{*row, make(chan error, 1)}
	f.queue <- c
	if err := <-c.answer; err != nil {
		return err
	}
	row.Epoch++
	row.Version++
	id := string(row.Device)
	return f.script.Run(ctx, f.redis, []string{"bare:{0}:" + id, "bare:{0}:wake", "bare:{0}:feed"}, id, row.Epoch, row.Version, "ada", f.body, time.Now().UnixMilli()).Err()
}

// write is the one writer: who waits meanwhile shares the next transaction.
func (f *bareClaims) write() {
	for first := range f.queue {
		batch := []*bareClaim{first}
		for more := true; more && len(batch) < 128; {
			select {
			case c, ok := <-f.queue:
				if more = ok; ok {
					batch = append(batch, c)
				}
			default:
				more = false
			}
		}
		err := f.commit(batch)
		for _, c := range batch {
			c.answer <- err
		}
	}
}

func (f *bareClaims) commit(batch []*bareClaim) error {
	tx, err := f.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() // after a commit it does nothing
	update, note, now := tx.Stmt(f.update), tx.Stmt(f.note), time.Now().UnixMilli()
	for _, c := range batch {
		r := c.row
		res, err := update.Exec("4B", "in_use", "ada", r.Epoch+1, r.Version+1, f.body, now, r.Device, r.Epoch, r.Version)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			return fmt.Errorf("%d rows of %s were as read: %w", n, r.Device, errors.Join(err, custody.ErrStale))
		}
		if _, err := note.Exec(r.Device, r.Version, f.history); err != nil {
			return err
		}
	}
	return tx.Commit()
}
