package provision

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/badge"
	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/identity"
	"github.com/padwarden/padwarden/server/ledger"
	"github.com/padwarden/padwarden/server/ledger/ledgertest"
)

var now = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// nowhere: an import signs nobody in.
type nowhere struct{ identity.Store }

// ward is an importer over a real ledger that has ward 4b, an iPad with a
// reader, and three people.
type ward struct {
	*Importer
	t     *testing.T
	l     *ledger.Ledger
	ids   *identity.Identity
	ended []string
}

func newWard(t *testing.T) *ward {
	t.Helper()
	w := &ward{t: t, l: ledgertest.Open(t, ledgertest.SQLite(t))}
	ids, err := identity.New(identity.Config{Ledger: w.l, Live: nowhere{}, Key: bytes.Repeat([]byte{7}, 32), Now: func() time.Time { return now }, Rand: rand.Reader,
		Cost: identity.Cost{MemoryKiB: 8, Passes: 1, Parallel: 1, AtOnce: 2, Waiting: 8, WaitAtMost: time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	w.ids = ids
	w.Importer = &Importer{Ledger: w.l, Identity: ids, Now: func() time.Time { return now }, Zone: time.UTC,
		Credential: func() string { return "reader-secret" }, Ended: func(_ context.Context, id string) { w.ended = append(w.ended, id) }}
	w.must(w.l.AddWard(t.Context(), ledger.Ward{ID: "4b", Name: "4B", Policy: custody.DefaultPolicy(custody.ReturnToService, custody.TargetKioskApp)}))
	w.must(w.l.AddDevice(t.Context(), ledger.Device{ID: "DMPX0001", Ward: "4b", Name: "4B-01"}))
	w.must(w.l.AddReader(t.Context(), ledger.Reader{ID: "dock-1", Ward: "4b", Device: "DMPX0001", Credential: []byte{1}}))
	w.imports("id;name;account;badge;badge2;pin\nada;Ada Okafor;ada@x.org;0048210000;0048210001;836194\nben;Ben Ito;;0048210002;;\ncy;Cy;;;;\n")
	return w
}

func (w *ward) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *ward) parse(text string) File {
	w.t.Helper()
	f, err := Parse([]byte(text))
	w.must(err)
	return f
}

func (w *ward) dry(text string) Report {
	w.t.Helper()
	r, err := w.DryRun(w.t.Context(), w.parse(text))
	w.must(err)
	return r
}

func (w *ward) imports(text string) Report {
	w.t.Helper()
	r, err := w.Import(w.t.Context(), w.parse(text), Asked{By: "staff:Maria"})
	w.must(err)
	return r
}

// lines is a report as it is compared.
func lines(r Report) (all []string) {
	for _, row := range r.Rows {
		all = append(all, fmt.Sprintf("%d %s %s: %s", row.N, row.What, row.Verdict, strings.Join(row.Says, " | ")))
	}
	return all
}

const people = "\xef\xbb\xbfid,name,account,badge,badge2,badge_expires,pin,active\r\n" +
	"ada,Ada O.,ada@y.org,0048210000,,,571904,\r\n" + // row 2
	"ben,Ben Ito,,,,,,no\r\n" +
	"cy,Cy,,0048210002,,,,\r\n" + // Ben's badge
	"dora,\"Dora \"\"D\"\" Lind\",dora@x.org,00482199,00482198,2026-12-31,571904,yes\r\n" +
	"\r\n" +
	"emil,=HYPERLINK(\"http://x\"),,,,,,\r\n" + // row 7: a quote inside an unquoted cell is no CSV
	""

func TestTheDryRunSaysWhatIsThenDone(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"people": {strings.ReplaceAll(people, `=HYPERLINK("http://x")`, "=1+2"), []string{
			"2 clinician ada change: the name Ada O., no longer Ada Okafor | the account ada@y.org, no longer ada@x.org | the PIN that is there stays",
			"3 clinician ben change: may no longer sign in: open sessions end",
			"4 clinician cy refused: Badge 1 is that of ben.",
			`5 clinician dora add: Dora "D" Lind | the account dora@x.org | badge 1 until 2027-01-01 00:00 | badge 2 until 2027-01-01 00:00 | a first PIN`,
			"7 clinician emil add: =1+2",
		}},
		"what is there already": {"name;id\nAda Okafor;ada\n", []string{"2 clinician ada unchanged: "}},
		"twice in the file": {"id,name,account,badge,badge2\na,A,x@x,11112222,\nb,B,,11112222,\na,A2,X@x,,\nd,D,x@x,33334444,033334444\ne,E,,,\n", []string{
			"2 clinician a refused: This id is in row 4 too. | This account is in row 5 too. | Badge 1 is in row 3 too.",
			"3 clinician b refused: Badge 1 is in row 2 too.",
			"4 clinician a refused: This id is in row 2 too.",
			"5 clinician d refused: This account is in row 2 too. | Badge 1 is there twice in this row.",
			"6 clinician e add: E",
		}},
		"what cannot be": {"id,name,badge,pin,active,badge_expires,account\n,X,,,,,\nb,,,,,,\nc,C,card,,,,\nd,D,,123456,,,\ne,E,,,perhaps,,\nf,F,,,,soon,\ng,G,,,,2026-03-01,\n\"h\n\",\"H\r\nH\",,,,,\ni,I,,,,,ada@x.org\nj,J\nk,K,,,,,,more\n", []string{
			"2 clinician  refused: It has no id.", "3 clinician b refused: It has no name.",
			"4 clinician c refused: Badge 1 is not a badge number as the readers write it.",
			"5 clinician d refused: Its PIN cannot be used: That PIN is one of the first that anybody would guess. Choose another.",
			"6 clinician e refused: Its column active holds neither yes nor no.",
			"7 clinician f refused: Its badge_expires is not a date like 2026-12-31.", "8 clinician g refused: Its badge_expires has passed.",
			"9 clinician h refused: Its name has a line break or another control character in it.",
			"10 clinician i refused: The account ada@x.org is that of ada.",
			"11 clinician j refused: It has 2 cells, and the header has 7.", "12 clinician k refused: It has 8 cells, and the header has 7.",
		}},
		"iPads": {"serial;ward;name;reader\nDMPX0001;;window;\nDMPX0002;4b;;dock-2\nDMPX0003;9z;;\nno/serial;4b;;\nDMPX0004;4b;;dock-1\nDMPX0002x;4b;;dock-5\nDMPX0006;4b;;dock-5\n", []string{
			"2 iPad DMPX0001 change: called window, no longer 4B-01",
			"3 iPad DMPX0002 add: called DMPX0002, on ward 4b | with the reader dock-2",
			`4 iPad DMPX0003 refused: There is no ward "9z".`,
			"5 iPad no/serial refused: A serial number has letters, digits and hyphens only, at most 64.",
			"6 iPad DMPX0004 refused: Reader dock-1 is there already, and its iPad is DMPX0001.",
			"7 iPad DMPX0002x refused: This reader is in row 8 too.", "8 iPad DMPX0006 refused: This reader is in row 7 too.",
		}},
		"a hospital": {`{"wards": [{"id": "5a", "name": "5A", "fleet": "shared-ipad", "devices": [{"serial": "DMPX0005"}]}, {"id": "x", "name": "X", "fleet": "ships", "devices": [{"serial": "DMPX0009"}]}],
			"clinicians": [{"id": "ada", "name": "Ada Okafor", "badges": ["0048210007"]}]}`, []string{
			"1 ward 5a add: a shared-ipad ward", "2 iPad DMPX0005 add: called DMPX0005, on ward 5a",
			`3 ward x refused: Target: "" is not a lock target of a ships ward (want kiosk-app, passcode or, as an experiment, safari); fleet: "ships" is not known.`, `4 iPad DMPX0009 refused: There is no ward "x".`, "5 clinician ada change: badge 1",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWard(t)
			before := w.everything()
			dry := w.dry(c.file)
			if got := lines(dry); !reflect.DeepEqual(got, c.want) {
				t.Errorf("the dry run says\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if after := w.everything(); before != after {
				t.Errorf("the dry run wrote something:\n%s\n%s", before, after)
			}
			real := w.imports(c.file)
			if !reflect.DeepEqual(real.Rows, dry.Rows) {
				t.Errorf("the dry run said\n%s\nand the real one\n%s", strings.Join(lines(dry), "\n"), strings.Join(lines(real), "\n"))
			}
			again := w.imports(c.file)
			if again.Count(Added)+again.Count(Changed) > 0 {
				t.Errorf("a second time:\n%s", strings.Join(lines(again), "\n"))
			}
		})
	}
}

// everything is what the ledger holds that an import could change.
func (w *ward) everything() string {
	w.t.Helper()
	ctx := w.t.Context()
	wards, e1 := w.l.Wards(ctx)
	devices, e2 := w.l.Devices(ctx, "")
	readers, e3 := w.l.Readers(ctx)
	people, e4 := w.l.Clinicians(ctx)
	badges, e5 := w.l.Badges(ctx, "")
	for _, err := range []error{e1, e2, e3, e4, e5} {
		w.must(err)
	}
	all, err := json.Marshal([]any{wards, devices, readers, people, badges})
	w.must(err)
	return string(all)
}

func TestWhatAnImportLeaves(t *testing.T) {
	w := newWard(t)
	ada, err := w.l.Clinician(t.Context(), "ada")
	w.must(err)
	r := w.imports(strings.ReplaceAll(people, `=HYPERLINK("http://x")`, "=1+2"))
	text, err := json.Marshal(r)
	w.must(err)
	for _, secret := range []string{"48210000", "48210002", "482199", "571904", "836194"} {
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("the report tells %s: %s", secret, text)
		}
	}
	after, err := w.l.Clinician(t.Context(), "ada")
	w.must(err)
	if after.PIN != ada.PIN || ada.PIN == "" {
		t.Error("a PIN that was there was overwritten")
	}
	emil, err := w.l.Clinician(t.Context(), "emil")
	if err != nil || emil.Name != "=1+2" || !emil.Active {
		t.Errorf("%+v, %v", emil, err)
	}
	if fmt.Sprint(w.ended) != "[ben]" {
		t.Errorf("sessions ended of %v", w.ended)
	}
	log, err := w.l.PersonLog(t.Context(), "ben", 10)
	w.must(err)
	if log[0].By != "staff:Maria" || log[0].What != "Imported: may no longer sign in: open sessions end" || !log[0].At.Equal(now) {
		t.Errorf("%+v", log)
	}
	hash, err := w.ids.Badge("00482199")
	w.must(err)
	for at, want := range map[time.Time]error{time.Date(2026, 12, 31, 23, 59, 0, 0, time.UTC): nil, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC): custody.ErrNotFound} {
		if _, err := w.l.ClinicianByBadge(t.Context(), hash, at); (err == nil) != (want == nil) {
			t.Errorf("a badge until 2026-12-31 at %s: %v", at, err)
		}
	}
	w.must(w.l.RevokeBadge(t.Context(), hash, now))
	if got := lines(w.dry("id,badge\ndora,00482199\n"))[0]; got != "2 clinician dora refused: Badge 1 was revoked or has ended: it is not given again." {
		t.Error(got)
	}
}

