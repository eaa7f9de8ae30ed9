package ledgertest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

func ask(id, kind string, rank int) ledger.Ask {
	return ledger.Ask{ID: id, Device: "D000", Kind: kind, Params: []byte("params of " + kind), Epoch: 3, Rank: rank, By: "maria",
		Asked: Start, Expires: Start.Add(time.Hour)}
}

var askCases = map[string]func(*testing.T, Fresh){
	"from asking to the answer": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 2)
		asks := func() []ledger.Ask { t.Helper(); return value[[]ledger.Ask](t)(l.Asks(t.Context(), "D000")) }
		apps, ping := ask("a", "apps", 20), ask("p", "ping", 0)
		wantEqual(t, value[ledger.Ask](t)(l.PutAsk(t.Context(), apps)), apps)
		wantEqual(t, value[ledger.Ask](t)(l.PutAsk(t.Context(), ping)), ping)
		wantEqual(t, asks(), []ledger.Ask{ping, apps}) // lowest rank first
		wantEqual(t, len(value[[]ledger.Ask](t)(l.Asks(t.Context(), "D001"))), 0)

		answer := ping
		answer.Answered, answer.Outcome, answer.Says, answer.Result = Start.Add(2*time.Second), "Error", "no", []byte("here")
		wantErr(t, l.AnswerAsk(t.Context(), answer), custody.ErrNotFound) // it was not handed over
		must(t, l.HandOverAsk(t.Context(), "D000", "p", Start.Add(time.Second)))
		other := answer
		other.Device = "D001"
		wantErr(t, l.AnswerAsk(t.Context(), other), custody.ErrNotFound)
		must(t, l.AnswerAsk(t.Context(), answer))
		answer.HandedOver = Start.Add(time.Second)
		wantEqual(t, asks(), []ledger.Ask{answer, apps})
		wantEqual(t, value[[]ledger.Ask](t)(l.WaitingAsks(t.Context(), "D000", Start)), []ledger.Ask{apps})
		wantEqual(t, len(value[[]ledger.Ask](t)(l.WaitingAsks(t.Context(), "D000", apps.Expires))), 0)
		wantErr(t, l.AnswerAsk(t.Context(), answer), custody.ErrNotFound) // twice
		wantErr(t, l.HandOverAsk(t.Context(), "D000", "p", Start.Add(3*time.Second)), custody.ErrStale)
		wantEqual(t, value[map[custody.DeviceID]map[string]time.Time](t)(l.Asked(t.Context())),
			map[custody.DeviceID]map[string]time.Time{"D000": {"apps": Start, "ping": Start}})

		must(t, l.DropAsks(t.Context(), Start.Add(time.Hour)))
		wantEqual(t, len(asks()), 2)
		must(t, l.DropAsks(t.Context(), Start.Add(time.Hour+time.Millisecond)))
		wantEqual(t, len(asks()), 0)
	},
	"the same again is one; anything else replaces it": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 1)
		first := ask("1", "ping", 20)
		first.By = ""
		value[ledger.Ask](t)(l.PutAsk(t.Context(), first))
		must(t, l.HandOverAsk(t.Context(), "D000", "1", Start))
		again := ask("2", "ping", 0)
		again.Asked, again.Expires = Start.Add(time.Minute), Start.Add(2*time.Hour)
		want := first
		want.Rank, want.Expires, want.HandedOver, want.By = 0, again.Expires, Start, "maria"
		wantEqual(t, value[ledger.Ask](t)(l.PutAsk(t.Context(), again)), want)
		wantEqual(t, value[[]ledger.Ask](t)(l.Asks(t.Context(), "D000")), []ledger.Ask{want})

		for i, other := range []func(*ledger.Ask){
			func(a *ledger.Ask) { a.Epoch++ },
			func(a *ledger.Ask) { a.Params = []byte("others") },
			func(a *ledger.Ask) { a.Asked, a.Expires = Start.Add(24*time.Hour), Start.Add(25*time.Hour) }, // the one before has expired
		} {
			a := again
			a.ID = fmt.Sprint("other", i)
			other(&a)
			again = a
			wantEqual(t, value[ledger.Ask](t)(l.PutAsk(t.Context(), a)), a)
			wantEqual(t, value[[]ledger.Ask](t)(l.Asks(t.Context(), "D000")), []ledger.Ask{a})
		}
		wantErr(t, l.AnswerAsk(t.Context(), ledger.Ask{ID: "1", Device: "D000", Answered: Start}), custody.ErrNotFound)
	},
	"one of a device is outstanding": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 1)
		for i := range 8 {
			value[ledger.Ask](t)(l.PutAsk(t.Context(), ask(fmt.Sprint(i), fmt.Sprint("kind", i), i)))
		}
		var out atomic.Int64
		together(8, func(i int) {
			switch err := l.HandOverAsk(t.Context(), "D000", fmt.Sprint(i), Start); {
			case err == nil:
				out.Add(1)
			case !errors.Is(err, custody.ErrStale):
				t.Error(err)
			}
		})
		wantEqual(t, out.Load(), 1)
		var busy string
		for _, a := range value[[]ledger.Ask](t)(l.Asks(t.Context(), "D000")) {
			if a.Outstanding(Start) {
				busy = a.ID
			}
		}
		// A NotNow frees the place, and so does the end of its time.
		must(t, l.PostponeAsk(t.Context(), "D000", busy, Start.Add(time.Minute)))
		wantErr(t, l.PostponeAsk(t.Context(), "D000", busy, Start), custody.ErrNotFound)
		must(t, l.HandOverAsk(t.Context(), "D000", "7", Start))
		wantErr(t, l.HandOverAsk(t.Context(), "D000", "1", Start.Add(time.Minute)), custody.ErrStale)
		late := ask("late", "late", 0)
		late.Asked, late.Expires = Start.Add(time.Hour), Start.Add(2*time.Hour)
		value[ledger.Ask](t)(l.PutAsk(t.Context(), late))
		must(t, l.HandOverAsk(t.Context(), "D000", "late", Start.Add(time.Hour)))
		wantErr(t, l.HandOverAsk(t.Context(), "D000", "5", Start.Add(time.Hour)), custody.ErrStale)
	},
	"they are bounded and expire": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 1)
		for i := range 64 {
			value[ledger.Ask](t)(l.PutAsk(t.Context(), ask(fmt.Sprint(i), fmt.Sprint("kind", i), 0)))
		}
		_, err := l.PutAsk(t.Context(), ask("x", "x", 0))
		wantErr(t, err, custody.ErrConflict)
		value[ledger.Ask](t)(l.PutAsk(t.Context(), ask("y", "kind7", 0)))
		ever := ask("ever", "kind8", 0)
		ever.Expires = time.Time{}
		_, err = l.PutAsk(t.Context(), ever)
		wantErr(t, err, custody.ErrConflict)
		nobody := ask("n", "ping", 0)
		nobody.Device = "X"
		_, err = l.PutAsk(t.Context(), nobody)
		wantErr(t, err, custody.ErrNotFound)
		wantErr(t, l.HandOverAsk(t.Context(), "D000", "3", Start.Add(time.Hour)), custody.ErrStale)
	},
}

