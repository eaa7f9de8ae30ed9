package custody

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"
)

// history is a real device's, long enough to tamper with.
func history(t *testing.T) ([]Entry, string) {
	d := locked(t, kiosk)
	d.do(TakeOver{"b"})
	d.handOver("EraseDevice", true)
	d.acked()
	d.do(Authenticated{"cert-2"}, TokenUpdated{"cert-2", true})
	d.proven(GradeErased)
	if len(d.entries) < 10 {
		t.Fatalf("only %d entries", len(d.entries))
	}
	return d.entries, d.c.Head
}

func TestHistoryVerifies(t *testing.T) {
	entries, head := history(t)
	if i := VerifyChain(entries, head); i != -1 {
		t.Fatalf("entry %d breaks it", i)
	}
	if i := VerifyChain(nil, ""); i != -1 {
		t.Errorf("a device without a history: %d", i)
	}
	b, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	var stored []Entry
	if err := json.Unmarshal(b, &stored); err != nil {
		t.Fatal(err)
	}
	if i := VerifyChain(stored, head); i != -1 {
		t.Errorf("stored and read again, entry %d breaks it", i)
	}
}

// TestAlteringAnyByteIsDetected flips every byte of every string, every bit of
// every number, and moves every time by its smallest step.
func TestAlteringAnyByteIsDetected(t *testing.T) {
	entries, head := history(t)
	check := func(i int, what string, alter func(v reflect.Value)) {
		t.Helper()
		forged := slices.Clone(entries)
		alter(reflect.ValueOf(&forged[i]).Elem())
		if got := VerifyChain(forged, head); got != i {
			t.Errorf("%s of entry %d altered: VerifyChain says %d", what, i, got)
		}
	}
	for i, e := range entries {
		v := reflect.ValueOf(e)
		for f := range v.NumField() {
			name := v.Type().Field(f).Name
			switch field := v.Field(f).Interface().(type) {
			case time.Time:
				check(i, name, func(v reflect.Value) { v.Field(f).Set(reflect.ValueOf(field.Add(time.Nanosecond))) })
			case int64:
				for bit := range 63 {
					check(i, name, func(v reflect.Value) { v.Field(f).SetInt(field ^ 1<<bit) })
				}
			default:
				s := v.Field(f).String()
				for at := range len(s) {
					for _, flip := range []byte{1, 0x20, 0x80} {
						b := []byte(s)
						b[at] ^= flip
						check(i, name, func(v reflect.Value) { v.Field(f).SetString(string(b)) })
					}
				}
				check(i, name, func(v reflect.Value) { v.Field(f).SetString(s + " ") })
			}
		}
	}
}

func TestDroppingReorderingAndTruncatingIsDetected(t *testing.T) {
	entries, head := history(t)
	for i := range entries {
		if got := VerifyChain(slices.Delete(slices.Clone(entries), i, i+1), head); got != i {
			t.Errorf("entry %d dropped: VerifyChain says %d", i, got)
		}
		if got := VerifyChain(entries[:i], head); got != i {
			t.Errorf("cut after %d: VerifyChain says %d", i, got)
		}
		if got := VerifyChain(slices.Insert(slices.Clone(entries), i, entries[i]), head); got == -1 {
			t.Errorf("entry %d repeated: not seen", i)
		}
		for j := range i {
			swapped := slices.Clone(entries)
			swapped[i], swapped[j] = swapped[j], swapped[i]
			if got := VerifyChain(swapped, head); got != j {
				t.Errorf("entries %d and %d swapped: VerifyChain says %d", j, i, got)
			}
		}
	}
	extra := Entry{Device: entries[0].Device, Kind: KindClean, State: Clean}
	extra.Hash = Seal(head, extra)
	if got := VerifyChain(append(slices.Clone(entries), extra), head); got != len(entries)+1 {
		t.Errorf("a sealed entry appended: VerifyChain says %d", got)
	}
	resealed := slices.Clone(entries)
	resealed[3].Actor, resealed[3].Hash = "b", ""
	resealed[3].Hash = Seal(resealed[2].Hash, resealed[3])
	if got := VerifyChain(resealed, head); got != 4 {
		t.Errorf("an entry altered and sealed anew: VerifyChain says %d", got)
	}
}