func TestReadersCredentialsAreShownOnce(t *testing.T) {
	w := newWard(t)
	const file = "serial,name,ward,reader\nDMPX0001,4B-01,4b,dock-1\nDMPX0002,4B-02,4b,dock-2\n"
	if r := w.dry(file); len(r.Credentials) > 0 {
		t.Error("a dry run shows credentials")
	}
	if r := w.imports(file); !reflect.DeepEqual(r.Credentials, []Credential{{Reader: "dock-2", Secret: "reader-secret"}}) {
		t.Errorf("%+v", r.Credentials)
	}
	if r := w.imports(file); len(r.Credentials) > 0 {
		t.Errorf("a second time: %+v", r.Credentials)
	}
}

// What the dry run refused is not done later because a row before it made it possible.
func TestOnlyWhatTheDryRunSaid(t *testing.T) {
	w := newWard(t)
	const file = "id,account\nada,new@x.org\nben,ada@x.org\n"
	if got := lines(w.dry(file)); !strings.HasPrefix(got[1], "3 clinician ben refused") {
		t.Fatal(got)
	}
	if _, err := w.Import(t.Context(), w.parse("id,account\nada,new@x.org\n"), Asked{By: "x", Only: []int{2}}); err != nil {
		t.Fatal(err)
	}
	report, err := w.Import(t.Context(), w.parse(file), Asked{By: "x", Only: []int{2}})
	w.must(err)
	if got := lines(report); len(got) != 2 || got[1] != "3 clinician ben refused: The dry run did not say so: look at it again." {
		t.Errorf("%v", got)
	}
	if ben, err := w.l.Clinician(t.Context(), "ben"); err != nil || ben.Account != "" {
		t.Errorf("%+v %v", ben, err)
	}
}

