package peers

import (
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver that the ledger has

	"github.com/padwarden/padwarden/server/app"
	"github.com/padwarden/padwarden/server/beside"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
)

// BenchmarkGrowth is what an idle connect costs in a hospital of 1,000, 10,000
// and 100,000 iPads: three servers that take turns, each with its own stores.
func BenchmarkGrowth(b *testing.B) {
	var sides []beside.Side
	var servers []*server
	for _, size := range []struct {
		name    string
		devices int
	}{{"1k", 1_000}, {"10k", 10_000}, {"100k", 100_000}} {
		st := &stage{}
		redis := "127.0.0.1:" + freePort(b)
		store := startRedis(b, redis)
		c := app.Config{Data: b.TempDir(), Redis: "redis://" + redis + "/0", Organisation: "St Elsewhere"}
		st.populate(b, c, stay{enrolled: devices})
		others(b, filepath.Join(c.Data, "padwarden.db"), size.devices-devices)
		st.ours = serve(b, c, "", store)
		servers = append(servers, st.ours)
		sides = append(sides, beside.Side{Unit: "connect-µs-" + size.name, Each: true, Do: st.idle(st.ours)})
	}
	for _, s := range servers {
		s.rest(b)
	}
	pinned(b)
	beside.Run(b, sides...)
}

// others writes n more devices into a server's database, with a certificate each.
func others(b *testing.B, path string, n int) {
	b.Helper()
	changes := make([]custody.Change, n)
	for i := range changes {
		c := custody.Custody{Device: custody.DeviceID(fmt.Sprintf("DMQZ%06d", i)), Ward: "4B", State: custody.Clean, Epoch: 1, Version: 1,
			Enrolment: fmt.Sprintf("%064d", i), Since: time.Now().UTC()}
		changes[i] = custody.Change{Next: c}
	}
	ledgertest.Load(b, ledger.Options{Path: path}, changes)
	db := database(b, path)
	defer db.Close()
	tx, err := db.Begin()
	must(b, err)
	defer tx.Rollback() // after a commit it does nothing
	insert, err := tx.Prepare("INSERT INTO certificates (hash, device, ordinal, udid, epoch, run, issued, expires, revoked, enrolment, used, superseded) VALUES (?, ?, 1, ?, 0, 0, 0, ?, 0, '', 0, 0)")
	must(b, err)
	expires := time.Now().AddDate(1, 0, 0).UnixMilli()
	for _, ch := range changes {
		_, err := insert.Exec(ch.Next.Enrolment, ch.Next.Device, "U"+ch.Next.Device, expires)
		must(b, err)
	}
	must(b, tx.Commit())
	longAgo(b, path)
}

// database opens a server's, which must not run.
func database(b *testing.B, path string) *sql.DB {
	b.Helper()
	name := url.URL{Scheme: "file", OmitHost: true, Path: path}
	db, err := sql.Open("sqlite", name.String())
	must(b, err)
	return db
}

// longAgo makes a server's rows an hour older than they are: what changed within
// the last minute is published again by the beats, and would be measured too.
func longAgo(b *testing.B, path string) {
	b.Helper()
	db := database(b, path)
	defer db.Close()
	_, err := db.Exec("UPDATE custody SET written_at = written_at - 3600000")
	must(b, err)
}

// rest waits until a server does little by itself: one that has just started
// with many iPads has something to tidy up.
func (s *server) rest(b *testing.B) {
	b.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		before := s.processes[0].cpu()
		time.Sleep(time.Second)
		if spent := s.processes[0].cpu() - before; spent <= 50*time.Millisecond {
			return
		}
		if time.Now().After(deadline) {
			b.Fatalf("%s does not come to rest", s.name)
		}
	}
}
