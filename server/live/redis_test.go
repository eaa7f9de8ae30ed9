package live_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/live/livetest"
)

func TestReady(t *testing.T) {
	s := livetest.StartServer(t, "--enable-debug-command", "no")
	r := s.Fresh(t)
	l := livetest.OpenOnly(t, r)
	if err := l.Ready(t.Context()); err != nil {
		t.Fatalf("a Redis that never evicts is ready: %v", err)
	}
	if err := r.Client.ConfigSet(t.Context(), "maxmemory-policy", "allkeys-lru").Err(); err != nil {
		t.Fatal(err)
	}
	unready := func(why string) {
		t.Helper()
		if err := l.Ready(t.Context()); !errors.Is(err, custody.ErrUnavailable) || !strings.Contains(err.Error(), why) {
			t.Fatalf("got %v, want a sentence about %s", err, why)
		}
	}
	unready("allkeys-lru")

	// A managed service that refuses CONFIG is judged by INFO, and one that
	// refuses both is told apart.
	acl := func(rules ...any) {
		t.Helper()
		if err := r.Client.Do(t.Context(), append([]any{"ACL", "SETUSER", "ward", "on", ">pw", "~*", "+@all"}, rules...)...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	acl("-config")
	managed := r
	managed.URL = strings.Replace(r.URL, "redis://", "redis://ward:pw@", 1)
	l = livetest.OpenOnly(t, managed)
	unready("allkeys-lru")
	if err := r.Client.ConfigSet(t.Context(), "maxmemory-policy", "noeviction").Err(); err != nil {
		t.Fatal(err)
	}
	if err := l.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	acl("-config", "-info")
	unready("refuses CONFIG GET")
}

// Out of memory nothing is half written: the session stands as it was.
func TestOutOfMemory(t *testing.T) {
	r := livetest.StartServer(t).Fresh(t)
	l := livetest.Open(t, r)
	m := custody.Mirror{Row: custody.Custody{Device: "D", State: custody.InUse, Epoch: 1, Version: 1}, Grant: true}
	if err := l.Publish(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	before := dump(t, r)
	if err := r.Client.ConfigSet(t.Context(), "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	m.Row.Version = 2
	_, touch := l.Touch(t.Context(), "D", 1)
	for name, err := range map[string]error{"Touch": touch, "Publish": l.Publish(t.Context(), m),
		"Restrict": l.Restrict(t.Context(), custody.Restriction{Device: "D", Epoch: 1, Version: 1}),
		"Adopt":    l.Adopt(t.Context(), custody.BucketState{Bucket: custody.Bucket("D"), ID: "x", Beat: 99})} {
		if !errors.Is(err, custody.ErrUnavailable) {
			t.Errorf("%s answered %v", name, err)
		}
	}
	if after := dump(t, r); after != before {
		t.Fatalf("Redis held\n%s\nand then\n%s", before, after)
	}
}

func dump(t *testing.T, r livetest.Redis) string {
	t.Helper()
	var out bytes.Buffer
	dev, err := r.Client.HGetAll(t.Context(), fmt.Sprintf("dev:{b%02d}:D", custody.Bucket("D"))).Result()
	if err != nil {
		t.Fatal(err)
	}
	gen, err := r.Client.HGetAll(t.Context(), fmt.Sprintf("gen:{b%02d}", custody.Bucket("D"))).Result()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(&out, dev, gen)
	return out.String()
}

// On a cluster of one node every script and pipeline that crossed a slot would be refused.
func TestCluster(t *testing.T) {
	s := livetest.StartServer(t, "--databases", "1", "--cluster-enabled", "yes")
	admin := redis.NewClient(&redis.Options{Addr: s.Addr})
	defer admin.Close()
	if err := admin.ClusterAddSlotsRange(t.Context(), 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) { // it waits before it trusts itself
		if info, _ := admin.ClusterInfo(t.Context()).Result(); strings.Contains(info, "cluster_state:ok") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the cluster did not come up")
		}
	}
	livetest.RunCluster(t, livetest.Redis{URL: "redis://" + s.Addr + "?cluster=true", Client: admin})
}
