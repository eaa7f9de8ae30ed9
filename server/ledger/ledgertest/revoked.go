package ledgertest

import (
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// put writes a row as change makes it of what is there.
func put(t *testing.T, l *ledger.Ledger, id custody.DeviceID, change func(*custody.Custody)) {
	t.Helper()
	ch := Advance(row(t, l, id))
	change(&ch.Next)
	must(t, l.Commit(t.Context(), ch))
}

var revokedCases = map[string]func(*testing.T, Fresh){
	"the sessions of who was revoked, and of revoked and ended badges": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 8)
		ctx := t.Context()
		card, lent, other := []byte("0123456789abcdef"), []byte("1123456789abcdef"), []byte("2123456789abcdef")
		for _, id := range []string{"ada", "ben"} {
			must(t, l.AddClinician(ctx, ledger.Clinician{ID: id, Name: id, Active: true}))
		}
		must(t, l.AddBadge(ctx, ledger.Badge{Hash: card, Clinician: "ada"}))
		must(t, l.AddBadge(ctx, ledger.Badge{Hash: lent, Clinician: "ada", Expires: Start.Add(time.Hour)}))
		must(t, l.AddBadge(ctx, ledger.Badge{Hash: other, Clinician: "ben"}))
		for id, c := range map[custody.DeviceID]struct {
			state  custody.State
			holder string
			with   string
		}{
			"D000": {custody.InUse, "ada", custody.BadgeCredential(card)}, "D001": {custody.Locked, "ada", custody.BadgeCredential(lent)},
			"D002": {custody.InUse, "ada", "passkey:1"}, "D003": {custody.Wiping, "ada", custody.BadgeCredential(card)},
			"D004": {custody.InUse, "ben", custody.BadgeCredential(other)}, "D005": {custody.InUse, "stranger", ""}, "D006": {custody.Clean, "", ""},
		} {
			put(t, l, id, func(row *custody.Custody) { row.State, row.Holder, row.Credential = c.state, c.holder, c.with })
		}
		want := func(clinician string, now time.Time, want ...ledger.RevokedSession) {
			t.Helper()
			got, err := l.RevokedSessions(ctx, clinician, now)
			must(t, err)
			wantEqual(t, len(got), len(want))
			for i := range got {
				wantEqual(t, got[i], want[i])
			}
		}
		byCard := ledger.RevokedSession{Device: "D000", Event: custody.Revoke{Clinician: "ada", Credential: custody.BadgeCredential(card)}}
		byLent := ledger.RevokedSession{Device: "D001", Event: custody.Revoke{Clinician: "ada", Credential: custody.BadgeCredential(lent)}}
		key := ledger.Passkey{Credential: []byte("ada's key"), Owner: "clinician:ada", PublicKey: []byte{1}, AAGUID: make([]byte, 16), Created: Start}
		must(t, l.AddPasskey(ctx, key))
		must(t, l.AddPasskey(ctx, ledger.Passkey{Credential: []byte("another"), Owner: "clinician:ada", PublicKey: []byte{1}, AAGUID: make([]byte, 16), Created: Start}))
		put(t, l, "D002", func(row *custody.Custody) { row.Credential = "passkey:" + ledger.PasskeyID(key.Credential) })
		want("", Start)
		want("", Start.Add(time.Hour-time.Millisecond))
		want("", Start.Add(time.Hour), byLent)
		must(t, l.RevokeBadge(ctx, card, Start))
		want("", Start, byCard)
		want("ada", Start.Add(time.Hour), byCard, byLent)
		want("ben", Start.Add(time.Hour))
		must(t, l.RemovePasskey(ctx, "clinician:ada", ledger.PasskeyID([]byte("another")), "staff:Maria", Start))
		want("", Start, byCard)
		must(t, l.RemovePasskey(ctx, "clinician:ada", ledger.PasskeyID(key.Credential), "staff:Maria", Start))
		byKey := ledger.RevokedSession{Device: "D002", Event: custody.Revoke{Clinician: "ada", Credential: "passkey:" + ledger.PasskeyID(key.Credential)}}
		want("", Start, byCard, byKey)
		must(t, l.SetActive(ctx, "ada", false))
		all := []ledger.RevokedSession{}
		for _, id := range []custody.DeviceID{"D000", "D001", "D002"} {
			all = append(all, ledger.RevokedSession{Device: id, Event: custody.Revoke{Clinician: "ada"}})
		}
		want("", Start, all...)
		want("ben", Start)
	},
	"what a revocation has not reached": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 6)
		asked := custody.Proof{Rung: custody.ProofRequested, At: map[custody.ProofRung]time.Time{custody.ProofRequested: Start}}
		for _, id := range []custody.DeviceID{"D000", "D001", "D002", "D003", "D004"} {
			put(t, l, id, func(row *custody.Custody) {
				row.State, row.Holder, row.Cause, row.Epoch, row.Proof = custody.Wiping, "ada", custody.CauseRevoked, 1, asked
				row.Run = custody.Run{ID: row.Version, Goal: custody.GoalWipe}
			})
		}
		list := func(clinician string, want ...custody.DeviceID) {
			t.Helper()
			rows, err := l.UnreachedRevocations(t.Context(), clinician)
			must(t, err)
			var got []custody.DeviceID
			for _, row := range rows {
				got = append(got, row.Device)
			}
			wantEqual(t, got, want)
		}
		list("", "D000", "D001", "D002", "D003", "D004")
		list("ben")
		put(t, l, "D001", func(row *custody.Custody) { row.Proof.Rung = custody.ProofHandedOver })
		put(t, l, "D002", func(row *custody.Custody) { row.State, row.Cause = custody.Unproven, custody.CauseOverdue })
		put(t, l, "D003", func(row *custody.Custody) { row.Cause, row.Holder = custody.CauseManager, "ben" })
		put(t, l, "D004", func(row *custody.Custody) {
			row.State, row.Holder, row.Proof.Rung = custody.Clean, "", custody.ProofProven
		})
		list("", "D000", "D002") // overdue: still not reached
		list("ada", "D000", "D002")
		put(t, l, "D002", func(row *custody.Custody) {
			row.State, row.Cause, row.Run = custody.Wiping, custody.CauseManager, custody.Run{ID: row.Version, Goal: custody.GoalWipe}
		})
		list("ada", "D000", "D002") // asked for again
		put(t, l, "D002", func(row *custody.Custody) { row.Epoch++ })
		list("ada", "D000") // another hand-over's
	},
}