var factCases = map[string]func(*testing.T, Fresh){
	"the newest of each kind": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 2)
		fact := func(device custody.DeviceID, kind string, min int, body string) ledger.Fact {
			return ledger.Fact{Device: device, Kind: kind, Observed: Start.Add(time.Duration(min) * time.Minute), Body: []byte(body)}
		}
		must(t, l.PutFacts(t.Context(), nil))
		must(t, l.PutFacts(t.Context(), []ledger.Fact{
			fact("D000", "device", 1, `{"n":1}`), fact("D000", "device", 3, `{"n":3}`), fact("D000", "device", 2, `{"n":2}`),
			fact("D000", "apps", 1, `["ü 病"]`), fact("D001", "apps", 9, `[]`),
		}))
		must(t, l.PutFacts(t.Context(), []ledger.Fact{fact("D000", "device", 2, `{"n":0}`), fact("D000", "apps", 4, `[]`)}))
		wantEqual(t, value[[]ledger.Fact](t)(l.Facts(t.Context(), "D000")), []ledger.Fact{fact("D000", "apps", 4, `[]`), fact("D000", "device", 3, `{"n":3}`)})
		wantEqual(t, value[map[custody.DeviceID]map[string]time.Time](t)(l.Observed(t.Context())), map[custody.DeviceID]map[string]time.Time{
			"D000": {"apps": Start.Add(4 * time.Minute), "device": Start.Add(3 * time.Minute)}, "D001": {"apps": Start.Add(9 * time.Minute)}})
		of := value[[]ledger.Fact](t)
		wantEqual(t, of(l.FactsOf(t.Context(), "4B", "apps", "none")), []ledger.Fact{fact("D000", "apps", 4, `[]`), fact("D001", "apps", 9, `[]`)})
		wantEqual(t, len(of(l.FactsOf(t.Context(), "5A", "apps"))), 0)
		wantEqual(t, len(of(l.FactsOf(t.Context(), "", "apps"))), 2)
	},
	"what cannot be kept": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 1)
		good := ledger.Fact{Device: "D000", Kind: "device", Observed: Start, Body: []byte(`{}`)}
		long, broken, nobody := good, good, good
		long.Body = []byte(`"` + string(make([]byte, 512<<10)) + `"`)
		broken.Body = []byte(`{`)
		nobody.Device = "X"
		wantErr(t, l.PutFacts(t.Context(), []ledger.Fact{good, long}), custody.ErrConflict)
		wantErr(t, l.PutFacts(t.Context(), []ledger.Fact{good, broken}), custody.ErrConflict)
		wantErr(t, l.PutFacts(t.Context(), []ledger.Fact{good, nobody}), custody.ErrNotFound)
		wantEqual(t, len(value[[]ledger.Fact](t)(l.Facts(t.Context(), "D000"))), 0)
	},
}
