package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/app"
	"github.com/padwarden/padwarden/server/beside"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/live/livetest"
)

const (
	startDevices = 10_000
	startInUse   = 1_000 // of them, with a live session
)

// BenchmarkStart is how long a server takes from being executed until /readyz says
// that it can be relied on: 10,000 iPads in SQLite, a thousand of them in use, and
// a redis-server beside it.
//
// "warm" is a server that is started again, as with every update: Redis has kept
// its sessions, and ready means that every bucket was found to be this database's
// and that every row was published. "cold" lost its Redis meanwhile: nobody may
// take an iPad until SQL and Redis have stood still for three beats of a second,
// so that two servers on different Redis do not fight over one database, and the
// thousand sessions were locked.
func BenchmarkStart(b *testing.B) {
	binary := filepath.Join(b.TempDir(), "padwarden")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		b.Fatalf("building the server: %v\n%s", err, out)
	}
	s := &restarted{binary: binary, data: b.TempDir(), redis: livetest.StartServer(b).Fresh(b)}
	if err := s.fill(); err != nil {
		b.Fatal(err)
	}
	for round := range beside.Rounds + 1 {
		took, err := s.once()
		if err != nil {
			b.Fatal(err)
		}
		if round > 0 { // the first brings the files into memory
			reportStart(b, fmt.Sprintf("warm/round=%d", round), "ready-ms", took)
		}
	}
	if err := s.redis.Client.FlushDB(context.Background()).Err(); err != nil {
		b.Fatal(err)
	}
	took, err := s.once()
	if err != nil {
		b.Fatal(err)
	}
	reportStart(b, "cold", "cold-ms", took)
}

func reportStart(b *testing.B, name, unit string, took time.Duration) {
	b.Run(name, func(b *testing.B) {
		b.ReportMetric(float64(took.Microseconds())/1000, unit)
		b.ReportMetric(0, "ns/op") // of nothing
	})
}

// restarted is a server that is started again and again over the same stores.
type restarted struct {
	binary, data string
	redis        livetest.Redis
}

// fill makes the stores, through a server that has them.
func (s *restarted) fill() error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	a, err := app.Open(ctx, app.Config{Data: s.data, Redis: s.redis.URL})
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	policy := custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)
	policy.Lock = time.Hour // nobody's goes idle while it is measured
	const wards = 20
	for w := range wards {
		if err := a.Ledger.AddWard(ctx, ledger.Ward{ID: fmt.Sprintf("w%02d", w), Name: fmt.Sprintf("Ward %d", w), Policy: policy}); err != nil {
			return err
		}
	}
	for deadline := time.Now().Add(30 * time.Second); a.Steward.Ready() != nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			return a.Steward.Ready()
		}
	}
	err = beside.AtOnce(64, startDevices, func(_, i int) error {
		id, ward := custody.DeviceID(fmt.Sprintf("DMPZ%06d", i)), fmt.Sprintf("w%02d", i%wards)
		if err := a.Ledger.AddDevice(ctx, ledger.Device{ID: id, Ward: ward, Name: string(id)}); err != nil {
			return err
		}
		row, err := a.Ledger.Custody(ctx, id)
		if err != nil {
			return err
		}
		next := row
		next.State, next.Enrolment, next.Version = custody.Clean, "certificate", row.Version+1
		if err := a.Ledger.Commit(ctx, custody.Change{Prev: row, Next: next}); err != nil || i >= startInUse {
			return err
		}
		who := fmt.Sprintf("c%04d", i)
		if err := a.Ledger.AddClinician(ctx, ledger.Clinician{ID: who, Name: who, Active: true}); err != nil {
			return err
		}
		_, err = a.Steward.Apply(ctx, id, custody.Claim{By: who})
		return err
	})
	if err != nil {
		return err
	}
	cancel()
	return <-done
}

// once starts the server, waits until it is ready, and stops it.
func (s *restarted) once() (took time.Duration, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return 0, err
	}
	var said bytes.Buffer
	cmd := exec.Command(s.binary, "serve", "--data", s.data, "--redis", s.redis.URL, "--listen", address)
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.Env = append(os.Environ(), "PADWARDEN_KEY_FILE=")
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if e := cmd.Wait(); e != nil && err == nil {
			err = fmt.Errorf("the server ended with %w: %s", e, said.String())
		}
	}()
	web := http.Client{Timeout: 5 * time.Second}
	defer web.CloseIdleConnections()
	for time.Since(begun) < 20*time.Second {
		answer, err := web.Get("http://" + address + "/readyz")
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return time.Since(begun), nil
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
	return 0, fmt.Errorf("the server was not ready within 20 s: %s", said.String())
}
