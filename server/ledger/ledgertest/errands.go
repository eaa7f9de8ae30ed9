package ledgertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

var errandCases = map[string]func(*testing.T, Fresh){
	"lowest rank first, then the oldest, a channel its own": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 2)
		put := func(uuid string, device custody.DeviceID, user string, rank int) ledger.Errand {
			e := ledger.Errand{
				UUID: uuid, Device: device, User: user, Request: "InstallProfile",
				Body: []byte("body of " + uuid), Rank: rank, Expires: Start.Add(time.Hour),
			}
			must(t, l.PutErrand(t.Context(), e))
			return e
		}
		z, b := put("z", "D000", "", 5), put("b", "D000", "", 5)
		a, user, other := put("a", "D000", "", -1), put("u", "D000", "ada", 0), put("o", "D001", "", 0)
		next := func(device custody.DeviceID, account string) ledger.Errand {
			t.Helper()
			return value[ledger.Errand](t)(l.NextErrand(t.Context(), device, account, Start))
		}
		for _, want := range []ledger.Errand{a, z, b} {
			wantEqual(t, next("D000", ""), want)
			wantEqual(t, next("D000", ""), want) // delivered at least once: it waits until it is ended
			must(t, l.EndErrand(t.Context(), want.UUID, "D000", ""))
		}
		_, err := l.NextErrand(t.Context(), "D000", "", Start)
		wantErr(t, err, custody.ErrNotFound)
		wantEqual(t, next("D000", "ada"), user)
		wantEqual(t, next("D001", ""), other)

		// Another device's or channel's answer ends nothing.
		wantErr(t, l.EndErrand(t.Context(), "u", "D000", ""), custody.ErrNotFound)
		wantErr(t, l.EndErrand(t.Context(), "u", "D001", "ada"), custody.ErrNotFound)
		wantEqual(t, next("D000", "ada"), user)
	},
	"the same UUID waits once": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 1)
		e := ledger.Errand{UUID: "e", Device: "D000", Body: []byte("one"), Expires: Start.Add(time.Hour)}
		together(8, func(int) {
			if err := l.PutErrand(t.Context(), e); err != nil {
				t.Error(err)
			}
		})
		again := e
		again.Body = []byte("two")
		must(t, l.PutErrand(t.Context(), again))
		wantEqual(t, value[ledger.Errand](t)(l.NextErrand(t.Context(), "D000", "", Start)), e)
		must(t, l.EndErrand(t.Context(), "e", "D000", ""))
		_, err := l.NextErrand(t.Context(), "D000", "", Start)
		wantErr(t, err, custody.ErrNotFound)
	},
	"expired ones are neither handed out nor kept": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 1)
		for i, uuid := range []string{"first", "second"} {
			must(t, l.PutErrand(t.Context(), ledger.Errand{UUID: uuid, Device: "D000", Expires: Start.Add(time.Duration(i+1) * time.Minute)}))
		}
		wantEqual(t, value[ledger.Errand](t)(l.NextErrand(t.Context(), "D000", "", Start)).UUID, "first")
		wantEqual(t, value[ledger.Errand](t)(l.NextErrand(t.Context(), "D000", "", Start.Add(time.Minute))).UUID, "second")
		must(t, l.ExpireErrands(t.Context(), Start.Add(time.Minute)))
		wantErr(t, l.EndErrand(t.Context(), "first", "D000", ""), custody.ErrNotFound)
		must(t, l.EndErrand(t.Context(), "second", "D000", ""))
		wantErr(t, l.PutErrand(t.Context(), ledger.Errand{UUID: "ever", Device: "D000"}), custody.ErrConflict)
	},
	"a device's errands are bounded": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 2)
		put := func(d custody.DeviceID, n int) error {
			return l.PutErrand(t.Context(), ledger.Errand{UUID: fmt.Sprint(d, n), Device: d, Expires: Start})
		}
		for n := range 256 {
			must(t, put("D000", n))
		}
		wantErr(t, put("D000", 256), custody.ErrConflict)
		must(t, put("D000", 0))
		must(t, put("D001", 0))
		wantErr(t, put("X", 0), custody.ErrNotFound)
	},
}
