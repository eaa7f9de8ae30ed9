package steward_test

import (
	"database/sql"
	"encoding/json"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/live/livetest"
	"github.com/padwarden/padwarden/server/plan"
)

// floorGroup is how many changes of the floor share a transaction: the ledger's bound.
const floorGroup = 128

// floorSet sets a row in Redis if it is the one after the row that is there.
var floorSet = redis.NewScript(`
local s = redis.call('HMGET', KEYS[1], 'epoch', 'version')
if s[1] ~= ARGV[1] or s[2] ~= ARGV[2] then return redis.error_reply('STALE') end
redis.call('HSET', KEYS[1], 'version', ARGV[3], 'row', ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[5], ARGV[6])
return 1`)

// floor is a bare program over a SQLite file with the ledger's tables and
// settings, and over a Redis: prepared statements, groups, pipelines.
type floor struct {
	*crowd
	db *sql.DB
}

func openFloor(t testing.TB, server *livetest.Server) floor {
	t.Helper()
	f := floor{crowd: openCrowd(t, server)}
	name := url.URL{Scheme: "file", OmitHost: true, Path: f.options.Path, RawQuery: url.Values{"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(5000)", "foreign_keys(1)", "journal_mode(wal)", "synchronous(full)"}}.Encode()}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	f.db = db
	return f
}

// floorChange is a change as the floor writes it, encoded beforehand.
type floorChange struct {
	custody.Change
	body    string
	history []string
}

// idle are the changes that lock devices, which are in use.
func (f floor) idle(b *testing.B, claims []custody.Change) (all []floorChange) {
	for some := range slices.Chunk(f.load(b, claims), 1000) {
		p := f.redis.Client.Pipeline()
		for _, row := range some {
			ch := floorChange{Change: custody.Change{Prev: row, Next: row}}
			at := time.Now().UTC()
			events := []custody.Event{custody.Idle{Epoch: row.Epoch}}
			for len(events) > 0 {
				out, err := custody.Decide(ch.Next, events[0], f.policy, at)
				if err != nil {
					b.Fatal(err)
				}
				ch.Next, ch.Entries, events = out.Next, append(ch.Entries, out.Entries...), nil
				if p, ok := plan.Start(ch.Next, f.policy); ok {
					events = append(events, p)
				}
			}
			for _, e := range ch.Entries {
				ch.history = append(ch.history, inJSON(b, e))
			}
			ch.body = inJSON(b, ch.Next)
			p.HSet(b.Context(), "row:"+string(row.Device), "epoch", row.Epoch, "version", row.Version, "row", inJSON(b, row))
			all = append(all, ch)
		}
		if _, err := p.Exec(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	return all
}

func inJSON(b *testing.B, v any) string {
	body, err := json.Marshal(v)
	if err != nil {
		b.Fatal(err)
	}
	return string(body)
}

func (f floor) storm(b *testing.B, claims []custody.Change) {
	changes := f.idle(b, claims)
	if err := floorSet.Load(b.Context(), f.redis.Client).Err(); err != nil {
		b.Fatal(err)
	}
	update, err := f.db.Prepare("UPDATE custody SET ward = ?, state = ?, holder = ?, epoch = ?, version = ?, entries = entries + ?, body = ?, " +
		"written_at = CAST(unixepoch('subsec') * 1000 AS BIGINT) WHERE device = ? AND epoch = ? AND version = ?")
	if err != nil {
		b.Fatal(err)
	}
	defer update.Close()
	insert, err := f.db.Prepare("INSERT INTO history (device, seq, body) VALUES (?, (SELECT entries FROM custody WHERE device = ?) - ?, ?)")
	if err != nil {
		b.Fatal(err)
	}
	defer insert.Close()
	start := time.Now()
	for some := range slices.Chunk(changes, floorGroup) {
		if err := f.commit(b, some, update, insert); err != nil {
			b.Fatal(err)
		}
		p := f.redis.Client.Pipeline()
		for _, ch := range some {
			id := string(ch.Next.Device)
			floorSet.EvalSha(b.Context(), p, []string{"row:" + id, "wake"}, ch.Prev.Epoch, ch.Prev.Version, ch.Next.Version, ch.body,
				custody.Wake(ch.Next, f.policy).UnixMilli(), id)
		}
		if _, err := p.Exec(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(time.Since(start).Microseconds())/1000, "bare-ms")
}

func (f floor) commit(b *testing.B, some []floorChange, update, insert *sql.Stmt) error {
	tx, err := f.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() // after a commit it does nothing
	write, add := tx.Stmt(update), tx.Stmt(insert)
	for _, ch := range some {
		c := ch.Next
		res, err := write.Exec(c.Ward, c.State, c.Holder, c.Epoch, c.Version, len(ch.history), ch.body, c.Device, ch.Prev.Epoch, ch.Prev.Version)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			b.Fatalf("%d rows of %s were as read: %v", n, c.Device, err)
		}
		for i, body := range ch.history {
			if _, err := add.Exec(c.Device, c.Device, len(ch.history)-i-1, body); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}
