package ledger_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
)

const childOptions = "PADWARDEN_TEST_LEDGER_CHILD"

// TestMain lets the test's own binary be the process that is killed.
func TestMain(m *testing.M) {
	if o := os.Getenv(childOptions); o != "" {
		if err := commitUntilKilled(o); err != nil {
			fmt.Println(err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// commitUntilKilled prints each device and version once it has been answered.
func commitUntilKilled(options string) error {
	var o ledger.Options
	if err := json.Unmarshal([]byte(options), &o); err != nil {
		return err
	}
	l, err := ledger.Open(context.Background(), o)
	if err != nil {
		return err
	}
	failed := make(chan error)
	err = l.Rows(context.Background(), 0, func(prev custody.Custody) error {
		go func() {
			for {
				ch := ledgertest.Advance(prev, custody.KindReport, custody.KindHandedOver)
				if err := l.Commit(context.Background(), ch); err != nil {
					failed <- err
					return
				}
				fmt.Printf("%s %d\n", ch.Next.Device, ch.Next.Version)
				prev = ch.Next
			}
		}()
		return nil
	})
	if err != nil {
		return err
	}
	return <-failed
}

// A process that is killed while eight devices commit loses nothing that was
// answered, and leaves no row without its history. (That what was answered has
// reached the disk, TestTheDatabaseWaitsForTheDisk checks.)
func TestKilledProcessLosesNothingAnswered(t *testing.T) {
	for name, fresh := range map[string]ledgertest.Fresh{"SQLite": ledgertest.SQLite, "Postgres": ledgertest.Postgres} {
		t.Run(name, func(t *testing.T) {
			o := fresh(t)
			first, err := ledger.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			ledgertest.Populate(t, first, 8)
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				answered := killAfter(t, o, 200)
				l, err := ledger.Open(t.Context(), o) // the lock ended with the process
				if err != nil {
					t.Fatal(err)
				}
				for id, version := range answered {
					c, err := l.Custody(t.Context(), id)
					if err != nil || c.Version < version {
						t.Fatalf("%s: version %d was answered, %d is there (%v)", id, version, c.Version, err)
					}
					if err := l.Verify(t.Context(), id); err != nil {
						t.Fatal(err)
					}
				}
				if err := l.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// killAfter runs the child until n commits have been answered and returns the
// last answered version of each device.
func killAfter(t *testing.T, o ledger.Options, n int) map[custody.DeviceID]int64 {
	t.Helper()
	options, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childOptions+"="+string(options))
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	answered := map[custody.DeviceID]int64{}
	lines := bufio.NewScanner(out)
	for count := 1; lines.Scan(); count++ {
		var id custody.DeviceID
		var version int64
		if _, err := fmt.Sscan(lines.Text(), &id, &version); err != nil {
			t.Errorf("the child says %q", strings.TrimSpace(lines.Text()))
			break
		}
		answered[id] = version
		if count == n {
			if l, err := ledger.Open(t.Context(), o); o.Path != "" && !errors.Is(err, custody.ErrConflict) {
				t.Errorf("a second process was let in: %v", err)
			} else if err == nil && l.Close() != nil {
				t.Error("closing failed")
			}
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil || len(answered) == 0 {
		t.Fatalf("the child ended by itself: %v, %d devices answered", err, len(answered))
	}
	return answered
}
