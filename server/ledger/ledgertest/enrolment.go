package ledgertest

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

// issue records certificate hash for device, spending a challenge of its own.
func issue(t testing.TB, l *ledger.Ledger, device custody.DeviceID, hash string) ledger.Certificate {
	t.Helper()
	c := ledger.Certificate{Hash: hash, Device: device, Epoch: 1, Run: 7, Issued: Start, Expires: Start.AddDate(1, 0, 0)}
	must(t, l.IssueCertificate(t.Context(), c, "challenge of "+hash))
	return c
}

func authenticate(device custody.DeviceID, udid, hash string) ledger.AuthenticateRecord {
	return ledger.AuthenticateRecord{Device: device, UDID: udid, Hash: hash, Model: "iPad14,1", OSVersion: "18.2", Build: "22C152", Topic: "com.apple.mgmt.x"}
}

func revoked(t testing.TB, l *ledger.Ledger, hash string) bool {
	t.Helper()
	return !value[ledger.Certificate](t)(l.Certificate(t.Context(), hash)).Revoked.IsZero()
}

var enrolmentCases = map[string]func(*testing.T, Fresh){
	"who comes under a certificate": func(t *testing.T, fresh Fresh) {
		l, rows := fresh1(t, fresh, 2)
		c := issue(t, l, "D000", "c1")
		is := func(row custody.Custody, asked bool) {
			t.Helper()
			wantEqual(t, value[ledger.Visitor](t)(l.Visitor(t.Context(), "c1")), ledger.Visitor{Certificate: c, Custody: row, Asked: asked})
		}
		is(rows[0], false)
		ch := Advance(rows[0], custody.KindReport)
		must(t, l.Commit(t.Context(), ch))
		is(ch.Next, false)
		another, mine := ask("b", "ping", 0), ask("a", "ping", 0)
		another.Device = "D001"
		value[ledger.Ask](t)(l.PutAsk(t.Context(), another))
		is(ch.Next, false)
		value[ledger.Ask](t)(l.PutAsk(t.Context(), mine))
		is(ch.Next, true)
		must(t, l.HandOverAsk(t.Context(), "D000", "a", Start))
		is(ch.Next, true)
		mine.Answered, mine.Outcome = Start, "Acknowledged"
		must(t, l.AnswerAsk(t.Context(), mine))
		is(ch.Next, false)
		_, err := l.Visitor(t.Context(), "c2")
		wantErr(t, err, custody.ErrNotFound)
	},
	"a certificate spends its challenge, or is not recorded": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 2)
		c := issue(t, l, "D000", "c1")
		wantEqual(t, value[ledger.Certificate](t)(l.Certificate(t.Context(), "c1")), c)
		wantErr(t, l.IssueCertificate(t.Context(), ledger.Certificate{Hash: "c2", Device: "D000"}, "challenge of c1"), custody.ErrConflict)
		_, err := l.Certificate(t.Context(), "c2")
		wantErr(t, err, custody.ErrNotFound)
		// What is refused spends nothing.
		wantErr(t, l.IssueCertificate(t.Context(), ledger.Certificate{Hash: "c1", Device: "D001"}, "other"), custody.ErrConflict)
		wantErr(t, l.IssueCertificate(t.Context(), ledger.Certificate{Hash: "c3", Device: "X"}, "other"), custody.ErrNotFound)
		wantEqual(t, value[bool](t)(l.Spent(t.Context(), "other")), false)

		var won atomic.Int32
		together(16, func(i int) {
			err := l.IssueCertificate(t.Context(), ledger.Certificate{Hash: string(rune('a' + i)), Device: "D001"}, "one")
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, custody.ErrConflict) {
				t.Error(err)
			}
		})
		wantEqual(t, won.Load(), 1)
	},
	"a spent challenge says what it was spent for": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 2)
		c := ledger.Certificate{Hash: "c1", Device: "D000", Key: []byte("key"), DER: []byte("der")}
		must(t, l.IssueCertificate(t.Context(), c, "challenge"))
		wantEqual(t, value[ledger.Issuance](t)(l.Issued(t.Context(), "challenge")), ledger.Issuance{Hash: "c1", Key: c.Key, DER: c.DER})
		wantErr(t, l.IssueCertificate(t.Context(), ledger.Certificate{Hash: "c2", Device: "D001", Key: []byte("other"), DER: []byte("x")}, "challenge"), custody.ErrConflict)
		wantEqual(t, value[ledger.Issuance](t)(l.Issued(t.Context(), "challenge")).Hash, "c1")
		wantErr(t, errOf(l.Issued(t.Context(), "unspent")), custody.ErrNotFound)
		must(t, l.Spend(t.Context(), "link"))
		wantErr(t, errOf(l.Issued(t.Context(), "link")), custody.ErrNotFound)
	},
	"a renewal that is used ends those of its enrolment before it, and no others": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 2)
		issue(t, l, "D000", "root")
		renewal := func(hash, of string) {
			c := ledger.Certificate{Hash: hash, Device: "D000", UDID: "U0", Enrolment: of, Expires: Start.AddDate(1, 0, 0)}
			must(t, l.IssueCertificate(t.Context(), c, "renewal "+hash))
		}
		renewal("r1", "root")
		issue(t, l, "D000", "next") // an enrolment profile that has gone out
		issue(t, l, "D001", "other")
		renewal("r2", "root")
		over := func() (n []string) {
			for _, h := range []string{"root", "r1", "next", "other", "r2"} {
				c := value[ledger.Certificate](t)(l.Certificate(t.Context(), h))
				if !c.Superseded.IsZero() {
					n = append(n, h)
				}
				wantEqual(t, c.Revoked.IsZero(), true)
			}
			return n
		}
		wantEqual(t, over(), nil)
		must(t, l.UseRenewal(t.Context(), "r2"))
		wantEqual(t, over(), []string{"root", "r1"})
		first := value[ledger.Certificate](t)(l.Certificate(t.Context(), "r2")).Used
		wantEqual(t, first.IsZero(), false)
		must(t, l.UseRenewal(t.Context(), "r2"))
		wantEqual(t, value[ledger.Certificate](t)(l.Certificate(t.Context(), "r2")).Used, first)
		for _, hash := range []string{"r1", "next", "unknown"} {
			wantErr(t, l.UseRenewal(t.Context(), hash), custody.ErrNotFound)
		}
	},
	"certificates that expire are found in order, page by page": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 4)
		put := func(hash string, d custody.DeviceID, udid, of string, days int) {
			c := ledger.Certificate{Hash: hash, Device: d, UDID: udid, Enrolment: of, Expires: Start.AddDate(0, 0, days)}
			must(t, l.IssueCertificate(t.Context(), c, "for "+hash))
		}
		put("b", "D000", "U0", "", 5)
		put("a", "D001", "U1", "", 5)
		put("late", "D002", "U2", "", 90)
		put("never came", "D002", "", "", 1)
		put("first", "D003", "U3", "", 2)
		put("renewed", "D003", "U3", "first", 6)
		expiring := func() (all []string) {
			var last ledger.Certificate
			for {
				page := value[[]ledger.Certificate](t)(l.Expiring(t.Context(), last, Start.AddDate(0, 0, 30), 1))
				if len(page) == 0 {
					return all
				}
				last = page[0]
				all = append(all, last.Hash)
			}
		}
		wantEqual(t, expiring(), []string{"first", "a", "b"})
		must(t, l.UseRenewal(t.Context(), "renewed"))
		wantEqual(t, expiring(), []string{"a", "b", "renewed"})
		must(t, l.Authenticate(t.Context(), authenticate("D000", "U0", "b")))
		put("again", "D000", "", "", 400)
		must(t, l.Authenticate(t.Context(), authenticate("D000", "U0", "again")))
		wantEqual(t, expiring(), []string{"a", "renewed"})
	},
	"certificates issued at once stand in some order": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 1)
		together(16, func(i int) {
			hash := string(rune('a' + i))
			if err := l.IssueCertificate(t.Context(), ledger.Certificate{Hash: hash, Device: "D000"}, "challenge "+hash); err != nil {
				t.Error(err)
			}
		})
	},
	"the first Authenticate binds serial, certificate and UDID": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 2)
		issue(t, l, "D000", "c0")
		issue(t, l, "D001", "c1")
		must(t, l.Authenticate(t.Context(), authenticate("D000", "U0", "c0")))
		wantEqual(t, value[ledger.Certificate](t)(l.Certificate(t.Context(), "c0")).UDID, "U0")
		wantEqual(t, value[ledger.Device](t)(l.DeviceByUDID(t.Context(), "U0")), ledger.Device{
			ID: "D000", UDID: "U0", Ward: "4B", Name: "4B-00", Model: "iPad14,1", OSVersion: "18.2", Build: "22C152", Topic: "com.apple.mgmt.x",
		})
		must(t, l.Authenticate(t.Context(), authenticate("D000", "U0", "c0"))) // a device repeats what was not answered

		issue(t, l, "D000", "c2")
		bound := ledger.Certificate{Hash: "c3", Device: "D001", UDID: "U1"}
		must(t, l.IssueCertificate(t.Context(), bound, "challenge of c3"))
		for name, c := range map[string]struct {
			a    ledger.AuthenticateRecord
			want error
		}{
			"certificate of another serial":   {authenticate("D000", "U0", "c1"), custody.ErrConflict},
			"certificate bound to other UDID": {authenticate("D001", "U9", "c3"), custody.ErrConflict},
			"device bound to other UDID":      {authenticate("D000", "U9", "c2"), custody.ErrConflict},
			"UDID of another device":          {authenticate("D001", "U0", "c1"), custody.ErrConflict},
			"no UDID":                         {authenticate("D001", "", "c1"), custody.ErrConflict},
			"unknown certificate":             {authenticate("D000", "U0", "c9"), custody.ErrNotFound},
			"unknown device, its certificate": {authenticate("X", "U9", "c1"), custody.ErrNotFound},
		} {
			if err := l.Authenticate(t.Context(), c.a); !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", name, err, c.want)
			}
		}
		wantEqual(t, value[ledger.Device](t)(l.Device(t.Context(), "D001")).UDID, "")
		wantEqual(t, value[ledger.Certificate](t)(l.Certificate(t.Context(), "c1")).UDID, "")
		wantEqual(t, revoked(t, l, "c0"), false)
	},
	"a later Authenticate revokes what was issued before, never a renewal": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 2)
		// All of one instant: the order of issue decides, no clock does.
		issue(t, l, "D001", "other")
		for _, c := range []string{"z-first", "middle", "a-renewal"} {
			issue(t, l, "D000", c)
		}
		must(t, l.Authenticate(t.Context(), authenticate("D000", "U0", "z-first")))
		wantEqual(t, revoked(t, l, "middle"), false)
		must(t, l.Authenticate(t.Context(), authenticate("D000", "U0", "middle")))
		wantEqual(t, []bool{revoked(t, l, "z-first"), revoked(t, l, "middle"), revoked(t, l, "a-renewal"), revoked(t, l, "other")},
			[]bool{true, false, false, false})
		at := value[ledger.Certificate](t)(l.Certificate(t.Context(), "z-first")).Revoked
		wantErr(t, l.Authenticate(t.Context(), authenticate("D000", "U0", "z-first")), custody.ErrNotFound)
		must(t, l.Authenticate(t.Context(), authenticate("D000", "U0", "a-renewal")))
		wantEqual(t, revoked(t, l, "middle"), true)
		wantEqual(t, value[ledger.Certificate](t)(l.Certificate(t.Context(), "z-first")).Revoked, at)
	},
	"an Authenticate forgets the enrolment before it, a refused one nothing": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 2)
		tell := func(d custody.DeviceID) {
			must(t, l.TokenUpdate(t.Context(), ledger.Push{Device: d, Token: []byte{1}, Magic: "m", Topic: "t"}, []byte("unlock")))
			must(t, l.TokenUpdate(t.Context(), ledger.Push{Device: d, User: "ada", Token: []byte{2}}, nil))
			must(t, l.PutSecret(t.Context(), d, ledger.SecretBootstrap, []byte("boot")))
			must(t, l.PutErrand(t.Context(), ledger.Errand{UUID: "e-" + string(d), Device: d, Body: []byte("x"), Expires: Start.Add(time.Hour)}))
			a := ask("a-"+string(d), "ping", 0)
			a.Device = d
			value[ledger.Ask](t)(l.PutAsk(t.Context(), a))
		}
		knows := func(d custody.DeviceID) (n int) {
			for _, err := range []error{
				errOf(l.Push(t.Context(), d, "")), errOf(l.Push(t.Context(), d, "ada")),
				errOf(l.Secret(t.Context(), d, ledger.SecretUnlock)), errOf(l.Secret(t.Context(), d, ledger.SecretBootstrap)),
				errOf(l.NextErrand(t.Context(), d, "", Start)),
			} {
				if err == nil {
					n++
				} else {
					wantErr(t, err, custody.ErrNotFound)
				}
			}
			return n + len(value[[]ledger.Ask](t)(l.Asks(t.Context(), d)))
		}
		issue(t, l, "D000", "c0")
		tell("D000")
		tell("D001")
		wantErr(t, l.Authenticate(t.Context(), authenticate("D000", "U0", "c9")), custody.ErrNotFound)
		wantEqual(t, knows("D000"), 6)
		must(t, l.Authenticate(t.Context(), authenticate("D000", "U0", "c0")))
		wantEqual(t, []int{knows("D000"), knows("D001")}, []int{0, 6})
	},
	"push records by channel": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 2)
		device := ledger.Push{Device: "D000", Token: []byte{0, 0xff}, Magic: "m'", Topic: "t"}
		must(t, l.TokenUpdate(t.Context(), device, []byte("unlock one")))
		for _, user := range []string{"zoe", "ada"} {
			must(t, l.TokenUpdate(t.Context(), ledger.Push{Device: "D000", User: user, Token: []byte(user)}, nil))
		}
		wantEqual(t, value[ledger.Push](t)(l.Push(t.Context(), "D000", "")), device)
		device.Token, device.Magic = []byte{3}, "m2"
		must(t, l.TokenUpdate(t.Context(), device, nil))
		wantEqual(t, value[ledger.Push](t)(l.Push(t.Context(), "D000", "")), device)
		wantEqual(t, string(value[[]byte](t)(l.Secret(t.Context(), "D000", ledger.SecretUnlock))), "unlock one")
		must(t, l.TokenUpdate(t.Context(), device, []byte("unlock two")))
		wantEqual(t, string(value[[]byte](t)(l.Secret(t.Context(), "D000", ledger.SecretUnlock))), "unlock two")
		wantEqual(t, value[[]string](t)(l.Users(t.Context(), "D000")), []string{"ada", "zoe"})
		wantEqual(t, len(value[[]string](t)(l.Users(t.Context(), "D001"))), 0)

		must(t, l.TokenUpdate(t.Context(), ledger.Push{Device: "D001", Token: []byte{1}}, nil))
		must(t, l.CheckOut(t.Context(), "D000"))
		_, err := l.Push(t.Context(), "D000", "")
		wantErr(t, err, custody.ErrNotFound)
		wantEqual(t, len(value[[]string](t)(l.Users(t.Context(), "D000"))), 0)
		value[ledger.Push](t)(l.Push(t.Context(), "D001", ""))
		wantErr(t, l.CheckOut(t.Context(), "X"), custody.ErrNotFound)
		wantErr(t, l.TokenUpdate(t.Context(), ledger.Push{Device: "X"}, nil), custody.ErrNotFound)
	},
	"check-ins of one device at once": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 1)
		issue(t, l, "D000", "c0")
		together(24, func(i int) {
			var err error
			switch i % 3 {
			case 0:
				err = l.Authenticate(t.Context(), authenticate("D000", "U0", "c0"))
			case 1:
				err = l.TokenUpdate(t.Context(), ledger.Push{Device: "D000", User: "ada", Token: []byte{1}}, []byte("u"))
			case 2:
				err = l.PutErrand(t.Context(), ledger.Errand{UUID: "e", Device: "D000", Expires: Start})
			}
			if err != nil {
				t.Error(err)
			}
		})
	},
}

func errOf[T any](_ T, err error) error { return err }
