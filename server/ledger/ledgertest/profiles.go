package ledgertest

import (
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

var profileCases = map[string]func(*testing.T, Fresh){
	"the last list of profiles is kept, a device its own": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 2)
		_, err := l.Profiles(t.Context(), "D000")
		wantErr(t, err, custody.ErrNotFound)
		first := ledger.SeenProfiles{Device: "D000", Versions: map[string]string{"com.padwarden.kiosk": "one"}, Seen: Start}
		then := ledger.SeenProfiles{Device: "D000", Versions: map[string]string{"com.padwarden.kiosk": "two", "ü": ""}, Seen: Start.Add(time.Minute)}
		for _, p := range []ledger.SeenProfiles{first, then} {
			must(t, l.PutProfiles(t.Context(), p))
			wantEqual(t, value[ledger.SeenProfiles](t)(l.Profiles(t.Context(), "D000")), p)
		}
		must(t, l.PutProfiles(t.Context(), first)) // it was on its way for long
		wantEqual(t, value[ledger.SeenProfiles](t)(l.Profiles(t.Context(), "D000")), then)
		_, err = l.Profiles(t.Context(), "D001")
		wantErr(t, err, custody.ErrNotFound)
		wantErr(t, l.PutProfiles(t.Context(), ledger.SeenProfiles{Device: "nobody", Seen: Start}), custody.ErrNotFound)
	},
	"a new enrolment forgets them": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 1)
		issue(t, l, "D000", "c1")
		must(t, l.PutProfiles(t.Context(), ledger.SeenProfiles{Device: "D000", Versions: map[string]string{"a": "b"}, Seen: Start}))
		must(t, l.Authenticate(t.Context(), ledger.AuthenticateRecord{Device: "D000", UDID: "U0", Hash: "c1"}))
		_, err := l.Profiles(t.Context(), "D000")
		wantErr(t, err, custody.ErrNotFound)
	},
}
