package ledgertest

import (
	"testing"
	"time"

	"github.com/padwarden/padwarden/server/custody"
	"github.com/padwarden/padwarden/server/ledger"
)

var trialCases = map[string]func(*testing.T, Fresh){
	"trials come as they were filed, the last first": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 2)
		wantEqual(t, len(value[[]ledger.Trial](t)(l.Trials(t.Context(), 10))), 0)
		first := ledger.Trial{ID: "a1", Device: "D000", Ward: "4B", Filed: Start, Body: `{"it's":"said <b>\\ ü 病   ?0 "}`}
		second := ledger.Trial{ID: "a0", Device: "D001", Ward: "4B", Filed: Start.Add(time.Hour), Body: "{}"}
		third := ledger.Trial{ID: "a2", Device: "D000", Ward: "4B", Filed: second.Filed, Body: `{"x":1}`}
		must(t, l.AddTrial(t.Context(), first))
		must(t, l.AddTrial(t.Context(), second))
		must(t, l.AddTrial(t.Context(), third))
		wantErr(t, l.AddTrial(t.Context(), first), custody.ErrConflict)
		wantEqual(t, value[[]ledger.Trial](t)(l.Trials(t.Context(), 10)), []ledger.Trial{second, third, first})
		wantEqual(t, value[[]ledger.Trial](t)(l.Trials(t.Context(), 1)), []ledger.Trial{second})
		wantEqual(t, len(value[[]ledger.Trial](t)(l.Trials(t.Context(), 0))), 0)
	},
	"a trial is of a device and a ward that are there": func(t *testing.T, fresh Fresh) {
		l, _ := fresh1(t, fresh, 1)
		wantErr(t, l.AddTrial(t.Context(), ledger.Trial{ID: "a", Device: "nobody", Ward: "4B", Filed: Start, Body: "{}"}), custody.ErrNotFound)
		wantErr(t, l.AddTrial(t.Context(), ledger.Trial{ID: "a", Device: "D000", Ward: "nowhere", Filed: Start, Body: "{}"}), custody.ErrNotFound)
		wantEqual(t, len(value[[]ledger.Trial](t)(l.Trials(t.Context(), 10))), 0)
	},
}
