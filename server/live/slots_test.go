package live

import (
	"context"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/padwarden/padwarden/server/custody"
)

var tagged = regexp.MustCompile(`^[a-z]+:\{b(\d\d)\}(?::(.*))?$`)

// bucketOfKey returns the hash tag's bucket of a key, and checks that it is
// the bucket of the id in the key.
func bucketOfKey(t *testing.T, key string) int {
	t.Helper()
	m := tagged.FindStringSubmatch(key)
	if m == nil {
		t.Fatalf("key %q has no hash tag", key)
	}
	n, _ := strconv.Atoi(m[1])
	if m[2] != "" && custody.Bucket(m[2]) != n {
		t.Errorf("key %q is not in the bucket of its id, %d", key, custody.Bucket(m[2]))
	}
	return n
}

// slotCheck watches what a Live sends.
type slotCheck struct {
	t       *testing.T
	scripts map[string]bool // by hash
}

func (s *slotCheck) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (s *slotCheck) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		s.see(cmd)
		return next(ctx, cmd)
	}
}

func (s *slotCheck) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			s.see(cmd)
		}
		return next(ctx, cmds)
	}
}

func (s *slotCheck) see(cmd redis.Cmder) {
	args := cmd.Args()
	if cmd.Name() != "evalsha" {
		return
	}
	s.scripts[args[1].(string)] = true
	bucket := -1
	for _, key := range args[3 : 3+args[2].(int)] {
		n := bucketOfKey(s.t, key.(string))
		if bucket >= 0 && n != bucket {
			s.t.Errorf("%v touches buckets %d and %d", args, bucket, n)
		}
		bucket = n
	}
	if bucket < 0 {
		s.t.Errorf("%v declares no key", args)
	}
}

// Every script stays in one bucket: by the keys it declares, and by the keys
// that are there after all have run.
func TestScriptsStayInTheirBucket(t *testing.T) {
	m := miniredis.RunT(t)
	l := openOn(t, "redis://"+m.Addr())
	check := &slotCheck{t: t, scripts: map[string]bool{}}
	l.rdb.AddHook(check)
	ctx := t.Context()
	for n := range custody.Buckets {
		if err := l.Adopt(ctx, custody.BucketState{Bucket: n, ID: "b"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []custody.DeviceID{"D1", "D2", "D3", "a{b00}z"} {
		_ = l.Publish(ctx, custody.Mirror{Row: custody.Custody{Device: id, State: custody.InUse, Epoch: 1, Version: 1}, Grant: true})
		_, _ = l.Touch(ctx, id, 1)
		_, _ = l.Session(ctx, id)
		_, _ = l.Mirror(ctx, id)
		_ = l.Restrict(ctx, custody.Restriction{Device: id, Epoch: 1, Version: 1})
		_ = l.KeepPush(ctx, id, []byte("x"))
		_, _ = l.PushRecord(ctx, id)
		_ = l.Owe(ctx, id, custody.Entry{})
		_, _ = l.Owed(ctx, id)
		_, _ = l.Now(ctx, id)
		_ = l.Say(ctx, id, "w", "k")
		_, _ = l.Count(ctx, string(id), time.Minute)
		_ = l.Put(ctx, string(id), []byte("x"), time.Minute)
		_ = l.Settle(ctx, id, 0)
	}
	_, _ = l.ClaimDue(ctx, 100, time.Minute)
	_, _ = l.Beat(ctx)
	_ = l.Settle(ctx, "D1", 3)
	if len(check.scripts) != 15 {
		t.Errorf("%d scripts ran, want all 15", len(check.scripts))
	}
	keys := m.Keys()
	for _, key := range keys {
		bucketOfKey(t, key)
	}
	if !strings.Contains(strings.Join(keys, " "), "wake:") || len(keys) < 64+4*7 {
		t.Errorf("only %d keys", len(keys))
	}
}
