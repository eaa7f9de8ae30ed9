package ledgertest

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// passkey is one of owner's, of the credential named.
func passkey(owner, credential string) ledger.Passkey {
	return ledger.Passkey{
		ID: ledger.PasskeyID([]byte(credential)), Credential: []byte(credential), Owner: owner, PublicKey: []byte{0xa5, 0, 1}, SignCount: 1<<32 - 2,
		AAGUID: make([]byte, 16), Transports: []string{"usb", "nfc"}, Flags: 0x4d, Attestation: "packed", Name: "blue ü 病", Created: Start,
	}
}

var passkeyCases = map[string]func(*testing.T, Fresh){
	"they are kept whole, per owner": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		must(t, l.AddClinician(t.Context(), ledger.Clinician{ID: "anna", Name: "Anna", Active: true}))
		anna, ben := ledger.ClinicianOwner("anna"), ledger.StaffOwner("anna")
		first, second, other := passkey(anna, "one"), passkey(anna, "two"), passkey(ben, "three")
		second.Transports, second.Flags, second.Created = nil, 0x05, Start.Add(time.Second)
		for _, p := range []ledger.Passkey{second, first, other} {
			must(t, l.AddPasskey(t.Context(), p))
		}
		wantEqual(t, value[[]ledger.Passkey](t)(l.Passkeys(t.Context(), anna)), []ledger.Passkey{first, second})
		wantEqual(t, value[[]ledger.Passkey](t)(l.Passkeys(t.Context(), ben)), []ledger.Passkey{other})
		wantEqual(t, value[ledger.Passkey](t)(l.PasskeyByID(t.Context(), first.ID)), first)
		wantEqual(t, []bool{first.BackupEligible(), second.BackupEligible()}, []bool{true, false})
		_, err := l.PasskeyByID(t.Context(), "x")
		wantErr(t, err, custody.ErrNotFound)
		stolen := passkey(ben, "one")
		wantErr(t, l.AddPasskey(t.Context(), stolen), custody.ErrConflict)

		must(t, l.NamePasskey(t.Context(), anna, first.ID, "green"))
		wantErr(t, l.NamePasskey(t.Context(), ben, first.ID, "mine"), custody.ErrNotFound)
		wantErr(t, l.RemovePasskey(t.Context(), ben, first.ID, "staff:Maria", Start), custody.ErrNotFound)
		must(t, l.RemovePasskey(t.Context(), anna, first.ID, "staff:Maria", Start.Add(time.Minute)))
		wantErr(t, l.RemovePasskey(t.Context(), anna, first.ID, "staff:Maria", Start), custody.ErrNotFound)
		wantErr(t, l.NamePasskey(t.Context(), anna, first.ID, "x"), custody.ErrNotFound)
		wantEqual(t, value[[]ledger.Passkey](t)(l.Passkeys(t.Context(), anna)), []ledger.Passkey{second})
		first.Name, first.Removed = "green", Start.Add(time.Minute)
		wantEqual(t, value[ledger.Passkey](t)(l.PasskeyByID(t.Context(), first.ID)), first)
		wantErr(t, l.AddPasskey(t.Context(), passkey(anna, "one")), custody.ErrConflict)
	},
	"a use moves the count once, and not of one that is stopped": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		must(t, l.AddClinician(t.Context(), ledger.Clinician{ID: "anna", Name: "Anna", Active: true}))
		p := passkey("clinician:anna", "one")
		must(t, l.AddPasskey(t.Context(), p))
		must(t, l.UsePasskey(t.Context(), p.ID, p.SignCount, p.SignCount+1, 0x1d, Start.Add(time.Hour)))
		wantErr(t, l.UsePasskey(t.Context(), p.ID, p.SignCount, p.SignCount+1, 0x1d, Start.Add(2*time.Hour)), custody.ErrStale)
		wantErr(t, l.UsePasskey(t.Context(), "x", 0, 1, 0, Start), custody.ErrStale)
		p.SignCount, p.Flags, p.Used = p.SignCount+1, 0x1d, Start.Add(time.Hour)
		wantEqual(t, value[ledger.Passkey](t)(l.PasskeyByID(t.Context(), p.ID)), p)

		must(t, l.SuspendPasskey(t.Context(), p.ID, "it counted backwards", Start.Add(3*time.Hour)))
		must(t, l.SuspendPasskey(t.Context(), p.ID, "again", Start.Add(4*time.Hour)))
		wantErr(t, l.SuspendPasskey(t.Context(), "x", "", Start), custody.ErrNotFound)
		wantErr(t, l.UsePasskey(t.Context(), p.ID, p.SignCount, p.SignCount, 0x1d, Start), custody.ErrStale)
		p.Suspended, p.Why = Start.Add(3*time.Hour), "it counted backwards"
		wantEqual(t, value[[]ledger.Passkey](t)(l.Passkeys(t.Context(), p.Owner)), []ledger.Passkey{p})

		gone := passkey("clinician:anna", "two")
		must(t, l.AddPasskey(t.Context(), gone))
		must(t, l.RemovePasskey(t.Context(), gone.Owner, gone.ID, "staff:Maria", Start))
		wantErr(t, l.UsePasskey(t.Context(), gone.ID, gone.SignCount, gone.SignCount+1, 0, Start), custody.ErrStale)
	},
	"what is done with a clinician's is told about them": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		wantErr(t, l.AddPasskey(t.Context(), passkey("clinician:nobody", "one")), custody.ErrNotFound)
		must(t, l.AddClinician(t.Context(), ledger.Clinician{ID: "anna", Name: "Anna", Active: true}))
		p := passkey("clinician:anna", "one") // nobody's, as the first was not kept
		must(t, l.AddPasskey(t.Context(), p))
		must(t, l.SuspendPasskey(t.Context(), p.ID, "it counted backwards", Start.Add(time.Minute)))
		must(t, l.SuspendPasskey(t.Context(), p.ID, "again", Start.Add(time.Minute)))
		wantErr(t, l.RemovePasskey(t.Context(), "clinician:ben", p.ID, "staff:Maria", Start), custody.ErrNotFound)
		must(t, l.RemovePasskey(t.Context(), p.Owner, p.ID, "staff:Maria", Start.Add(time.Hour)))
		deed := func(seq int64, after time.Duration, by, what, why string) ledger.PersonDeed {
			return ledger.PersonDeed{Clinician: "anna", Seq: seq, At: Start.Add(after), By: by, What: what, Why: why}
		}
		wantEqual(t, value[[]ledger.PersonDeed](t)(l.PersonLog(t.Context(), "anna", 10)), []ledger.PersonDeed{
			deed(3, time.Hour, "staff:Maria", `Removed the passkey "blue ü 病"`, ""),
			deed(2, time.Minute, "padwarden", `Suspended the passkey "blue ü 病"`, "it counted backwards"),
			deed(1, 0, "clinician:anna", `Added the passkey "blue ü 病"`, ""),
		})
	},
	"the sessions that a stopped one opened": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 4)
		must(t, l.AddClinician(t.Context(), ledger.Clinician{ID: "ada", Name: "Ada", Active: true}))
		lost, copied, good, staffs := passkey("clinician:ada", "one"), passkey("clinician:ada", "two"), passkey("clinician:ada", "three"), passkey("staff:ada", "four")
		for id, p := range map[custody.DeviceID]ledger.Passkey{"D000": lost, "D001": copied, "D002": good, "D003": staffs} {
			must(t, l.AddPasskey(t.Context(), p))
			put(t, l, id, func(row *custody.Custody) { row.State, row.Holder, row.Credential = custody.InUse, "ada", p.Opens() })
		}
		want := func(clinician string, want ...ledger.RevokedSession) {
			t.Helper()
			wantEqual(t, value[[]ledger.RevokedSession](t)(l.RevokedSessions(t.Context(), clinician, Start)), want)
		}
		ended := func(id custody.DeviceID, p ledger.Passkey) ledger.RevokedSession {
			return ledger.RevokedSession{Device: id, Event: custody.Revoke{Clinician: "ada", Credential: p.Opens()}}
		}
		want("")
		must(t, l.RemovePasskey(t.Context(), lost.Owner, lost.ID, "staff:Maria", Start))
		must(t, l.SuspendPasskey(t.Context(), copied.ID, "copied", Start))
		must(t, l.RemovePasskey(t.Context(), staffs.Owner, staffs.ID, "staff:Maria", Start)) // opens nothing on an iPad
		want("", ended("D000", lost), ended("D001", copied))
		want("ada", ended("D000", lost), ended("D001", copied))
		want("ben")
	},
	"of many uses of one count one wins": func(t *testing.T, fresh Fresh) {
		l := Open(t, fresh(t))
		p := passkey("staff:s1", "one")
		p.SignCount = 7
		must(t, l.AddPasskey(t.Context(), p))
		var won atomic.Int64
		together(8, func(int) {
			switch err := l.UsePasskey(t.Context(), p.ID, 7, 8, 0x05, Start); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, custody.ErrStale):
				t.Error(err)
			}
		})
		wantEqual(t, won.Load(), 1)
	},
}
