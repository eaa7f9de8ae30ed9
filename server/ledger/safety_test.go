package ledger_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
)

// A copy of the database, its log included, holds no secret that can be read.
func TestNoSecretCanBeReadInADump(t *testing.T) {
	const mark = "c1ear-secret"
	o := ledgertest.SQLite(t)
	l := ledgertest.Open(t, o)
	ledgertest.Populate(t, l, 1)
	secret := []byte(mark)
	for _, err := range []error{
		l.PutSecret(t.Context(), "D000", ledger.SecretBootstrap, secret),
		l.TokenUpdate(t.Context(), ledger.Push{Device: "D000", Token: []byte("push-token")}, secret),
		l.PutErrand(t.Context(), ledger.Errand{UUID: "e", Device: "D000", Body: secret, Expires: ledgertest.Start}),
		secretAsk(t, l, secret),
		l.Spend(t.Context(), mark),
		l.IssueCertificate(t.Context(), ledger.Certificate{Hash: "c", Device: "D000"}, "challenge "+mark),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.ServerSecret(t.Context(), "ca", func() ([]byte, error) { return secret, nil }); err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, suffix := range []string{"", "-wal", "-shm"} {
		b, err := os.ReadFile(o.Path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	if !bytes.Contains(all, []byte("push-token")) {
		t.Fatal("the scan does not see what is stored in clear, so it proves nothing")
	}
	if bytes.Contains(all, secret) || bytes.Contains(all, o.Key[:]) {
		t.Fatal("a secret is in the database in clear")
	}
}

// secretAsk asks with a secret and is answered with it.
func secretAsk(t *testing.T, l *ledger.Ledger, secret []byte) error {
	at := ledgertest.Start
	a := ledger.Ask{ID: "a", Device: "D000", Kind: "k", Params: secret, Asked: at, Expires: at.Add(time.Hour), Answered: at, Result: secret}
	_, err := l.PutAsk(t.Context(), a)
	return errors.Join(err, l.HandOverAsk(t.Context(), "D000", "a", at), l.AnswerAsk(t.Context(), a))
}

// A sealed value opens only where it was put.
func TestASealedSecretCannotBeMoved(t *testing.T) {
	onBoth(t, func(t *testing.T, l *ledger.Ledger, _ []custody.Custody) {
		for _, d := range []custody.DeviceID{"D000", "D001"} {
			if err := l.PutSecret(t.Context(), d, ledger.SecretUnlock, []byte("token of "+d)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := l.Raw().Exec(`UPDATE device_secrets SET sealed =
			(SELECT sealed FROM device_secrets WHERE device = 'D000') WHERE device = 'D001'`); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Secret(t.Context(), "D001", ledger.SecretUnlock); !errors.Is(err, ledger.ErrKey) {
			t.Fatalf("another device's token was opened: %v", err)
		}
	})
}

// Whatever is done to a device's history by hand is noticed.
func TestTamperingIsNoticed(t *testing.T) {
	for name, sql := range map[string]string{
		"a byte altered":     `UPDATE history SET body = REPLACE(body, 'nurse', 'nursf') WHERE device = 'D000' AND seq = 2`,
		"not JSON any more":  `UPDATE history SET body = 'x' WHERE device = 'D000' AND seq = 2`,
		"one left out":       `DELETE FROM history WHERE device = 'D000' AND seq = 2`,
		"the last left out":  `DELETE FROM history WHERE device = 'D000' AND seq = 3`,
		"all left out":       `DELETE FROM history WHERE device = 'D000'`,
		"two in other order": `UPDATE history SET seq = CASE seq WHEN 1 THEN 12 WHEN 2 THEN 11 END WHERE device = 'D000' AND seq < 3`,
		"another's put in": `UPDATE history SET body = (SELECT body FROM history WHERE device = 'D001' AND seq = 2)
			WHERE device = 'D000' AND seq = 2`,
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, l *ledger.Ledger, rows []custody.Custody) {
				for _, r := range rows[:2] {
					ch := ledgertest.Advance(r, custody.KindSessionOpened, custody.KindReport, custody.KindSessionEnded)
					if err := l.Commit(t.Context(), ch); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := l.Raw().Exec(sql); err != nil {
					t.Fatal(err)
				}
				if err := l.Verify(t.Context(), "D000"); !errors.Is(err, ledger.ErrBroken) {
					t.Fatalf("got %v", err)
				}
				if err := l.Verify(t.Context(), "D001"); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

// What durability stands on, as the database itself tells it.
func TestTheDatabaseWaitsForTheDisk(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		o := ledgertest.SQLite(t)
		l := ledgertest.Open(t, o)
		for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
			wantSetting(t, l, "PRAGMA "+pragma, want)
		}
		if _, err := l.Bare().Exec("DELETE FROM spent"); err == nil {
			t.Error("a reader's connection can write")
		}
		for _, suffix := range []string{"", "-wal", ".lock"} {
			if info, err := os.Stat(o.Path + suffix); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s%s: %v %v", filepath.Base(o.Path), suffix, info.Mode(), err)
			}
		}
	})
	t.Run("Postgres", func(t *testing.T) {
		o := ledgertest.Postgres(t)
		for setting, want := range map[string]string{"off": "on", "on": "on", "remote_apply": "remote_apply"} {
			weaker := o
			weaker.DSN += "&synchronous_commit=" + setting
			wantSetting(t, ledgertest.Open(t, weaker), "SHOW synchronous_commit", want)
		}
	})
}

func wantSetting(t *testing.T, l *ledger.Ledger, query, want string) {
	t.Helper()
	var got string
	if err := l.Raw().QueryRow(query).Scan(&got); err != nil || got != want {
		t.Errorf("%s is %q (%v), want %q", query, got, err, want)
	}
}

// A server that nobody answers for is unavailable, and says so soon.
func TestUnreachable(t *testing.T) {
	_, err := ledger.Open(t.Context(), ledger.Options{DSN: "postgres://nobody@127.0.0.1:1/none", Key: ledgertest.Key})
	if !errors.Is(err, custody.ErrUnavailable) {
		t.Fatal(err)
	}
	_, err = ledger.Open(t.Context(), ledger.Options{Path: filepath.Join(t.TempDir(), "no", "folder"), Key: ledgertest.Key})
	if !errors.Is(err, custody.ErrUnavailable) {
		t.Fatal(err)
	}
	_, err = ledger.Open(t.Context(), ledger.Options{DSN: "postgres://u:s3cret@h:port/none", Key: ledgertest.Key})
	if err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Fatalf("the password is in the error: %v", err)
	}
}

// The statement that writes compares, too: even if rows were not locked, no
// two servers would write the same version.
func TestTheWritingStatementIsFenced(t *testing.T) {
	o := ledgertest.Postgres(t)
	servers := []*ledger.Ledger{ledgertest.Open(t, o), ledgertest.Open(t, o)}
	rows := ledgertest.Populate(t, servers[0], 20)
	for _, l := range servers {
		l.ForgetRowLocks()
	}
	for _, prev := range rows {
		var won atomic.Int32
		var wg sync.WaitGroup
		for _, l := range servers {
			wg.Go(func() {
				if l.Commit(t.Context(), ledgertest.Advance(prev)) == nil {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		if won.Load() > 1 {
			t.Fatalf("%s: two servers made version %d", prev.Device, prev.Version+1)
		}
	}
}

// Servers that are updated together find an older schema and take turns in
// bringing it up to date.
func TestServersMigrateInTurn(t *testing.T) {
	o := ledgertest.Postgres(t)
	if err := ledgertest.Open(t, o).MigrateDown(t.Context()); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			l, err := ledger.Open(t.Context(), o)
			if err != nil {
				t.Error(err)
				return
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// A database that hangs is waited for no longer than the timeout.
func TestAHangingDatabaseIsGivenUp(t *testing.T) {
	o := ledgertest.Postgres(t)
	o.Timeout = 300 * time.Millisecond
	l := ledgertest.Open(t, o)
	rows := ledgertest.Populate(t, l, 1)
	other := ledgertest.Open(t, o)
	tx, err := other.Raw().Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec("SELECT 1 FROM custody FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	if err := l.Commit(t.Context(), ledgertest.Advance(rows[0])); !errors.Is(err, custody.ErrUnavailable) {
		t.Fatal(err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := l.Commit(t.Context(), ledgertest.Advance(rows[0])); err != nil {
		t.Fatal(err)
	}
}
