package ledgertest

import (
	"database/sql"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// Load writes devices in bulk, straight into a SQLite file whose schema is
// there: for each change its device, its history and its next row, as adding the
// device and committing the change would have left them. What a ward's use
// counts is left out. It is for stores of many thousand devices, which would
// take minutes to make one by one.
func Load(t testing.TB, o ledger.Options, changes []custody.Change) {
	t.Helper()
	name := url.URL{Scheme: "file", OmitHost: true, Path: o.Path, RawQuery: "_pragma=busy_timeout(5000)"}
	db, err := sql.Open("sqlite", name.String())
	must(t, err)
	defer db.Close()
	tx, err := db.Begin()
	must(t, err)
	defer tx.Rollback() // after a commit it does nothing
	prepare := func(query string) *sql.Stmt {
		s, err := tx.Prepare(query)
		must(t, err)
		return s
	}
	device := prepare("INSERT INTO devices (id, ward, name, model, os_version, build, topic, folded) VALUES (?, ?, ?, '', '', '', '', ?)")
	row := prepare("INSERT INTO custody (device, ward, state, holder, epoch, version, entries, attempt, body, written_at) VALUES (?, ?, ?, ?, ?, ?, ?, '', ?, ?)")
	history := prepare("INSERT INTO history (device, seq, body) VALUES (?, ?, ?)")
	for _, ch := range changes {
		c := ch.Next
		_, err := device.Exec(c.Device, c.Ward, c.Device, strings.ToLower(string(c.Device)+" "+string(c.Device)))
		must(t, err)
		for i, e := range ch.Entries {
			_, err = history.Exec(c.Device, i+1, encoded(t, e))
			must(t, err)
		}
		_, err = row.Exec(c.Device, c.Ward, c.State, c.Holder, c.Epoch, c.Version, len(ch.Entries), encoded(t, c), c.Since.UnixMilli())
		must(t, err)
	}
	must(t, tx.Commit())
}

func encoded(t testing.TB, v any) string {
	t.Helper()
	body, err := json.Marshal(v)
	must(t, err)
	return string(body)
}