// A file's badge numbers are read as a ward's readers write them, where it is said.
func TestBadgesAsReadersWriteThem(t *testing.T) {
	w := newWard(t)
	f := w.parse("id,badge\nben,04a1b2c3\n")
	f.Badges = badge.Format{Encoding: badge.Hex, Reversed: true}
	if r, err := w.Import(t.Context(), f, Asked{By: "x"}); err != nil || r.Count(Changed) != 1 {
		t.Fatalf("%v %v", lines(r), err)
	}
	hash, err := w.ids.BadgeAs(badge.Format{}, fmt.Sprint(0xc3b2a104))
	w.must(err)
	if b, err := w.l.Badge(t.Context(), hash); err != nil || b.Clinician != "ben" {
		t.Errorf("%+v %v", b, err)
	}
	if got := lines(w.dry("id,badge\nben,04a1b2c3\n")); got[0] != "2 clinician ben refused: Badge 1 is not a badge number as the readers write it." {
		t.Error(got)
	}
}

func TestAWholeHospital(t *testing.T) {
	w := newWard(t)
	var file strings.Builder
	file.WriteString("id,name,badge\n")
	for n := range 10_000 {
		fmt.Fprintf(&file, "n%05d,Nurse %d,%d\n", n, n, 7_000_000+n)
	}
	began := time.Now()
	dry := w.dry(file.String())
	t.Logf("judging 10,000 rows took %s", time.Since(began))
	if dry.Count(Added) != 10_000 {
		t.Fatalf("%d of 10,000 would be added", dry.Count(Added))
	}
}
