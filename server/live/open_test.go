package live

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/padwarden/padwarden/server/custody"
)

func TestTrial(t *testing.T) {
	var log bytes.Buffer
	l, err := Open(t.Context(), Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if !l.Trial() || !strings.Contains(log.String(), "level=WARN") {
		t.Fatalf("a trial Redis must be loud, logged %q", log.String())
	}
	if err := l.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.Put(t.Context(), "k", []byte("v"), 150*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Get(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		_, err := l.Get(t.Context(), "k")
		if errors.Is(err, custody.ErrNotFound) {
			break // keys expire by themselves
		}
		if time.Now().After(deadline) {
			t.Fatalf("the value outlived its time: %v", err)
		}
	}
	// Nobody else on this machine can use it.
	conn, err := net.Dial("tcp", l.trial.server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answer := make([]byte, 16)
	if _, err := conn.Write([]byte("*1\r\n$4\r\nPING\r\n")); err != nil {
		t.Fatal(err)
	}
	if n, _ := conn.Read(answer); !strings.HasPrefix(string(answer[:n]), "-") {
		t.Fatalf("the trial Redis answered a stranger: %q", answer[:n])
	}
}

func TestClientOptions(t *testing.T) {
	o, err := clientOptions("rediss://u:p@one:6380/3?addr=two:6381&addr=three:6382&master=ward", time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Addrs) != 3 || o.Addrs[0] != "one:6380" || o.MasterName != "ward" || o.DB != 3 ||
		o.Username != "u" || o.Password != "p" || o.TLSConfig == nil || o.MaxRetries != -1 || !o.ContextTimeoutEnabled {
		t.Fatalf("got %+v", o)
	}
	for _, bad := range []string{"http://x", "redis://h/notadb", "redis://u:secret@h:1/x", "redis://u:secret@[::1", "redis://h?nonsense=1"} {
		if _, err := clientOptions(bad, time.Second); err == nil {
			t.Errorf("%s was accepted", bad)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
}

func openOn(t *testing.T, url string) *Live {
	t.Helper()
	l, err := Open(t.Context(), Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	for n := range custody.Buckets {
		l.Expect([]custody.BucketState{{Bucket: n, ID: "b"}})
	}
	return l
}

// Whatever a Redis says that is no answer of a script, nothing was granted.
func TestUnavailable(t *testing.T) {
	m := miniredis.RunT(t)
	l := openOn(t, "redis://"+m.Addr())
	check := func(what string) {
		t.Helper()
		_, touch := l.Touch(t.Context(), "D", 1)
		_, due := l.ClaimDue(t.Context(), 10, time.Second)
		_, beat := l.Beat(t.Context())
		_, take := l.Take(t.Context(), "k")
		_, count := l.Count(t.Context(), "k", time.Second)
		for name, err := range map[string]error{"Touch": touch, "ClaimDue": due, "Beat": beat, "Take": take, "Count": count,
			"Publish":  l.Publish(t.Context(), custody.Mirror{Row: custody.Custody{Device: "D"}}),
			"Restrict": l.Restrict(t.Context(), custody.Restriction{Device: "D"}), "Ready": l.Ready(t.Context())} {
			if !errors.Is(err, custody.ErrUnavailable) {
				t.Errorf("%s: %s answered %v", what, name, err)
			}
		}
	}
	for _, said := range []string{"OOM command not allowed when used memory > 'maxmemory'.",
		"READONLY You can't write against a read only replica.", "LOADING Redis is loading the dataset in memory",
		"CLUSTERDOWN The cluster is down", "MISCONF Errors writing to the AOF file", "NOAUTH Authentication required."} {
		m.SetError(said)
		check(said)
	}
	m.SetError("")
	m.Close()
	check("stopped")
}

// A Redis that has stopped answering costs no longer than the context allows.
func TestContextEndsIt(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	l := openOn(t, "redis://"+silent.Addr().String())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err = l.Touch(ctx, "D", 1)
	if !errors.Is(err, custody.ErrUnavailable) || time.Since(began) > time.Second {
		t.Fatalf("answered %v after %s", err, time.Since(began))
	}
}
